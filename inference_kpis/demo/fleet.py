"""Running the demo nodes: one process each, watched, taken down and brought back as their plan says."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from inference_kpis.demo import load
from inference_kpis.demo.model import Model
from inference_kpis.demo.server import Inference, Stats, make_server

NICENESS = 10


def serve(nodes: Sequence[dict[str, Any]], path: Path) -> None:
    """Keep every node's process running until asked to stop."""
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    watched = [_Watched(node, path) for node in nodes]
    try:
        while not stopping.wait(0.2):
            now = time.monotonic()
            for each in watched:
                each.look(now)
    finally:
        for each in watched:
            each.kill()


class _Watched:
    """One node's process. `outage` seconds after its start it is killed and stays away; `restart` seconds, only killed."""

    def __init__(self, node: dict[str, Any], path: Path) -> None:
        self.node, self.path = node, path
        self.process: subprocess.Popen[bytes] | None = None
        self.start_at = 0.0
        self.kill_at = float("inf")

    def look(self, now: float) -> None:
        if self.process is not None and self.process.poll() is not None:
            self.process = None
        if self.process is None and now >= self.start_at:
            command = [sys.executable, "-m", "inference_kpis.demo", "node", "--file", str(self.path)]
            self.process = subprocess.Popen([*command, "--name", self.node["name"]], stdin=subprocess.PIPE)
            self.kill_at = now + (self.node.get("outage") or self.node.get("restart") or float("inf"))
        elif self.process is not None and now >= self.kill_at:
            self.kill()
            self.start_at = now + self.node.get("away", 0)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


def serve_node(node: dict[str, Any]) -> None:
    """Serve one node until its standard input closes, which is when its parent ends."""
    with contextlib.suppress(OSError):
        os.nice(NICENESS)
    port = urlsplit(node["url"]).port or 0
    stats = Stats(node["model"])
    inference = Inference(Model(node["width"]), stats)
    server = make_server(node["engine"], port, inference, distance_ms=node.get("distance_ms", 0))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    load.start(server.server_port, node["clients"], node.get("thinking", 1.0))
    sys.stdin.buffer.read()
