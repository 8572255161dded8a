"""A real Prometheus, out of Debian's package or from the path, and a small inference server that it scrapes."""

import json
import socket
import subprocess
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from config.launcher.bootstrap import find_prometheus
from tests.inference_kpis.expositions import vllm


def until(is_so: Callable[[], bool], what: str, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, f"{what} did not come about"
        time.sleep(0.1)


class Server(ThreadingHTTPServer):
    """A small inference server: each look at its metrics finds 17 more requests, until it has no more to do."""

    requests = 1000
    looks = 0
    most_looks = 6

    def exposition(self) -> bytes:
        self.looks += 1
        if self.looks <= self.most_looks:
            self.requests += 17
        return vllm(self.requests, failed=3, waiting=2, started_at=1.0)


class Metrics(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        body = self.server.exposition()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def serving() -> Iterator[Server]:
    """The inference server on a free port of loopback."""
    server = Server(("127.0.0.1", 0), Metrics)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def prometheus(folder: Path, configuration: str) -> Iterator[str]:
    """A Prometheus of our own with its data in the folder, what is there already included; its URL."""
    program = find_prometheus()
    assert program, "There is no Prometheus. `make test` fetches it on Debian; elsewhere put it on the path."
    (folder / "prometheus.yml").write_text(configuration)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    command = [
        program,
        f"--config.file={folder}/prometheus.yml",
        f"--storage.tsdb.path={folder}/data",
        f"--web.listen-address={address}",
    ]
    with (folder / "log").open("w") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            until(lambda: _is_ready(address), "Prometheus")
            yield f"http://{address}"
        finally:
            process.terminate()
            process.wait(timeout=20)


def _is_ready(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://{address}/-/ready", timeout=5):
            return True
    except OSError:
        return False


def ask(address: str, query: str, at: datetime | None = None) -> list[dict[str, Any]]:
    """The result of a query at a moment, now unless said."""
    moment = {"time": at.timestamp()} if at else {}
    url = f"{address}/api/v1/query?{urlencode({'query': query, **moment})}"
    with urllib.request.urlopen(url, timeout=5) as answer:
        return json.load(answer)["data"]["result"]


def grown(address: str, series: str) -> int:
    """What Prometheus saw these counters grow by: last minus first, for there was no reset."""
    found = ask(address, f"{series}[1h]")
    return sum(int(float(each["values"][-1][1]) - float(each["values"][0][1])) for each in found)
