"""Remote write 1.0 and 2.0 → points, with the published vectors; whatever else comes is refused and never believed."""

import math
import struct

import cramjam
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference_kpis.protocols.exposition import Limits
from inference_kpis.protocols.points import Buckets, Point, Series, exponential, grid
from inference_kpis.protocols.remote_write import Version, decode, decompress
from inference_kpis.protocols.wire import Malformed, TooMuch
from tests.inference_kpis.push.senders import STALE, field, snappy, varint, write_one, write_two

ONE = bytes.fromhex(
    "0a440a0e0a085f5f6e616d655f5f120275700a130a08696e7374616e6365120765313a383030300a0b0a036a6f621204766c6c6d"
    "121009000000000000f03f1080d095ffbc31"
)
TWO = bytes.fromhex(
    "220022085f5f6e616d655f5f22097265715f746f74616c22036a6f622204766c6c6d2a230a04010203041217"
    "0900000000000014401080d095ffbc3118f08195ffbc312a020801"
)
AT = 1_700_000_000_000
NAME = {"__name__": "a_total", "instance": "n"}


def test_it_works() -> None:
    up = Series("up", (("job", "vllm"),))
    assert decode(ONE, Version.ONE) == [Point(up, AT, 1.0, instance="e1:8000")]
    assert decode(TWO, Version.TWO) == [Point(Series("req_total", (("job", "vllm"),)), AT, 5.0, AT - 10_000)]


def test_a_block_is_unpacked_up_to_the_length_it_may_have() -> None:
    block = bytes.fromhex("46f045") + ONE
    assert decompress(block, len(ONE)) == ONE
    with pytest.raises(TooMuch):
        decompress(block, len(ONE) - 1)


@pytest.mark.parametrize(
    "body", [b"", b"\xff\xff\xff\xff\xff\xff", b"abc", snappy(ONE)[:-3], bytes.fromhex("ff060000734e61507059")]
)
def test_what_is_no_block_is_refused(body: bytes) -> None:
    with pytest.raises(Malformed):
        decompress(body, 1000)


def test_a_claim_of_gigabytes_costs_nothing() -> None:
    with pytest.raises(TooMuch):
        decompress(varint(2**32 - 1), 16 * 1024 * 1024)


def test_bytes_of_the_other_version_are_no_points() -> None:
    assert decode(ONE, Version.TWO) == decode(TWO, Version.ONE) == []


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=20)
LABELS = st.dictionaries(TEXT, TEXT, max_size=5).map(lambda labels: {**labels, "__name__": "a"})
SAMPLES = st.lists(
    st.tuples(st.floats(allow_nan=False, allow_infinity=False), st.integers(-(2**62), 2**62), st.integers(0, 2**62)),
    max_size=4,
)


@given(st.lists(st.tuples(LABELS, SAMPLES), max_size=6))
def test_both_versions_bring_the_same_points(series: list[tuple[dict[str, str], list[tuple[float, int, int]]]]) -> None:
    expected = [
        Point(Series("a", tuple(sorted(pair for pair in labels.items() if pair[0] != "__name__"))), at, value, start)
        for labels, samples in series
        for value, at, start in samples
    ]
    assert decode(write_two(series), Version.TWO) == expected
    assert decode(write_one(series), Version.ONE) == [point._replace(start_ms=0) for point in expected]


@given(st.binary(max_size=300), st.sampled_from(Version))
def test_any_bytes_are_points_or_malformed(body: bytes, version: Version) -> None:
    try:
        found = decode(body, version)
    except (Malformed, TooMuch):
        return
    assert all(isinstance(point, Point) for point in found)


@given(st.integers(0, len(ONE) - 1), st.integers(0, 255))
def test_a_changed_byte_harms_nobody(at: int, byte: int) -> None:
    changed = ONE[:at] + bytes([byte]) + ONE[at + 1 :]
    try:
        decode(changed, Version.ONE)
    except Malformed:
        return


@pytest.mark.parametrize("value", [STALE, math.nan, math.inf, -math.inf])
def test_what_is_no_number_says_that_the_series_ended(value: float) -> None:
    assert decode(write_one([(NAME, [(value, AT, 0)])]), Version.ONE)[0].value is None


def test_the_marker_is_that_of_prometheus() -> None:
    assert struct.pack("<d", STALE) == struct.pack("<Q", 0x7FF0000000000002)


@pytest.mark.parametrize(
    "labels",
    [
        {"instance": "n"},
        {"__name__": ""},
        {"__name__": "a", "": "x"},
        {"__name__": "a", "b": "x" * 2000},
        {"__name__": "a", "b" * 200: "x"},
        {"__name__": "a", **{f"l{number}": "x" for number in range(100)}},
        {"__name__": "a", **{f"l{number}": "x" * 900 for number in range(9)}},
    ],
)
def test_odd_labels_are_their_own_series_problem(labels: dict[str, str]) -> None:
    found = decode(write_one([(labels, [(1.0, AT, 0)]), (NAME, [(2.0, AT, 0)])]), Version.ONE)
    assert [(point.value, point.problem) for point in found] == [(1.0, "invalid_series"), (2.0, "")]


def test_a_label_twice_is_a_problem() -> None:
    pair = field(1, field(1, b"__name__") + field(2, b"a"))
    found = decode(field(1, pair + pair + field(2, field(1, 1.0) + field(2, AT))), Version.ONE)
    assert [point.problem for point in found] == ["invalid_series"]


def test_a_reference_to_no_symbol_refuses_the_request() -> None:
    with pytest.raises(Malformed):
        decode(field(4, b"") + field(5, field(1, b"\x09\x09")), Version.TWO)


@pytest.mark.parametrize(
    "body",
    [
        write_one([(NAME, [(1.0, AT, 0)] * 11)]),
        write_one([(NAME, [])] * 11),
        b"\x0a\x00" * 11,
        write_one([({**NAME, "x": "y" * 1_100_000}, [])]),
    ],
)
def test_more_than_the_limit_is_refused(body: bytes) -> None:
    with pytest.raises(TooMuch):
        decode(body, Version.ONE, Limits(samples=10))


def test_the_older_start_of_a_series_is_understood() -> None:
    body = write_two([(NAME, [(3.0, AT, 0)])])
    start = field(6, AT - 5000)
    at = body.rindex(b"\x2a")
    body = body[:at] + field(5, body[at + 2 :] + start)
    assert decode(body, Version.TWO)[0].start_ms == AT - 5000


# --- Native histograms -----------------------------------------------------------------------------------------------


def zigzag(value: int) -> int:
    return value * 2 if value >= 0 else -value * 2 - 1


def native(
    schema: int, spans: list[tuple[int, int]], deltas: list[int], total: float, *, zero: int = 0, **more: bytes
) -> bytes:
    message = field(3, total) + field(4, zigzag(schema)) + field(6, zero)
    message += b"".join(field(11, field(1, zigzag(offset)) + field(2, length)) for offset, length in spans)
    message += field(12, b"".join(varint(zigzag(delta)) for delta in deltas))
    return message + b"".join(more.values()) + field(15, AT)


def read(histogram: bytes) -> Point:
    return decode(write_one([], [(NAME, histogram)]), Version.ONE)[0]


def test_a_native_histogram_becomes_explicit_bounds() -> None:
    """Schema 0: bucket 0 ends at 1, bucket 1 at 2, bucket 4 at 16; counts 2, 3, 1, and one at zero."""
    value = read(native(0, [(0, 2), (2, 1)], [2, 1, -2], 20.0, zero=1)).value
    assert isinstance(value, Buckets)
    counted = dict(zip(value.bounds, value.cumulative, strict=False))
    assert [counted[bound] for bound in (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)] == [1, 3, 6, 6, 6, 7]
    assert (value.cumulative[-1], value.sum) == (7, 20.0)


def test_custom_bounds_are_kept() -> None:
    bounds = field(16, struct.pack("<3d", 0.1, 0.5, 1.0))
    value = read(native(-53, [(0, 2), (1, 1)], [4, 0, -3], 3.0, bounds=bounds)).value
    assert value == Buckets((0.1, 0.5, 1.0), (4, 8, 8, 9), 3.0)


def test_a_histogram_may_end_as_well() -> None:
    assert read(native(0, [], [], STALE)) == Point(Series("a_total", (("instance", "n"),)), AT, None)


@pytest.mark.parametrize(
    ("histogram", "problem"),
    [
        (native(0, [(0, 3)], [1], 1.0), "invalid_measure"),
        (native(0, [(0, 1)], [-1], 1.0), "invalid_measure"),
        (native(30, [(0, 1)], [1], 1.0), "invalid_measure"),
        (native(0, [(0, 4_000_000_000)], [1], 1.0), "invalid_measure"),
        (native(0, [(0, 1)], [2**60], 1.0), "invalid_measure"),
        (native(-53, [(0, 1)], [1], 1.0), "invalid_measure"),
        (native(0, [(0, 1)], [1], 1.0, hint=field(14, 3)), "unsupported"),
    ],
)
def test_a_histogram_that_is_none_is_refused_alone(histogram: bytes, problem: str) -> None:
    found = decode(write_one([(NAME, [(2.0, AT, 0)])], [(NAME, histogram)]), Version.ONE)
    assert [point.problem for point in found] == ["", problem]


# --- The grid --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", range(-10, 3))
def test_the_grid_holds_the_powers_of_two_exactly_and_few_bounds(scale: int) -> None:
    bounds, lowest = grid(scale)
    assert 1 <= len(bounds) <= 161
    assert bounds[-lowest] == 1.0
    whole_octaves = bounds[:: 2 ** max(scale, 0)]
    assert all(math.frexp(bound)[0] == 0.5 for bound in whole_octaves)


@given(
    st.integers(-6, 20),
    st.lists(st.floats(1e-5, 1e5), max_size=30),
    st.integers(0, 3),
)
def test_every_observation_stays_at_or_below_the_bounds_it_was_below(
    scale: int, values: list[float], below: int
) -> None:
    """Exactly so: an observation between two bounds of the grid is counted between them."""
    base = 2.0 ** (2.0**-scale)
    indexes = [math.ceil(round(math.log(value, base), 6)) - 1 for value in values]
    found = exponential(scale, below, [(index, 1) for index in indexes], 1.0)
    for bound, count in zip(found.bounds, found.cumulative, strict=False):
        exponent = math.log2(bound)
        assert count == below + sum((index + 1) * 2.0**-scale <= exponent + 1e-9 for index in indexes)
    assert found.cumulative[-1] == below + len(values)


def test_finer_scales_of_the_same_observations_agree() -> None:
    values = [0.001 * 1.37**step for step in range(30)]
    found = {
        scale: exponential(scale, 0, [(math.ceil(math.log2(value) * 2**scale) - 1, 1) for value in values], 1.0)
        for scale in (2, 5, 12)
    }
    assert found[2] == found[5] == found[12]


def test_the_packaged_snappy_is_the_block_format() -> None:
    assert bytes(cramjam.snappy.compress_raw(b"abc")) == b"\x03\x08abc"
