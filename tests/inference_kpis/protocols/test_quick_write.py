"""Usual requests read quickly say what the reader of the whole format says, or are left to it."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference_kpis.protocols import quick_write
from inference_kpis.protocols.points import DEFAULT_LIMITS, Point, Series
from inference_kpis.protocols.remote_write import Version, decode
from inference_kpis.protocols.wire import Malformed, TooMuch
from tests.inference_kpis.push.senders import STALE, field, write_one

AT = 1_790_000_000_000
NODES = st.sampled_from(["lyon-03", "paris-01", "a" * 130, "é"])
LABELS = st.dictionaries(st.sampled_from(["engine", "job", "le", "zone"]), st.sampled_from(["0", "vllm", "é", ""]))
VALUES = st.one_of(st.floats(), st.sampled_from([0.0, -0.0, STALE, 3.0]))
TIMES = st.one_of(st.integers(AT, AT + 10), st.sampled_from([0, 1, -1, 2**35, 2**42, 2**62]))
SERIES = st.builds(
    lambda name, node, labels, samples: ({"__name__": name, "instance": node, **labels}, samples),
    st.sampled_from(["requests_total", "latency_bucket", ""]),
    NODES,
    LABELS,
    st.lists(st.tuples(VALUES, TIMES, st.just(0)), min_size=1, max_size=1),
)


def quick(message: bytes) -> list[Point] | None:
    return quick_write.points_of(message, DEFAULT_LIMITS)


def whole(message: bytes) -> list[Point] | None:
    """What the reader of the whole format says, with the instances taken out; None for what it refuses."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(quick_write, "points_of", lambda message, limits: None)
        try:
            return [_without_instance(point) for point in decode(message, Version.ONE)]
        except (Malformed, TooMuch):
            return None


def _without_instance(point: Point) -> Point:
    labels = dict(point.series.labels)
    node = labels.pop("instance", "")
    return point._replace(series=Series(point.series.name, tuple(labels.items())), instance=node)


def test_it_works() -> None:
    series = [
        ({"__name__": "up", "instance": "lyon-03", "job": "vllm"}, [(1.0, AT, 0)]),
        ({"__name__": "up", "instance": "paris-01", "job": "vllm"}, [(0.0, AT + 1, 0)]),
        ({"__name__": "gone", "instance": "paris-01"}, [(STALE, AT + 1, 0)]),
    ]
    up = Series("up", (("job", "vllm"),))
    assert quick(write_one(series)) == [
        Point(up, AT, 1.0, instance="lyon-03"),
        Point(up, AT + 1, 0.0, instance="paris-01"),
        Point(Series("gone", ()), AT + 1, None, instance="paris-01"),
    ]


@given(st.lists(SERIES, max_size=6))
def test_it_says_what_the_whole_reader_says(series: list[tuple[dict[str, str], list[tuple[float, int, int]]]]) -> None:
    message = write_one(series)
    found = quick(message)
    assert found is None or found == whole(message)


@given(st.lists(SERIES, min_size=1, max_size=3), st.data())
def test_changed_bytes_are_read_as_the_whole_reader_reads_them(
    series: list[tuple[dict[str, str], list[tuple[float, int, int]]]], data: st.DataObject
) -> None:
    message = bytearray(write_one(series))
    for at in data.draw(st.lists(st.integers(0, len(message) - 1), max_size=3)):
        message[at] = data.draw(st.integers(0, 255))
    found = quick(bytes(message))
    assert found is None or found == whole(bytes(message))


def test_a_name_inside_another_label_is_not_the_instance() -> None:
    instance = field(1, field(1, b"instance") + field(2, b"n"))
    name = field(1, field(1, b"__name__") + field(2, b"a"))
    odd = field(1, field(1, b"x") + field(2, instance))
    sample = field(2, field(1, 1.0) + field(2, AT))
    message = field(1, name + instance + sample) + field(1, name + odd + sample)
    found = quick(message)
    assert found is None or found == whole(message)
    assert [point.problem for point in whole(message) or ()] == ["", ""]


@pytest.mark.parametrize("samples", [[], [(1.0, AT, 0), (2.0, AT + 1, 0)], [(1.0, 1, 0)], [(1.0, AT, AT - 1)]], ids=str)
def test_what_is_not_usual_is_left_to_the_whole_reader(samples: list[tuple[float, int, int]]) -> None:
    label = field(1, field(1, b"__name__") + field(2, b"a")) + field(1, field(1, b"instance") + field(2, b"n"))
    each = b"".join(
        field(2, field(1, value) + field(2, at) + (field(3, start) if start else b"")) for value, at, start in samples
    )
    assert quick(field(1, label + each)) is None


def test_values_are_kept_to_the_last_bit() -> None:
    found = quick(write_one([({"__name__": "a", "instance": "n"}, [(math.pi, AT, 0)])]))
    assert found is not None
    assert found[0].value == math.pi
