"""The laws of readings: merging is associative and commutative with an identity, exactly; spreading keeps every sum."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference_kpis.readings.algebra import (
    EMPTY,
    LARGEST_INCREASE,
    LARGEST_LEVEL,
    MOST_BUCKETS,
    Distribution,
    Increase,
    Level,
    MeasureValue,
    Reading,
    fits,
    merge,
    merge_all,
    share_out,
    spread,
)
from tests.inference_kpis.readings.strategies import readings


@given(readings(), readings(), readings())
def test_merging_is_associative(a: Reading, b: Reading, c: Reading) -> None:
    assert merge(merge(a, b), c) == merge(a, merge(b, c))


@given(readings(), readings())
def test_merging_is_commutative(a: Reading, b: Reading) -> None:
    assert merge(a, b) == merge(b, a)


@given(readings())
def test_the_empty_reading_is_the_identity(reading: Reading) -> None:
    assert merge(reading, EMPTY) == reading == merge(EMPTY, reading)


@given(st.lists(readings(), max_size=6), st.randoms())
def test_order_does_not_matter(parts: list[Reading], order: object) -> None:
    shuffled = list(parts)
    order.shuffle(shuffled)  # type: ignore[attr-defined]
    assert merge_all(parts) == merge_all(shuffled)


@given(readings(), st.sampled_from([1000, 60_000, 3_600_000]))
def test_spreading_and_merging_again_keeps_everything_that_adds_up(reading: Reading, width: int) -> None:
    if reading == EMPTY:
        return
    width = max(width, reading.span_ms // 40 + 1)
    together = merge_all(spread(reading, width))
    assert (together.start_ms, together.end_ms) == (reading.start_ms, reading.end_ms)
    assert together.measures.keys() == reading.measures.keys()
    for key, value in reading.measures.items():
        again = together.measures[key]
        if isinstance(value, Level):
            assert isinstance(again, Level)
            assert (again.integral, again.covered_ms) == (value.integral, value.covered_ms)
            assert (again.minimum, again.maximum, again.last) == (value.minimum, value.maximum, value.last)
        else:
            assert again == value


@given(readings(), st.integers(1000, 10**6))
def test_every_part_lies_in_one_interval(reading: Reading, width: int) -> None:
    if reading == EMPTY:
        return
    width = max(width, reading.span_ms // 40 + 1)
    for part in spread(reading, width):
        assert part.start_ms // width == (part.end_ms - 1) // width


@given(st.integers(0, 10**9), st.lists(st.integers(1, 10**6), min_size=1, max_size=20))
def test_shares_add_up_and_are_within_one_of_exact(amount: int, weights: list[int]) -> None:
    parts = share_out(amount, weights)
    assert sum(parts) == amount
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - amount * weight / sum(weights)) < 1 + 1e-6


def test_it_works() -> None:
    minute = Reading(0, 60_000, {"requests": Increase(90, 60_000)})
    next_node = Reading(15_000, 75_000, {"requests": Increase(30, 60_000)})
    assert merge(minute, next_node) == Reading(0, 75_000, {"requests": Increase(120, 120_000)})


def test_layouts_stay_apart_until_somebody_asks() -> None:
    one, other = Distribution({(1.0,): (3, 1)}, 5, 10), Distribution({(2.0,): (4, 0)}, 6, 10)
    assert one.merged(other) == Distribution({(1.0,): (3, 1), (2.0,): (4, 0)}, 11, 20)
    assert one.merged(other).count == 8


def test_measures_of_different_kinds_cannot_be_merged() -> None:
    with pytest.raises(TypeError):
        merge(Reading(0, 1, {"x": Increase(1, 1)}), Reading(0, 1, {"x": Level(1, 1, 1, 1, 1, 1)}))


def wide(buckets: int) -> Distribution:
    return Distribution({tuple(map(float, range(buckets))): (1,) * (buckets + 1)}, 0, 1)


@pytest.mark.parametrize(
    ("value", "is_fit"),
    [
        (Increase(0, 1), True),
        (Increase(LARGEST_INCREASE - 1, 1), True),
        (Increase(LARGEST_INCREASE, 1), False),
        (Increase(-1, 1), False),
        (Level(0, 1, -5, 5, 0, 0), True),
        (Level(0, 1, 0, LARGEST_LEVEL, 0, 0), False),
        (Level(0, 1, -LARGEST_LEVEL, 0, 0, 0), False),
        (Distribution({}, 0, 1), True),
        (Distribution({(1.0,): (0, LARGEST_INCREASE)}, 0, 1), False),
        (Distribution({(1.0,): (0, -1)}, 0, 1), False),
        (Distribution({(1.0,): (0, 1)}, LARGEST_INCREASE, 1), False),
        (wide(MOST_BUCKETS), True),
        (wide(MOST_BUCKETS + 1), False),
    ],
)
def test_a_reading_holds_what_can_be_true(value: MeasureValue, is_fit: bool) -> None:
    assert fits(value) is is_fit


def test_a_day_of_the_largest_values_fits_into_64_bits() -> None:
    day_ms, pulls = 86_400_000, 5760
    assert LARGEST_INCREASE * pulls < 2**63
    assert LARGEST_LEVEL * day_ms * 64 < 2**63
