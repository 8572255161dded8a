"""The usual request of remote write 1.0, read without opening what every scrape repeats.

Nearly all of a request is labels that came before, of the same series on this node or on another that shows the same.
So the bytes of the labels are cut at the label `instance`, and what stands before and after it is looked up. A request
that holds anything else, such as native histograms, exemplars or several samples of a series, is for the reader of the
whole format, and so is one that is wrong.
"""

import math
import struct
from collections.abc import Iterable
from functools import lru_cache

from inference_kpis.protocols import wire
from inference_kpis.protocols.exposition import Limits
from inference_kpis.protocols.points import MOST_LABEL_CHARACTERS, Point, Series, sorted_labels
from inference_kpis.protocols.wire import Malformed

NAME_LABEL, NODE_LABEL = "__name__", "instance"
# What stands before the value and before the time of a sample, and before the time of one whose value is 0 and omitted.
# Times between 2004 and 2109 take six bytes.
VALUE, TIME, ZERO = b"\x12\x10\x09", 0x10, b"\x12\x07\x10"
SAMPLE_BYTES, ZERO_BYTES, TIME_BYTES = 18, 9, 6
# Where the instance stands, of the labels alone.
INSTANCE = b"\x0a\x08instance\x12"
# Its length then takes one byte.
MOST_INSTANCE_BYTES = 0x80
_read_value = struct.Struct("<d").unpack_from


class Unusual(Exception):
    """The request holds something that is read elsewhere."""


def points_of(message: bytes, limits: Limits) -> list[Point] | None:
    """The points of a request, in its order; None for one that is not usual throughout."""
    try:
        return _points_of(message, limits)
    except (Unusual, Malformed, ValueError, IndexError):
        return None


def _points_of(message: bytes, limits: Limits) -> list[Point]:
    points: list[Point] = []
    instance = times = b""
    node, at_ms = "", 0
    at, end = 0, len(message)
    isfinite = math.isfinite
    while at < end:
        length = message[at + 1]
        start = at + 2
        if length & 0x80:
            length, start = (length & 0x7F) | message[start] << 7, start + 1
            if length >> 14:
                raise Unusual
        after = start + length
        if message[at] != 0x0A or after > end:
            raise Unusual
        if message[after - SAMPLE_BYTES : after - SAMPLE_BYTES + 3] == VALUE and message[after - 7] == TIME:
            labels, (value,) = message[start : after - SAMPLE_BYTES], _read_value(message, after - 15)
        elif message[after - ZERO_BYTES : after - TIME_BYTES] == ZERO:
            labels, value = message[start : after - ZERO_BYTES], 0.0
        else:
            raise Unusual
        if message[after - TIME_BYTES : after] != times:
            times = message[after - TIME_BYTES : after]
            at_ms = _time(times)
        before, found, behind = labels.partition(instance) if instance else (labels, b"", b"")
        if not found:
            instance, node = _instance(labels)
            before, _, behind = labels.partition(instance)
        series = _series(before, behind, limits)
        points.append(Point(series, at_ms, value if isfinite(value) else None, instance=node))
        at = after
        if len(points) > limits.samples:
            raise Unusual
    return points


def _time(six: bytes) -> int:
    """A varint of just six bytes."""
    if six[5] & 0x80 or not all(byte & 0x80 for byte in six[:5]):
        raise Unusual
    return sum((byte & 0x7F) << 7 * place for place, byte in enumerate(six))


def _instance(labels: bytes) -> tuple[bytes, str]:
    """The label that names the node, as bytes with its tag, and the name."""
    for label in wire.parts(labels, 1):
        if label.startswith(INSTANCE):
            ((_, name), (_, value)) = wire.fields(label)
            if isinstance(value, bytes) and value and name == NODE_LABEL.encode() and len(label) < MOST_INSTANCE_BYTES:
                return bytes((0x0A, len(label))) + label, value.decode()
    raise Unusual


@lru_cache(maxsize=20_000)
def _series(before: bytes, behind: bytes, limits: Limits) -> Series:
    """The series of the labels before and behind the instance, each whole; remembered, since every node repeats them."""
    pairs = [*_pairs(before), *_pairs(behind)]
    labels = sorted_labels(pairs, limits)
    names = dict(labels)
    name = names.get(NAME_LABEL, "")
    is_short = len(before) + len(behind) < MOST_LABEL_CHARACTERS - MOST_INSTANCE_BYTES and len(labels) < limits.labels
    if not 0 < len(name) <= limits.name_characters or NODE_LABEL in names or not is_short:
        raise Unusual
    return Series(name, tuple(pair for pair in labels if pair[0] != NAME_LABEL))


def _pairs(labels: bytes) -> Iterable[tuple[str, str]]:
    for number, label in wire.fields(labels):
        if number != 1 or not isinstance(label, bytes):
            raise Unusual
        texts = list(wire.fields(label))
        if [found for found, _ in texts] != [1, 2]:
            raise Unusual
        (_, name), (_, value) = texts
        if not isinstance(name, bytes) or not isinstance(value, bytes):
            raise Unusual
        yield name.decode(), value.decode()
