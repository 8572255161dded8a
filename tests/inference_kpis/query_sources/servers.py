"""A small server that answers the two kinds of query that sources ask, and sources that ask it."""

import json
import re
import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from django.test import override_settings

from inference_kpis.query_sources.asking import ask_claimed, claim_due
from inference_kpis.query_sources.models import QuerySource
from inference_kpis.query_sources.sampling import run_errand
from inference_kpis.readings.store import as_ms
from tests.inference_kpis.push.senders import Sent, scrape

LOOKBACK_MS = 300_000
GROUPING = re.compile(r"count by \(([^)]*)\)")
NODES = re.compile(r'__name__=~"([^"]*)", (\w+)=~"((?:[^"\\]|\\.)*)".*\[(\d+)s\]$')


@dataclass
class Prometheus:
    """What was scraped, and what it was asked; `body` and `status` replace what it would answer."""

    address: str = ""
    series: dict[tuple[tuple[str, str], ...], list[tuple[int, float]]] = field(default_factory=dict)
    asked: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)
    body: bytes | None = None
    status: int = 200
    # What the answers to the second kind of query are instead.
    samples_body: bytes | None = None
    # More series than these are refused, as a server does that has a limit.
    most_series: int = 10**6
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    def scrapes(self, node: str, body: bytes, at: datetime, *, job: str = "vllm", **labels: str) -> None:
        """Keep the series of one exposition at a moment, and that the node is up."""
        self.keeps(scrape(node, body, as_ms(at), job=job, **labels))

    def keeps(self, sent: Iterable[Sent]) -> None:
        for labels, samples in sent:
            kept = self.series.setdefault(tuple(sorted(labels.items())), [])
            kept += [(at_ms, value) for value, at_ms, _ in samples]

    def answer(self, query: str, at_ms: int) -> tuple[int, bytes]:
        if self.body is not None or self.status != 200:
            return self.status, self.body or b"{}"
        if found := GROUPING.search(query):
            result, kind = self._index(found[1].split(", "), at_ms), "vector"
        else:
            if self.samples_body is not None:
                return 200, self.samples_body
            result, kind = self._matrix(query, at_ms), "matrix"
            if len(result) > self.most_series:
                return 422, b'{"status":"error","errorType":"execution","error":"too many samples"}'
        data = {"resultType": kind, "result": result}
        return 200, json.dumps({"status": "success", "data": data, **self.more}).encode()

    def _index(self, by: list[str], at_ms: int) -> list[dict[str, Any]]:
        counts: dict[tuple[tuple[str, str], ...], int] = defaultdict(int)
        for key, samples in self.series.items():
            labels = dict(key)
            engine = labels["__name__"].partition(":")[0]
            if engine in {"vllm", "sglang"} and any(at_ms - LOOKBACK_MS < at <= at_ms for at, _ in samples):
                group = {label: labels[label] for label in by if label in labels}
                counts[tuple(sorted({**group, "vigie_engine": engine}.items()))] += 1
        return [{"metric": dict(key), "value": [at_ms / 1000, str(count)]} for key, count in counts.items()]

    def _matrix(self, query: str, at_ms: int) -> list[dict[str, Any]]:
        found = NODES.search(query)
        assert found, query
        names, label, nodes, seconds = found.groups()
        nodes = nodes.encode().decode("unicode_escape")
        start_ms = at_ms - int(seconds) * 1000
        result = []
        for key, samples in self.series.items():
            labels = dict(key)
            inside = [(at, value) for at, value in samples if start_ms < at <= at_ms]
            is_asked = re.fullmatch(names, labels["__name__"]) and re.fullmatch(nodes, labels.get(label, ""))
            if inside and is_asked:
                result.append({"metric": labels, "values": [[at / 1000, f"{value:g}"] for at, value in inside]})
        return result


@contextmanager
def serving() -> Iterator[Prometheus]:
    """A server on a free port of loopback, let through the guard by exact host and port."""
    prometheus = Prometheus()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            query = form["query"][0]
            prometheus.asked.append((query, dict(self.headers)))
            status, body = prometheus.answer(query, round(float(form["time"][0]) * 1000))
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Quietly."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    prometheus.address = f"127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        with override_settings(DEMO_ENDPOINTS=frozenset({prometheus.address})):
            yield prometheus
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def source_of(prometheus: Prometheus, **values: Any) -> QuerySource:
    """A source that asks this server, and makes the sites that its labels name."""
    defaults = {"name": "Prometheus", "url": prometheus.url, "may_create_sites": True, "interval_seconds": 60}
    return QuerySource.objects.create(**defaults | values)


def ask(source: QuerySource, now: datetime) -> QuerySource:
    """Let the background work ask this source at a moment; the source as it is afterwards."""
    QuerySource.objects.filter(pk=source.pk, is_on=True).update(next_ask_at=now)
    for claim in claim_due(now):
        for errand in ask_claimed(claim, now):
            run_errand(errand, now)
    return QuerySource.objects.get(pk=source.pk)
