"""OTLP/HTTP metrics, protocol buffers or JSON → points.

Messages are opened level by level, so that what they hold is counted before it is built. Names, units and attributes
become what Prometheus makes of them: `gen_ai.server.request.duration` in seconds is the series that an engine knows as
`gen_ai_server_request_duration_seconds`. Of the resource, `service.instance.id` is kept as `instance` and
`service.name` as `job`.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from google.protobuf import json_format
from google.protobuf.message import DecodeError, Message
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.metrics.v1 import metrics_pb2
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

from inference_kpis.protocols import wire
from inference_kpis.protocols.exposition import Limits
from inference_kpis.protocols.points import (
    DEFAULT_LIMITS,
    Buckets,
    Point,
    Series,
    buckets_of,
    exponential,
    number,
    sorted_labels,
)
from inference_kpis.protocols.wire import Malformed, TooMuch

DELTA, CUMULATIVE = 1, 2
NO_RECORDED_VALUE = 1
MOST_POINT_BYTES = 256 * 1024
MOST_BUCKETS = 2000
NS_PER_MS = 1_000_000
NOWHERE = Series("", ())
RESOURCE_LABELS = {"service.instance.id": "instance", "service.name": "job"}

# The kinds of metric: field number and name in `Metric`, and the message of a point.
KINDS: dict[int, tuple[str, type[Message]]] = {
    5: ("gauge", metrics_pb2.NumberDataPoint),
    7: ("sum", metrics_pb2.NumberDataPoint),
    9: ("histogram", metrics_pb2.HistogramDataPoint),
    10: ("exponentialHistogram", metrics_pb2.ExponentialHistogramDataPoint),
    11: ("summary", metrics_pb2.SummaryDataPoint),
}
NUMBERS = {kind: field for field, (kind, _) in KINDS.items()}


class Metric(NamedTuple):
    """One metric of one resource, its points still to be read."""

    resource: tuple[tuple[str, str], ...]
    name: str
    unit: str
    kind: str
    temporality: int
    is_monotonic: bool
    points: Iterable[Any]


def decode(message: bytes, limits: Limits = DEFAULT_LIMITS) -> list[Point]:
    """The points of an ExportMetricsServiceRequest. Raises `Malformed` and `TooMuch`."""
    try:
        return _points(_metrics_of_bytes(message, limits), limits)
    except (DecodeError, UnicodeDecodeError):
        raise Malformed("message") from None


def decode_json(body: object, limits: Limits = DEFAULT_LIMITS) -> list[Point]:
    """The points of the same request as JSON, already parsed. Raises `Malformed` and `TooMuch`."""
    try:
        return _points(_metrics_of_json(body), limits)
    except (json_format.ParseError, TypeError, ValueError, RecursionError):
        raise Malformed("message") from None


# --- Two ways to the same metrics ------------------------------------------------------------------------------------


def _metrics_of_bytes(message: bytes, limits: Limits) -> Iterator[Metric]:
    opened = 0
    for resource_metrics in wire.parts(message, 1):
        resource: tuple[tuple[str, str], ...] = ()
        for part in wire.parts(resource_metrics, 1):
            _check_size(part)
            resource = _resource_labels(Resource.FromString(part).attributes)
        for scope_metrics in wire.parts(resource_metrics, 2):
            for metric in wire.parts(scope_metrics, 2):
                yield _metric_of_bytes(resource, metric)
                opened += 1
                if opened > limits.samples:
                    raise TooMuch
            opened += 1
        opened += 1
        if opened > limits.samples:
            raise TooMuch


def _metric_of_bytes(resource: tuple[tuple[str, str], ...], message: bytes) -> Metric:
    texts, kind, inner = {1: "", 3: ""}, 0, b""
    for field, value in wire.fields(message):
        if field in texts and isinstance(value, bytes):
            texts[field] = value.decode()
        elif field in KINDS and isinstance(value, bytes):
            kind, inner = field, value
    name, point_type = KINDS.get(kind, ("", metrics_pb2.NumberDataPoint))
    flags = {2: 0, 3: 0}
    for field, value in wire.fields(inner):
        if field in flags and isinstance(value, int):
            flags[field] = value
    points = (_parsed(point_type, part) for part in wire.parts(inner, 1))
    return Metric(resource, texts[1], texts[3], name, flags[2], bool(flags[3]), points)


def _parsed(point_type: type[Message], part: bytes) -> Message:
    _check_size(part)
    return point_type.FromString(part)


def _check_size(part: bytes) -> None:
    if len(part) > MOST_POINT_BYTES:
        raise TooMuch


def _metrics_of_json(body: object) -> Iterator[Metric]:
    for resource_metrics in _list(_object(body), "resourceMetrics"):
        described = Resource()
        _fill(_object(resource_metrics.get("resource")), described)
        resource = _resource_labels(described.attributes)
        for scope_metrics in _list(resource_metrics, "scopeMetrics"):
            _fill(_object(scope_metrics.get("scope")), InstrumentationScope())
            for metric in _list(scope_metrics, "metrics"):
                kind = next((kind for kind in NUMBERS if metric.get(kind) is not None), "")
                inner = _object(metric.get(kind)) if kind else {}
                yield Metric(
                    resource,
                    _text(metric, "name"),
                    _text(metric, "unit"),
                    kind,
                    _whole(inner.get("aggregationTemporality", 0)),
                    inner.get("isMonotonic") is True,
                    (_read_json(kind, point) for point in _list(inner, "dataPoints")),
                )


def _read_json(kind: str, point: Mapping[str, Any]) -> Message:
    # Exemplars are not kept, and their hexadecimal ids are no base64.
    return _fill({key: value for key, value in point.items() if key != "exemplars"}, KINDS[NUMBERS[kind]][1]())


def _fill(found: Mapping[str, Any], message: Message) -> Any:
    json_format.ParseDict(dict(found), message, ignore_unknown_fields=True)
    return message


def _object(value: object) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise Malformed("no object")
    return value


def _list(found: Mapping[str, Any], key: str) -> Sequence[Mapping[str, Any]]:
    values = found.get(key)
    if values is None:
        return []
    if not isinstance(values, list) or not all(isinstance(value, Mapping) for value in values):
        raise Malformed(key)
    return values


def _text(found: Mapping[str, Any], key: str) -> str:
    value = found.get(key, "")
    if not isinstance(value, str):
        raise Malformed(key)
    return value


def _whole(value: object) -> int:
    if type(value) is not int:
        raise Malformed("an enumeration is a whole number")
    return value


# --- Points ----------------------------------------------------------------------------------------------------------


def _points(metrics: Iterable[Metric], limits: Limits) -> list[Point]:
    points: list[Point] = []
    for metric in metrics:
        for found in metric.points:
            if len(points) >= limits.samples:
                raise TooMuch
            points.append(_point(metric, found, limits))
    return points


def _point(metric: Metric, found: Any, limits: Limits) -> Point:
    at_ms, start_ms = found.time_unix_nano // NS_PER_MS, found.start_time_unix_nano // NS_PER_MS
    if found.start_time_unix_nano < found.time_unix_nano:
        # A start at the very time says that nobody knows it; one that only rounds to it does not.
        start_ms = min(start_ms, at_ms - 1)
    try:
        attributes = tuple((attribute.key, _value_text(attribute.value)) for attribute in found.attributes)
        series = _series(
            metric.resource, metric.name, metric.unit, metric.kind, metric.is_monotonic, attributes, limits
        )
    except ValueError:
        return Point(NOWHERE, at_ms, None, problem="invalid_series")
    if metric.kind in {"gauge", "summary"}:
        is_understood, is_delta = metric.kind == "gauge", False
    else:
        is_delta = metric.temporality == DELTA
        is_understood = is_delta or metric.temporality == CUMULATIVE
        # A sum that may fall is a level; how much it changed says nothing without what it was.
        is_understood = is_understood and not (is_delta and metric.kind == "sum" and not metric.is_monotonic)
    if not is_understood:
        return Point(series, at_ms, None, problem="unsupported")
    is_level = metric.kind == "gauge" or (metric.kind == "sum" and not metric.is_monotonic)
    start_ms = 0 if is_level else start_ms
    if found.flags & NO_RECORDED_VALUE:
        return Point(series, at_ms, None, start_ms)
    if is_delta and not 0 < start_ms < at_ms:
        return Point(series, at_ms, None, problem="invalid_time")
    try:
        return Point(series, at_ms, _value(metric.kind, found), start_ms, is_delta)
    except ValueError:
        return Point(series, at_ms, None, problem="invalid_measure")


def _value(kind: str, found: Any) -> float | Buckets | None:
    """The value of a point. Raises ValueError for what is no histogram."""
    if kind in {"gauge", "sum"}:
        which = found.WhichOneof("value")
        return number(float(getattr(found, which))) if which else None
    # Without the sum of its observations a histogram has no mean; senders leave it out where some were negative.
    if not found.HasField("sum"):
        raise ValueError("sum")
    if kind == "histogram":
        value = buckets_of(found.explicit_bounds, found.bucket_counts, found.sum)
    else:
        below = found.zero_count + sum(found.negative.bucket_counts)
        if len(found.positive.bucket_counts) > MOST_BUCKETS:
            raise ValueError("buckets")
        filled = enumerate(found.positive.bucket_counts, start=found.positive.offset)
        value = exponential(found.scale, below, filled, found.sum)
    if value.cumulative[-1] != found.count:
        raise ValueError("count")
    return value


def _value_text(value: AnyValue) -> str:
    """A scalar attribute as a label value. Raises ValueError for what is none."""
    which = value.WhichOneof("value")
    if which == "string_value":
        return value.string_value
    if which == "bool_value":
        return "true" if value.bool_value else "false"
    if which in {"int_value", "double_value"}:
        return str(getattr(value, which))
    if which is None:
        return ""
    raise ValueError("attribute")


def _resource_labels(attributes: Iterable[KeyValue]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (RESOURCE_LABELS[attribute.key], attribute.value.string_value)
        for attribute in attributes
        if attribute.key in RESOURCE_LABELS and attribute.value.string_value
    )


# --- Names as Prometheus writes them ---------------------------------------------------------------------------------

UNITS = {
    "d": "days",
    "h": "hours",
    "min": "minutes",
    "s": "seconds",
    "ms": "milliseconds",
    "us": "microseconds",
    "ns": "nanoseconds",
    "By": "bytes",
    "KiBy": "kibibytes",
    "MiBy": "mebibytes",
    "GiBy": "gibibytes",
    "J": "joules",
    "W": "watts",
    "Cel": "celsius",
    "Hz": "hertz",
    "%": "percent",
}
_NO_NAME = re.compile(r"[^a-zA-Z0-9_:]")
_NO_LABEL = re.compile(r"[^a-zA-Z0-9_]")


@lru_cache(maxsize=20_000)
def _series(
    resource: tuple[tuple[str, str], ...],
    name: str,
    unit: str,
    kind: str,
    is_monotonic: bool,
    attributes: tuple[tuple[str, str], ...],
    limits: Limits,
) -> Series:
    """The series of one point; remembered, since every export repeats it. Raises ValueError for odd names."""
    if len(attributes) > limits.labels or not 0 < len(name) <= limits.name_characters:
        raise ValueError("series")
    labels = {_NO_LABEL.sub("_", key): value for key, value in attributes}
    if len(labels) < len(attributes):
        raise ValueError("labels")
    full_name = prometheus_name(name, unit, is_level=kind == "gauge", is_counter=kind == "sum" and is_monotonic)
    return Series(full_name, sorted_labels({**labels, **dict(resource)}.items(), limits))


def prometheus_name(name: str, unit: str, *, is_level: bool, is_counter: bool) -> str:
    """A metric's name with its unit and `_total`, each only where it is not there yet."""
    name = _NO_NAME.sub("_", name).strip("_")
    if is_counter:
        name = name.removesuffix("_total")
    suffix = "ratio" if unit == "1" and is_level else UNITS.get(unit, "")
    if suffix and suffix not in name.split("_"):
        name = f"{name}_{suffix}"
    return f"{name}_total" if is_counter else name


def status(code: int, message: str) -> bytes:
    """A `google.rpc.Status` in protocol buffers: 1 code, 2 message."""
    text = message.encode()[:1000].decode(errors="ignore").encode()
    length = bytes([len(text) & 0x7F | 0x80, len(text) >> 7]) if len(text) > 0x7F else bytes([len(text)])
    return bytes([0x08, code]) + b"\x12" + length + text
