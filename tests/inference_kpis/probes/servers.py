"""A server on loopback that is asked by probes: one path a behaviour, below it the endpoint of chat; what it was asked."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from django.test import override_settings

Request = BaseHTTPRequestHandler
# Ends what would never end.
END = threading.Event()


def event(said: Any) -> bytes:
    return b"data: " + json.dumps(said).encode() + b"\n\n"


def token(text: str = "yes") -> bytes:
    return event({"choices": [{"delta": {"content": text}, "finish_reason": None}]})


STOP = event({"choices": [{"delta": {}, "finish_reason": "stop"}]})
DONE = b"data: [DONE]\n\n"


def stream(*parts: bytes, content_type: str = "text/event-stream", pause: float = 0.0) -> Callable[[Request], None]:
    """An answer in these parts, each after a pause; the connection ends with it."""

    def answer(to: Request) -> None:
        to.send_response(200)
        to.send_header("Content-Type", content_type)
        to.end_headers()
        for part in parts:
            time.sleep(pause)
            to.wfile.write(part)

    return answer


def plain(status: int, body: bytes = b"", **headers: str) -> Callable[[Request], None]:
    def answer(to: Request) -> None:
        to.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            to.send_header(name, value)
        to.end_headers()
        to.wfile.write(body)

    return answer


def endless(to: Request) -> None:
    stream()(to)
    while True:
        to.wfile.write(token() * 100)


def endless_line(to: Request) -> None:
    stream(b"data: ")(to)
    while True:
        to.wfile.write(b"x" * 4096)


def endless_event(to: Request) -> None:
    stream()(to)
    while True:
        to.wfile.write(b"data:\n" * 1000)


def dripping(to: Request) -> None:
    stream()(to)
    while not END.wait(0.02):
        to.wfile.write(b":\n\n")


def silent(to: Request) -> None:
    END.wait(30)


def error_in_stream(to: Request) -> None:
    stream(token(), event({"error": {"message": "<script>alert(1)</script>"}}), DONE)(to)


PATHS: dict[str, Callable[[Request], None]] = {
    "good": stream(event({"choices": [{"delta": {"role": "assistant"}}]}), token(), token("."), STOP, DONE),
    "slow": stream(event({"choices": [{"delta": {"role": "assistant"}}]}), token(), STOP, DONE, pause=0.03),
    "endless": endless,
    "endless-line": endless_line,
    "endless-event": endless_event,
    "dripping": dripping,
    "silent": silent,
    "html": stream(b"<html>", content_type="text/html"),
    "not-json": stream(b"data: yes\n\n", DONE),
    "not-an-object": stream(b"data: [1]\n\n", DONE),
    "deep": stream(b"data: " + b"[" * 60_000 + b"\n\n", DONE),
    "no-token": stream(event({"choices": [{"delta": {"role": "assistant"}}]}), STOP, DONE),
    "cut": stream(token()),
    "error-in-stream": error_in_stream,
    "broken": plain(500, b"no"),
    "refused": plain(401),
    "here": plain(307, Location="/good/v1/chat/completions"),
    "loop": plain(307, Location="/loop/v1/chat/completions"),
    "elsewhere": plain(307, Location="http://127.0.0.1:1/v1/chat/completions"),
    "looks": plain(302, Location="/good/v1/chat/completions"),
    "page": plain(200, b"hello"),
    "moved": plain(301, Location="/page"),
    "huge": plain(200, b"x" * (2 * 1024 * 1024)),
}


@dataclass
class Server:
    address: str = ""
    asked: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)

    def url(self, behaviour: str) -> str:
        return f"http://{self.address}/{behaviour}"


@contextmanager
def serving() -> Iterator[Server]:
    """The server on a free port of loopback, let through the guard by exact host and port."""
    here = Server()
    END.clear()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            here.asked.append((self.command, self.path, dict(self.headers), body))
            # The client hangs up on what it has seen enough of.
            with suppress(OSError):
                PATHS[self.path.split("/")[1]](self)

        do_GET = do_POST = answer

        def log_message(self, *_: object) -> None:
            """Quietly."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    here.address = f"127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        with override_settings(DEMO_ENDPOINTS=frozenset({here.address})):
            yield here
    finally:
        END.set()
        server.shutdown()
        server.server_close()
        thread.join()
