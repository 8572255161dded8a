"""The product's own web server on the benchmark's database, and bodies posted to it one after the other."""

import os
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

from django.db import connection

from bench.database import DATA_DIR
from config.launcher.places import ROOT
from config.launcher.processes import wait_until
from config.launcher.servers import Folders

START_SECONDS = 30


@contextmanager
def serving(log: Path) -> Iterator[tuple[int, int]]:
    """As `make run` starts it, with the database of the current connection; its process id and port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        "VIGIE_ENVIRONMENT": "development",
        "DATABASE_URL": Folders.of(DATA_DIR).database_url(str(connection.settings_dict["NAME"])),
    }
    command = [
        *(sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port)),
        *("--workers", "1", "--blocking-threads", "4", "--no-ws", "--log-level", "warning", "config.wsgi:application"),
    ]
    with (
        log.open("wb") as out,
        subprocess.Popen(command, cwd=ROOT, env=environment, stdout=out, stderr=out) as process,
    ):
        try:
            if not wait_until(lambda: process.poll() is not None or _answers(port), START_SECONDS):
                raise RuntimeError(f"The web server did not start: {log.read_text()[-500:]}")
            yield process.pid, port
        finally:
            process.terminate()


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def post(to: HTTPConnection, path: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
    """Status and answer to a body. Raises RuntimeError when the server did not take it, be it in part."""
    to.request("POST", path, body, dict(headers))
    answer = to.getresponse()
    said = answer.read()
    if answer.status not in {200, 204, 400}:
        raise RuntimeError(f"{path} answered {answer.status}: {said[:300]!r}")
    return answer.status, said
