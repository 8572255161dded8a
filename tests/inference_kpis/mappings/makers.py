"""A server that no engine knows, and mappings of its series."""

from datetime import UTC, datetime
from typing import Any

from inference_kpis.engines.mapping import Condition, Content, Row
from inference_kpis.fleet.models import Node
from inference_kpis.mappings.models import NodeMapping, SeriesMapping
from inference_kpis.mappings.saving import save_mapping
from tests.factories import NodeFactory

REQUESTS = Row("requests", "acme_served_requests_total", "counter", "count")
FAILED = Row(
    "failed_requests", "acme_served_requests_total", "counter", "count", conditions=(Condition("status", ("5xx",)),)
)
LATENCY = Row("e2e_latency", "acme_request_latency_milliseconds", "histogram", "millisecond")
QUEUE = Row("queue_depth", "acme_queue_length", "gauge", "count")
ACME = Content((REQUESTS, FAILED, LATENCY, QUEUE), ("model",))


def acme(requests: int, *, name: str = "acme_served_requests_total", milliseconds: int = 200) -> bytes:
    """What the server shows after so many requests, of which a tenth failed."""
    lines = [
        f'{name}{{model="llama",status="200"}} {requests - requests // 10}',
        f'{name}{{model="llama",status="503"}} {requests // 10}',
        f'acme_request_latency_milliseconds_bucket{{model="llama",le="250"}} {requests // 2}',
        f'acme_request_latency_milliseconds_bucket{{model="llama",le="+Inf"}} {requests}',
        f'acme_request_latency_milliseconds_sum{{model="llama"}} {requests * milliseconds}',
        f'acme_request_latency_milliseconds_count{{model="llama"}} {requests}',
        'acme_queue_length{model="llama",worker="0"} 2',
        'acme_queue_length{model="llama",worker="1"} 4',
    ]
    return ("\n".join(lines) + "\n").encode()


def a_mapping(name: str = "Acme", content: Content = ACME) -> SeriesMapping:
    """A saved mapping in its first version."""
    return save_mapping(SeriesMapping(name=name), content, seen_version=0, by=None, now=datetime.now(UTC))


def changed(mapping: SeriesMapping, *rows: Row, model_labels: tuple[str, ...] = ("model",)) -> None:
    """The mapping in its next version."""
    content = Content(rows, model_labels)
    save_mapping(mapping, content, seen_version=mapping.version, by=None, now=datetime.now(UTC))


def mapped_node(mapping: SeriesMapping, **values: Any) -> Node:
    """A node that is read with this mapping."""
    node: Node = NodeFactory(engine="generic", **values)
    NodeMapping.objects.create(node=node, mapping=mapping)
    return node
