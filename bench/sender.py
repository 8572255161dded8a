"""What a real Prometheus sends: it scrapes the bench's servers and writes on to here, where its requests are kept."""

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from bench import prometheus
from inference_kpis.protocols import remote_write
from inference_kpis.protocols.remote_write import Version

INTERVAL_SECONDS = 2
MOST_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True)
class Request:
    """One request as it came, and how many samples it holds."""

    body: bytes
    headers: Mapping[str, str]
    samples: int


class Sink(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Keeping)
        self.kept: list[tuple[bytes, Mapping[str, str]]] = []


class Keeping(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Sink

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        wanted = ("Content-Type", "Content-Encoding", "X-Prometheus-Remote-Write-Version", "User-Agent")
        self.server.kept.append((body, {name: self.headers[name] for name in wanted if self.headers[name]}))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def record(folder: Path, address: str, paths: Sequence[str], scrapes: int) -> list[Request]:
    """The requests about so many scrapes of each path, in the order in which they came."""
    sink = Sink()
    threading.Thread(target=sink.serve_forever, daemon=True).start()
    try:
        url = f"http://127.0.0.1:{sink.server_port}/write"
        with prometheus.running(folder, prometheus.scraping(address, paths, INTERVAL_SECONDS, url)):
            time.sleep(INTERVAL_SECONDS * (scrapes + 1))
    finally:
        sink.shutdown()
        sink.server_close()
    return [_counted(body, headers) for body, headers in sink.kept]


def _counted(body: bytes, headers: Mapping[str, str]) -> Request:
    message = remote_write.decompress(body, MOST_BYTES)
    return Request(body, headers, len(remote_write.decode(message, Version.ONE)))
