"""A server on loopback that misbehaves in every way we could think of, one path each; `/good` is how it should be."""

import gzip
import socket
import ssl
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingTCPServer
from tempfile import TemporaryDirectory

from tests.inference_kpis.certificates import Authority, Issued
from tests.inference_kpis.expositions import vllm

Write = Callable[["Conversation"], None]
# How long a server that stalls goes on, unless its test ends before.
END = threading.Event()


class Conversation:
    """One connection after its request was read."""

    def __init__(self, connection: socket.socket, requests: int) -> None:
        self.connection = connection
        self.requests = requests

    def send(self, content: bytes) -> None:
        self.connection.sendall(content)

    def answer(self, body: bytes, *headers: str, status: str = "200 OK", length: int | None = None) -> None:
        lines = [f"HTTP/1.1 {status}", "Content-Type: text/plain", *headers]
        if not any(header.startswith("Transfer-Encoding") for header in headers):
            lines.append(f"Content-Length: {len(body) if length is None else length}")
        self.send("\r\n".join([*lines, "", ""]).encode() + body)

    def open_end(self) -> None:
        self.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")


def good(to: Conversation) -> None:
    to.answer(vllm(to.requests))


def plain(body: bytes, *headers: str, status: str = "200 OK", length: int | None = None) -> Write:
    return lambda to: to.answer(body, *headers, status=status, length=length)


def endless(to: Conversation) -> None:
    to.open_end()
    while True:
        to.send(b'vllm:request_success_total{model_name="m"} 1\n' * 1000)


def dripping(to: Conversation) -> None:
    to.open_end()
    while not END.wait(0.05):
        to.send(b"v")


def endless_headers(to: Conversation) -> None:
    to.send(b"HTTP/1.1 200 OK\r\n")
    number = 0
    while True:
        to.send(b"X-%d: y\r\n" % number)
        number += 1


def silent(to: Conversation) -> None:
    END.wait(60)


def bomb(to: Conversation) -> None:
    deflate = zlib.compressobj(9, wbits=16 + zlib.MAX_WBITS)
    block = bytes(1024 * 1024)
    to.answer(b"".join(deflate.compress(block) for _ in range(64)) + deflate.flush(), "Content-Encoding: gzip")


def series(count: int) -> bytes:
    return b"".join(b'vllm:request_success_total{model_name="m",i="%d"} 1\n' % number for number in range(count))


def million(to: Conversation) -> None:
    to.answer(series(1_000_000))


def histogram(*counts: str) -> bytes:
    bounds = ("0.3", "1.0", "+Inf")
    lines = (
        f'vllm:e2e_request_latency_seconds_bucket{{model_name="m",le="{le}"}} {count}'
        for le, count in zip(bounds, counts, strict=True)
    )
    return vllm(5, model="other") + ("\n".join(lines) + "\n").encode()


def not_a_number() -> bytes:
    return b"".join(line.rpartition(b" ")[0] + b" NaN\n" for line in vllm(5).splitlines())


PATHS: dict[str, Write] = {
    "good": good,
    "endless": endless,
    "dripping": dripping,
    "silent": silent,
    "endless-headers": endless_headers,
    "hangs-up": lambda to: None,
    "bomb": bomb,
    "brotli": plain(vllm(5), "Content-Encoding: br"),
    "deflate": plain(zlib.compress(vllm(5)), "Content-Encoding: deflate"),
    "gzip-twice": plain(gzip.compress(gzip.compress(vllm(5))), "Content-Encoding: gzip, gzip"),
    "million": million,
    "many-samples": plain(series(60_000)),
    "long-label": plain(b'vllm:request_success_total{model_name="%s"} 1\n' % (b"x" * 100_000)),
    "many-labels": plain(
        b"vllm:request_success_total{%s} 1\n" % b",".join(b'l%d="x"' % number for number in range(1000))
    ),
    "loop": plain(b"", "Location: /loop", status="302 Found"),
    "other-origin": plain(b"", "Location: http://localhost:8000/good", status="301 Moved Permanently"),
    "other-port": plain(b"", "Location: http://127.0.0.1:1/metrics", status="307 Temporary Redirect"),
    "too-short": plain(vllm(5), length=100_000),
    "negative-length": plain(vllm(5), length=-5),
    "two-lengths": plain(vllm(5), "Content-Length: 3"),
    "broken-chunks": plain(b"zz\r\nvllm\r\n0\r\n\r\n", "Transfer-Encoding: chunked"),
    "endless-chunk": plain(b"ffffffff\r\nvllm", "Transfer-Encoding: chunked"),
    "many-headers": plain(vllm(5), *(f"X-{number}: y" for number in range(10_000))),
    "long-header": plain(vllm(5), f"X-Long: {'y' * 1_000_000}"),
    "no-http": lambda to: to.send(b"SSH-2.0-OpenSSH_9.2\r\n"),
    "html": plain(b"<!DOCTYPE html><html><body><script>alert(1)</script></body></html>"),
    "json": plain(b'{"status": "ok"}'),
    "empty": plain(b""),
    "other-engine": plain(b"up 1\n"),
    "error": plain(b"<script>alert(1)</script>", status="500 <script>"),
    "nan": plain(not_a_number()),
    "negative-buckets": plain(histogram("-1", "2", "3")),
    "falling-buckets": plain(histogram("5", "2", "3")),
    "no-infinity": plain(histogram("1", "2", "3").replace(b"+Inf", b"2.0")),
    "twice": plain(vllm(5) + vllm(5)),
    "long-model": plain(vllm(5) + vllm(5, model="x" * 300)),
    "stale": plain(b"".join(line + b" 1000\n" for line in vllm(5).splitlines())),
}


class Handler(BaseRequestHandler):
    server: "Server"

    def handle(self) -> None:
        # The client hangs up on what it has seen enough of.
        with suppress(OSError):
            connection = self.server.wrapped(self.request)
            head = b""
            while b"\r\n\r\n" not in head:
                received = connection.recv(65536)
                if not received:
                    return
                head += received
                if head.startswith(b"\x16\x03"):
                    # Somebody speaks TLS to a server that does not.
                    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                    return
            path = head.split(b" ", 2)[1].decode().lstrip("/")
            PATHS[path](Conversation(connection, self.server.requests))
            with suppress(OSError):
                connection.shutdown(socket.SHUT_WR)
                # Closing with unread input would reset the connection and what was sent with it.
                connection.settimeout(5)
                connection.recv(1)
            connection.close()


class Server(ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128
    requests = 0

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.context = context
        self.port: int = self.server_address[1]

    def wrapped(self, connection: socket.socket) -> socket.socket:
        return self.context.wrap_socket(connection, server_side=True) if self.context else connection


def server_context(issued: Issued, clients_of: Authority | None = None) -> ssl.SSLContext:
    """What a server shows; with `clients_of`, it asks for a client certificate that this authority vouches for."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "server.pem"
        path.write_text(issued.certificate + issued.key)
        context.load_cert_chain(path)
    if clients_of:
        context.load_verify_locations(cadata=clients_of.pem)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


@contextmanager
def serving(context: ssl.SSLContext | None = None) -> Iterator[Server]:
    """The server, until the test is over."""
    END.clear()
    with Server(context) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        try:
            yield server
        finally:
            END.set()
            server.shutdown()
