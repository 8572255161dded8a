"""One demo server: queues requests, serves a few at a time, and counts what it really did."""

import contextlib
import json
import random
import threading
import time
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from inference_kpis.demo import expositions
from inference_kpis.demo.model import LONGEST_OUTPUT, Model, TooLong

SLOTS = 2
CACHE_TOKENS = 400


@dataclass
class Histogram:
    bounds: tuple[float, ...]
    counts: list[int] = field(default_factory=list)
    sum: float = 0.0

    def __post_init__(self) -> None:
        self.counts = [0] * (len(self.bounds) + 1)

    def observe(self, value: float) -> None:
        self.counts[bisect_left(self.bounds, value)] += 1
        self.sum += value


class Stats:
    """What a server counted since it started; read and written under one lock."""

    def __init__(self, model_name: str) -> None:
        self.model_name = model_name
        self.lock = threading.Lock()
        self.started_at = time.time()
        self.finished = {"stop": 0, "error": 0}
        self.prompt_tokens = self.output_tokens = 0
        self.waiting = self.running = self.cached_tokens = 0
        self.request_seconds = self.queue_seconds = 0.0
        self.e2e = Histogram(expositions.VLLM_REQUEST_BOUNDS)
        self.first_token = Histogram(expositions.VLLM_FIRST_TOKEN_BOUNDS)
        self.inter_token = Histogram(expositions.VLLM_INTER_TOKEN_BOUNDS)
        self.queue = Histogram(expositions.VLLM_REQUEST_BOUNDS)
        self.http = Histogram(expositions.GENERIC_BOUNDS)

    @property
    def cache_share(self) -> float:
        return min(self.cached_tokens / CACHE_TOKENS, 1.0)


class Inference:
    """The model behind its queue."""

    def __init__(self, model: Model, stats: Stats) -> None:
        self.model, self.stats = model, stats
        self.slots = threading.Semaphore(SLOTS)

    def complete(self, prompt: str, tokens: int) -> str:
        """Serve one request. Raises `TooLong`, which counts as a failed request."""
        return "".join(self.stream(prompt, tokens))

    def stream(self, prompt: str, tokens: int) -> Iterator[str]:
        """Serve one request token by token, timed from its arrival. Raises `TooLong` before the first one."""
        stats, arrived = self.stats, time.perf_counter()
        with stats.lock:
            stats.waiting += 1
        with self.slots:
            begun = time.perf_counter()
            with stats.lock:
                stats.waiting -= 1
                stats.running += 1
                stats.cached_tokens += len(prompt) + tokens
            moments, reason = [begun], "error"
            try:
                for char in self.model.generate(prompt, tokens, random.Random()):
                    moments.append(time.perf_counter())
                    yield char
                reason = "stop"
            finally:
                self._finish(reason, prompt, tokens, arrived, moments)

    def _finish(self, reason: str, prompt: str, tokens: int, arrived: float, moments: list[float]) -> None:
        stats, done = self.stats, time.perf_counter()
        with stats.lock:
            stats.running -= 1
            stats.cached_tokens -= len(prompt) + tokens
            stats.finished[reason] += 1
            stats.request_seconds += done - arrived
            stats.queue_seconds += moments[0] - arrived
            stats.e2e.observe(done - arrived)
            stats.http.observe(done - arrived)
            stats.queue.observe(moments[0] - arrived)
            stats.prompt_tokens += len(prompt)
            stats.output_tokens += len(moments) - 1
            if len(moments) > 1:
                stats.first_token.observe(moments[1] - arrived)
            for before, after in zip(moments[1:], moments[2:], strict=False):
                stats.inter_token.observe(after - before)


def make_server(engine: str, port: int, inference: Inference, *, distance_ms: int = 0) -> ThreadingHTTPServer:
    """An HTTP server with `/metrics`, `/v1/completions` and `/v1/chat/completions` on loopback; port 0 takes any.

    `distance_ms` stands for the way there and back, which a chat request to a server far away takes; loopback has none.
    """
    render = expositions.RENDER[engine]

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if self.path != "/metrics":
                self._answer(404, b"not found\n", "text/plain")
                return
            with inference.stats.lock:
                body = render(inference.stats).encode()
            self._answer(200, body, "text/plain; version=0.0.4; charset=utf-8")

        def do_POST(self) -> None:
            asked: dict[str, Any] = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if self.path == "/v1/chat/completions":
                self._chat(asked)
                return
            try:
                text = inference.complete(asked["prompt"], asked["max_tokens"])
            except TooLong:
                self._answer(500, b'{"error": "too many tokens"}', "application/json")
                return
            self._answer(200, json.dumps({"text": text}).encode(), "application/json")

        def _chat(self, asked: dict[str, Any]) -> None:
            """The answer as a stream of events, as servers of language models have it; the connection ends with it."""
            time.sleep(distance_ms * random.uniform(0.9, 1.3) / 1000)
            prompt, tokens = str(asked["messages"][-1]["content"])[:200], min(int(asked["max_tokens"]), LONGEST_OUTPUT)
            self.close_connection = True
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Connection", "close")
            self.end_headers()
            # Somebody who has heard enough hangs up.
            with contextlib.suppress(ConnectionError):
                for char in inference.stream(prompt, tokens):
                    self._event({"choices": [{"index": 0, "delta": {"content": char}, "finish_reason": None}]})
                self._event({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
                self.wfile.write(b"data: [DONE]\n\n")

        def _event(self, said: dict[str, Any]) -> None:
            self.wfile.write(b"data: " + json.dumps(said).encode() + b"\n\n")

        def _answer(self, status: int, body: bytes, content_type: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """A demo needs no access log."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 64

    return Server(("127.0.0.1", port), Handler)
