"""By how much the edge is faster: the value, its interval of confidence, and how often that is right."""

import math
import random
from bisect import bisect_left
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference_kpis.catalogue import KPIS, Direction, Reduction
from inference_kpis.readings.algebra import Distribution, Reading, merge_all
from inference_kpis.readings.statistics import (
    NO_DATA,
    Bound,
    Quantity,
    evaluate,
    gives,
    kpi_quantity,
    quantile_interval,
    reaches,
    reduction,
)

BOUNDS = tuple(10 ** (step / 32 - 3) for step in range(161))
MEDIAN = Reduction("compared_probe_latency", "central_probe_latency", 0.5)


def observed(seconds: Sequence[float], bounds: tuple[float, ...] = BOUNDS) -> Distribution:
    counts = [0] * (len(bounds) + 1)
    for each in seconds:
        counts[bisect_left(bounds, each)] += 1
    return Distribution({bounds: tuple(counts)}, 0, len(seconds))


def compared(edge: Sequence[float], central: Sequence[float]) -> Reading:
    return Reading(0, 1, {MEDIAN.measure: observed(edge), MEDIAN.baseline: observed(central)})


def test_it_works() -> None:
    found = kpi_quantity(KPIS["response_time_reduction_p50"], compared([0.02] * 50, [0.08] * 50))
    assert found.value == pytest.approx(75, abs=2)
    assert found.low is not None
    assert found.high is not None
    assert 72 < found.low <= found.value <= found.high < 78  # type: ignore[operator]
    assert (found.samples, found.confidence, found.bound) == (50, 0.95, Bound.EXACT)


def test_a_slower_edge_is_a_negative_reduction() -> None:
    found = evaluate(MEDIAN, compared([0.2] * 50, [0.1] * 50))
    assert found.value == pytest.approx(-1, abs=0.1)
    assert found.high is not None
    assert found.high < 0


@pytest.mark.parametrize("count", [1, 6])
def test_too_few_samples_claim_no_interval(count: int) -> None:
    found = evaluate(MEDIAN, compared([0.02] * count, [0.08] * 500))
    assert found.value == pytest.approx(0.75, abs=0.1)
    assert (found.low, found.high, found.confidence) == (None, None, 0.95)
    assert reaches(found, -1000, Direction.HIGHER) is None


@pytest.mark.parametrize("measure", [MEDIAN.measure, MEDIAN.baseline])
def test_one_end_alone_is_no_data(measure: str) -> None:
    one = Reading(0, 1, {measure: observed([0.1] * 50)})
    assert evaluate(MEDIAN, one) == NO_DATA
    assert not gives(KPIS["response_time_reduction_p50"], frozenset({measure}))


@pytest.mark.parametrize(
    ("edge", "central", "bound", "ends"),
    [
        (0.0001, 0.1, Bound.AT_LEAST, (True, 1.0)),
        (0.1, 500.0, Bound.AT_LEAST, (True, 1.0)),
        (0.0001, 500.0, Bound.AT_LEAST, (True, 1.0)),
        (500.0, 0.1, Bound.AT_MOST, (False, -100 / 0.1)),
        (0.1, 0.0001, Bound.AT_MOST, (False, -0.1 / 0.001)),
    ],
)
def test_beyond_the_bounds_only_a_limit_is_known(
    edge: float, central: float, bound: Bound, ends: tuple[bool, float]
) -> None:
    found = evaluate(MEDIAN, compared([edge] * 50, [central] * 50))
    assert found.bound is bound
    has_low, most = ends
    assert (found.low is not None) is has_low
    assert found.high is not None
    assert found.high == pytest.approx(most, rel=0.1)


@pytest.mark.parametrize("seconds", [0.0001, 500.0])
def test_both_beyond_the_same_bound_say_nothing(seconds: float) -> None:
    assert evaluate(MEDIAN, compared([seconds] * 50, [seconds] * 50)) == NO_DATA


@pytest.mark.parametrize(
    ("low", "high", "higher", "lower"),
    [
        (10.0, 20.0, True, False),
        (None, 4.0, False, True),
        (3.0, 20.0, None, None),
        (5.0, 20.0, True, None),
        (None, 20.0, None, None),
        (None, None, None, None),
    ],
)
def test_only_the_whole_interval_decides(
    low: float | None, high: float | None, higher: bool | None, lower: bool | None
) -> None:
    found = Quantity(15.0, low, high, confidence=0.95)
    assert reaches(found, 5.0, Direction.HIGHER) is higher
    assert reaches(found, 5.0, Direction.LOWER) is lower


positive = st.lists(st.floats(0.002, 50), min_size=7, max_size=60)


@given(positive, positive)
def test_the_interval_holds_the_value(edge: list[float], central: list[float]) -> None:
    found = evaluate(MEDIAN, compared(edge, central))
    assert found.low is not None
    assert found.high is not None
    assert found.low <= found.value <= found.high <= 1  # type: ignore[operator]


@given(positive, positive, st.floats(1.1, 4))
def test_a_faster_edge_is_never_a_smaller_reduction(edge: list[float], central: list[float], factor: float) -> None:
    before = evaluate(MEDIAN, compared(edge, central))
    after = evaluate(MEDIAN, compared([max(each / factor, 0.0011) for each in edge], central))
    assert after.value >= before.value - 1e-9  # type: ignore[operator]
    assert after.low >= before.low  # type: ignore[operator]


@given(st.lists(st.tuples(positive, positive), min_size=1, max_size=4), st.randoms())
def test_it_does_not_matter_in_which_order_readings_are_merged(
    parts: list[tuple[list[float], list[float]]], order: random.Random
) -> None:
    readings = [compared(edge, central) for edge, central in parts]
    shuffled = order.sample(readings, len(readings))
    assert evaluate(MEDIAN, merge_all(readings)) == evaluate(MEDIAN, merge_all(shuffled))


@pytest.mark.parametrize(("q", "count"), [(0.5, 7), (0.5, 40), (0.95, 100)])
def test_the_interval_is_right_at_least_as_often_as_it_says(q: float, count: int) -> None:
    """A thousand times, lognormal latencies of a known reduction; and its parts as often as each of them has to be."""
    chance, trials = random.Random(7), 1000
    spread, z = 0.5, {0.5: 0.0, 0.95: 1.6448536269514722}[q]
    true = [math.exp(math.log(middle) + spread * z) for middle in (0.03, 0.1)]
    reduced = parts = 0
    for _ in range(trials):
        ends = [observed([chance.lognormvariate(math.log(m), spread) for _ in range(count)]) for m in (0.03, 0.1)]
        found = reduction(*ends, q)
        assert found.low is not None
        assert found.high is not None
        reduced += found.low <= 1 - true[0] / true[1] <= found.high
        held = [quantile_interval(end, q, 0.975) for end in ends]
        parts += sum(low <= value <= high for (low, high), value in zip(held, true, strict=True))  # type: ignore[misc]
    assert reduced / trials >= 0.95
    assert parts / (2 * trials) >= 0.975
