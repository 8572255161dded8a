"""A registry that serves a target list over HTTP on loopback, and sources that read it."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from django.test import override_settings

from inference_kpis.discovery.models import DiscoverySource
from inference_kpis.discovery.refreshing import claim_due, refresh_claimed


@dataclass
class Registry:
    """What it answers with, and the headers that it was asked with."""

    address: str = ""
    body: bytes = b"[]"
    status: int = 200
    content_type: str = "application/json"
    asked: list[Mapping[str, str]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://{self.address}/sd"

    def lists(self, *groups: object) -> None:
        self.status, self.content_type, self.body = 200, "application/json", json.dumps(groups).encode()

    def lists_nodes(self, count: int, **labels: str) -> None:
        """One vLLM server after the other, at 10.0.1.1 and up."""
        self.lists(*(group(f"10.0.1.{number + 1}:8000", **labels) for number in range(count)))


def group(*targets: str, **labels: str) -> dict[str, Any]:
    return {"targets": list(targets), "labels": {"site": "lyon", **labels}}


@contextmanager
def serving() -> Iterator[Registry]:
    """A registry on a free port of loopback, let through the guard by exact host and port."""
    registry = Registry()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            registry.asked.append(dict(self.headers))
            self.send_response(registry.status)
            self.send_header("Content-Type", registry.content_type)
            self.send_header("Content-Length", str(len(registry.body)))
            self.end_headers()
            self.wfile.write(registry.body)

        def log_message(self, *_: object) -> None:
            """Quietly."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    registry.address = f"127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        with override_settings(DEMO_ENDPOINTS=frozenset({registry.address})):
            yield registry
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def source_of(registry: Registry, **values: Any) -> DiscoverySource:
    """A source that follows this registry and is due."""
    defaults = {"name": "Registry", "url": registry.url, "is_on": True, "may_create_sites": True}
    return DiscoverySource.objects.create(**defaults | values)


def refresh(source: DiscoverySource, now: datetime) -> DiscoverySource:
    """Let the background work refresh this source at a moment; the source as it is afterwards."""
    DiscoverySource.objects.filter(pk=source.pk).update(next_refresh_at=now)
    for claim in claim_due(now):
        refresh_claimed(claim, now)
    return DiscoverySource.objects.get(pk=source.pk)
