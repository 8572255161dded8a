"""Prometheus remote write 1.0 and 2.0: a snappy block of protocol buffers → points.

Both versions are read with one schema for a series, declared here: labels as raw bytes (1.0) or as references into the
request's table of symbols (2.0). A series is remembered by those bytes, since every scrape repeats it.
"""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from functools import lru_cache
from itertools import accumulate
from typing import Any

import cramjam
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError

from inference_kpis.protocols import quick_write, wire
from inference_kpis.protocols.exposition import Limits
from inference_kpis.protocols.points import (
    DEFAULT_LIMITS,
    Buckets,
    Point,
    Series,
    buckets_of,
    exponential,
    is_finite_count,
    number,
    sorted_labels,
)
from inference_kpis.protocols.wire import Malformed, TooMuch

NAME_LABEL = "__name__"
# One series of one request; a thousand samples take 30 kB.
MOST_SERIES_BYTES = 1024 * 1024
MOST_SYMBOLS = 200_000
MOST_BUCKETS = 2000
CUSTOM_BOUNDS_SCHEMA = -53
GAUGE_HISTOGRAM = 3
NOWHERE = Series("", ())


class Version(StrEnum):
    """The message a body holds, as its content type names it."""

    ONE = "prometheus.WriteRequest"
    TWO = "io.prometheus.write.v2.Request"


def decompress(body: bytes, most_bytes: int) -> bytes:
    """The message in a snappy block. Raises `TooMuch` by the length that it claims, before any memory is taken."""
    try:
        if cramjam.snappy.decompress_raw_len(body) > most_bytes:
            raise TooMuch
        return bytes(cramjam.snappy.decompress_raw(body))
    except cramjam.DecompressionError:
        raise Malformed("snappy") from None


def decode(message: bytes, version: Version, limits: Limits = DEFAULT_LIMITS) -> list[Point]:
    """The points of a request, in its order. Raises `Malformed` and `TooMuch`.

    What is wrong with one series or point is its own problem and named on it.
    """
    points = quick_write.points_of(message, limits) if version is Version.ONE else None
    if points is not None:
        return points
    points = []
    read = _series_of_two if version is Version.TWO else _series_of_one
    for series, problem, found in read(message, limits):
        if len(points) + len(found.samples) + len(found.histograms) > limits.samples:
            raise TooMuch
        created_ms = found.created_timestamp
        for sample in found.samples:
            start_ms = sample.start_timestamp or created_ms
            points.append(Point(series, sample.timestamp, number(sample.value), start_ms, problem=problem))
        for histogram in found.histograms:
            start_ms = histogram.start_timestamp or created_ms
            value, wrong = _read_histogram(histogram)
            points.append(Point(series, histogram.timestamp, value, start_ms, problem=problem or wrong))
    return points


# --- Series ----------------------------------------------------------------------------------------------------------


def _series_of_one(message: bytes, limits: Limits) -> Iterator[tuple[Series, str, Any]]:
    for found in _messages(message, 1, limits):
        try:
            yield _labelled(tuple(found.labels), limits), "", found
        except ValueError:
            yield NOWHERE, "invalid_series", found


def _series_of_two(message: bytes, limits: Limits) -> Iterator[tuple[Series, str, Any]]:
    symbols = []
    for symbol in wire.parts(message, 4):
        symbols.append(symbol)
        if len(symbols) > MOST_SYMBOLS:
            raise TooMuch
    for found in _messages(message, 5, limits):
        references = found.labels_refs
        if len(references) % 2 or any(reference >= len(symbols) for reference in references):
            raise Malformed("a label refers to no symbol")
        try:
            yield _named(tuple(symbols[reference] for reference in references), limits), "", found
        except ValueError:
            yield NOWHERE, "invalid_series", found


def _messages(message: bytes, field: int, limits: Limits) -> Iterator[Any]:
    for count, part in enumerate(wire.parts(message, field)):
        if count >= limits.samples or len(part) > MOST_SERIES_BYTES:
            raise TooMuch
        try:
            yield _TimeSeriesOne.FromString(part) if field == 1 else _TimeSeriesTwo.FromString(part)
        except DecodeError:
            raise Malformed("series") from None


@lru_cache(maxsize=20_000)
def _labelled(labels: tuple[bytes, ...], limits: Limits) -> Series:
    """The series of raw label messages; remembered, since every scrape repeats them."""
    if len(labels) > limits.labels + 1:
        raise ValueError("labels")
    texts: list[bytes] = []
    for label in labels:
        pair = {1: b"", 2: b""}
        for found, value in wire.fields(label):
            if found in pair and isinstance(value, bytes):
                pair[found] = value
        texts += pair.values()
    return _named(tuple(texts), limits)


@lru_cache(maxsize=20_000)
def _named(texts: tuple[bytes, ...], limits: Limits) -> Series:
    """The series of names and values in turn. Raises ValueError, as bytes that are no text do."""
    if len(texts) > 2 * limits.labels + 2:
        raise ValueError("labels")
    pairs = [(texts[at].decode(), texts[at + 1].decode()) for at in range(0, len(texts), 2)]
    labels = sorted_labels(pairs, limits)
    name = dict(labels).get(NAME_LABEL, "")
    if not 0 < len(name) <= limits.name_characters:
        raise ValueError("name")
    return Series(name, tuple(pair for pair in labels if pair[0] != NAME_LABEL))


# --- Native histograms -----------------------------------------------------------------------------------------------


def _read_histogram(found: Any) -> tuple[Buckets | None, str]:
    """A native histogram as explicit buckets, or why it is refused; neither where it marks the end of its series."""
    if number(found.sum) is None:
        return None, ""
    if found.reset_hint == GAUGE_HISTOGRAM:
        return None, "unsupported"
    try:
        positive = list(_spans(found.positive_spans, found.positive_deltas, found.positive_counts))
        if found.schema == CUSTOM_BOUNDS_SCHEMA:
            return _custom(found, positive), ""
        negative = sum(count for _, count in _spans(found.negative_spans, found.negative_deltas, found.negative_counts))
        below = negative + (_whole(found.zero_count_float) or found.zero_count_int)
        # Prometheus counts indexes by the upper edge of a bucket, OpenTelemetry by the lower one.
        value = exponential(found.schema, below, ((index - 1, count) for index, count in positive), found.sum)
    except ValueError:
        return None, "invalid_measure"
    return value, ""


def _spans(spans: Sequence[Any], deltas: Sequence[int], counts: Sequence[float]) -> Iterator[tuple[int, int]]:
    """Index and count of each bucket. Raises ValueError where spans and counts do not fit."""
    filled = list(accumulate(deltas)) if deltas else [_whole(count) for count in counts]
    if sum(span.length for span in spans) != len(filled) or len(filled) > MOST_BUCKETS:
        raise ValueError("spans")
    values = iter(filled)
    index = 0
    for span in spans:
        index += span.offset
        for _ in range(span.length):
            yield index, next(values)
            index += 1


def _custom(found: Any, positive: Sequence[tuple[int, int]]) -> Buckets:
    counts = [0] * (len(found.custom_values) + 1)
    for index, count in positive:
        if not 0 <= index < len(counts):
            raise ValueError("custom bounds")
        counts[index] += count
    return buckets_of(tuple(found.custom_values), counts, found.sum)


def _whole(count: float) -> int:
    if not is_finite_count(count):
        raise ValueError("count")
    return int(count)


# --- The schema ------------------------------------------------------------------------------------------------------


def _schema() -> tuple[Any, Any]:
    """The two messages for a series, built from a table: number, name and type of each field."""
    file = descriptor_pb2.FileDescriptorProto(name="vigie/remote_write.proto", package="vigie", syntax="proto3")
    kinds = descriptor_pb2.FieldDescriptorProto
    simple = {
        "double": kinds.TYPE_DOUBLE,
        "int64": kinds.TYPE_INT64,
        "uint64": kinds.TYPE_UINT64,
        "uint32": kinds.TYPE_UINT32,
        "sint32": kinds.TYPE_SINT32,
        "sint64": kinds.TYPE_SINT64,
        "bytes": kinds.TYPE_BYTES,
    }
    for name, rows in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for row in rows.split(","):
            field_number, field, kind = row.split()
            is_many = kind.endswith("*")
            added = message.field.add(
                name=field, number=int(field_number), label=kinds.LABEL_REPEATED if is_many else kinds.LABEL_OPTIONAL
            )
            kind = kind.rstrip("*")
            if kind in simple:
                added.type = simple[kind]
            else:
                added.type, added.type_name = kinds.TYPE_MESSAGE, f".vigie.{kind}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    one, two = (pool.FindMessageTypeByName(f"vigie.{name}") for name in ("TimeSeriesOne", "TimeSeriesTwo"))
    return message_factory.GetMessageClass(one), message_factory.GetMessageClass(two)


_MESSAGES = {
    "Span": "1 offset sint32, 2 length uint32",
    "Sample": "1 value double, 2 timestamp int64, 3 start_timestamp int64",
    "Histogram": "1 count_int uint64, 2 count_float double, 3 sum double, 4 schema sint32, 5 zero_threshold double,"
    " 6 zero_count_int uint64, 7 zero_count_float double, 8 negative_spans Span*, 9 negative_deltas sint64*,"
    " 10 negative_counts double*, 11 positive_spans Span*, 12 positive_deltas sint64*, 13 positive_counts double*,"
    " 14 reset_hint uint32, 15 timestamp int64, 16 custom_values double*, 17 start_timestamp int64",
    # Labels and exemplars of 1.0 stay bytes; created_timestamp is what 2.0 had before start times went to the samples.
    "TimeSeriesOne": "1 labels bytes*, 2 samples Sample*, 3 exemplars bytes*, 4 histograms Histogram*,"
    " 6 created_timestamp int64",
    "TimeSeriesTwo": "1 labels_refs uint32*, 2 samples Sample*, 3 histograms Histogram*, 4 exemplars bytes*,"
    " 6 created_timestamp int64",
}
_TimeSeriesOne, _TimeSeriesTwo = _schema()
