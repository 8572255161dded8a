"""One demo server: queues requests, serves a few at a time, and counts what it really did."""

import json
import random
import threading
import time
from bisect import bisect_left
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from inference_kpis.demo import expositions
from inference_kpis.demo.model import Model, TooLong

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
        """Serve one request, timed from its arrival. Raises `TooLong`, which counts as a failed request."""
        stats, arrived = self.stats, time.perf_counter()
        with stats.lock:
            stats.waiting += 1
        with self.slots:
            begun = time.perf_counter()
            with stats.lock:
                stats.waiting -= 1
                stats.running += 1
                stats.cached_tokens += len(prompt) + tokens
            text, moments, reason = "", [begun], "error"
            try:
                for char in self.model.generate(prompt, tokens, random.Random()):
                    moments.append(time.perf_counter())
                    text += char
                reason = "stop"
            finally:
                self._finish(reason, prompt, tokens, arrived, moments)
        return text

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


def make_server(engine: str, port: int, inference: Inference) -> ThreadingHTTPServer:
    """An HTTP server with `/metrics` and `/v1/completions` on loopback; port 0 takes any."""
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
            try:
                text = inference.complete(asked["prompt"], asked["max_tokens"])
            except TooLong:
                self._answer(500, b'{"error": "too many tokens"}', "application/json")
                return
            self._answer(200, json.dumps({"text": text}).encode(), "application/json")

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
