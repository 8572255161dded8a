"""What senders send, written byte by byte after the published formats, apart from the code that reads it."""

import struct
from collections.abc import Iterable, Mapping
from typing import Any

import cramjam
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1 import metrics_pb2

STALE = struct.unpack("<d", struct.pack("<Q", 0x7FF0000000000002))[0]
Labels = Mapping[str, str]
# A series: its labels, name included, and its samples as value, time and start time in milliseconds.
Sent = tuple[Labels, list[tuple[float, int, int]]]
CONTENT_TYPES = {
    1: "application/x-protobuf",
    2: "application/x-protobuf;proto=io.prometheus.write.v2.Request",
}


def varint(value: int) -> bytes:
    value &= 2**64 - 1
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def field(number: int, value: bytes | int | float) -> bytes:
    if isinstance(value, bytes):
        return varint(number << 3 | 2) + varint(len(value)) + value
    if isinstance(value, float):
        return varint(number << 3 | 1) + struct.pack("<d", value)
    return varint(number << 3) + varint(value)


def sample(value: float, at_ms: int, start_ms: int = 0) -> bytes:
    return field(1, float(value)) + field(2, at_ms) + (field(3, start_ms) if start_ms else b"")


def write_one(series: Iterable[Sent], histograms: Iterable[tuple[Labels, bytes]] = ()) -> bytes:
    """A WriteRequest of 1.0."""
    body = b""
    for labels, samples in series:
        body += field(1, _labels(labels) + b"".join(field(2, sample(v, t)) for v, t, _ in samples))
    for labels, histogram in histograms:
        body += field(1, _labels(labels) + field(4, histogram))
    return body


def _labels(labels: Labels) -> bytes:
    return b"".join(
        field(1, field(1, name.encode()) + field(2, value.encode())) for name, value in sorted(labels.items())
    )


def write_two(series: Iterable[Sent]) -> bytes:
    """A Request of 2.0, whose labels are references into one table of symbols."""
    symbols = [""]
    body = b""
    for labels, samples in series:
        references = []
        for text in (text for pair in sorted(labels.items()) for text in pair):
            if text not in symbols:
                symbols.append(text)
            references.append(symbols.index(text))
        packed = b"".join(map(varint, references))
        body += field(5, field(1, packed) + b"".join(field(2, sample(*each)) for each in samples))
    return b"".join(field(4, symbol.encode()) for symbol in symbols) + body


def snappy(message: bytes) -> bytes:
    return bytes(cramjam.snappy.compress_raw(message))


def scrape(node: str, body: bytes, at_ms: int, *, job: str = "vllm", up: float = 1, **more: str) -> list[Sent]:
    """The series that a Prometheus makes of an exposition, and the `up` it adds."""
    target = {"instance": node, "job": job, **more}
    found: list[Sent] = []
    for line in body.decode().splitlines():
        text, _, value = line.rpartition(" ")
        name, _, rest = text.partition("{")
        labels = dict(pair.split("=", 1) for pair in rest.rstrip("}").split(",")) if rest else {}
        labels = {key: value.strip('"') for key, value in labels.items()}
        found.append(({"__name__": name, **labels, **target}, [(float(value), at_ms, 0)]))
    return [*found, ({"__name__": "up", **target}, [(up, at_ms, 0)])]


def gone(series: Iterable[Sent], at_ms: int) -> list[Sent]:
    """What Prometheus sends of a scrape that failed: the end of each series, and `up` as 0."""
    return [(labels, [(0.0 if labels["__name__"] == "up" else STALE, at_ms, 0)]) for labels, _ in series]


# --- OTLP ------------------------------------------------------------------------------------------------------------

NS = 1_000_000


def export(*metrics: metrics_pb2.Metric, node: str = "lyon-03", service: str = "app") -> ExportMetricsServiceRequest:
    request = ExportMetricsServiceRequest()
    found = request.resource_metrics.add()
    for key, value in (("service.name", service), ("service.instance.id", node)):
        found.resource.attributes.add(key=key).value.string_value = value
    found.scope_metrics.add().metrics.extend(metrics)
    return request


def counter(
    name: str,
    value: float,
    start_ms: int,
    at_ms: int,
    *,
    temporality: int = 2,
    attributes: Labels | None = None,
    monotonic: bool = True,
) -> metrics_pb2.Metric:
    metric = metrics_pb2.Metric(name=name)
    metric.sum.aggregation_temporality = temporality  # type: ignore[assignment]
    metric.sum.is_monotonic = monotonic
    point = metric.sum.data_points.add(as_double=value, start_time_unix_nano=start_ms * NS, time_unix_nano=at_ms * NS)
    _attributes(point, attributes)
    return metric


def gauge(name: str, value: int, at_ms: int) -> metrics_pb2.Metric:
    metric = metrics_pb2.Metric(name=name)
    metric.gauge.data_points.add(as_int=value, time_unix_nano=at_ms * NS)
    return metric


def histogram(
    name: str, bounds: list[float], counts: list[int], total: float, start_ms: int, at_ms: int, *, temporality: int = 2
) -> metrics_pb2.Metric:
    metric = metrics_pb2.Metric(name=name, unit="s")
    metric.histogram.aggregation_temporality = temporality  # type: ignore[assignment]
    metric.histogram.data_points.add(
        start_time_unix_nano=start_ms * NS,
        time_unix_nano=at_ms * NS,
        count=sum(counts),
        sum=total,
        bucket_counts=counts,
        explicit_bounds=bounds,
    )
    return metric


def _attributes(point: Any, attributes: Labels | None) -> None:
    for key, value in (attributes or {}).items():
        point.attributes.add(key=key).value.string_value = value
