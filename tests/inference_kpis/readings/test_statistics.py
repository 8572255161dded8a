"""KPIs out of merged readings: quantiles as Prometheus has them, ratios of sums, and unknown as unknown."""

import math
import random
from bisect import bisect_left

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference_kpis.catalogue import KPIS, Direction
from inference_kpis.readings.algebra import Distribution, Increase, Level, Reading
from inference_kpis.readings.statistics import (
    NO_DATA,
    NOT_EXPOSED,
    Bound,
    NoValue,
    Quantity,
    histogram_quantile,
    kpi_quantity,
    quantile,
    reaches,
)
from tests.inference_kpis.readings.strategies import distributions

INF, NAN = math.inf, math.nan
H = ((0.1, 10), (0.5, 60), (1, 90), (INF, 100))


@pytest.mark.parametrize(
    ("buckets", "q", "wanted"),
    [
        (H, -0.1, -INF),
        (H, 0, 0),
        (H, 0.05, 0.05),
        (H, 0.5, 0.42),
        (H, 0.9, 1),
        (H, 0.95, 1),
        (H, 1, 1),
        (H, 1.1, INF),
        (H, NAN, NAN),
        (((0.1, 10), (0.5, 8), (1, 20), (INF, 20)), 0.5, 0.1),
        (((0.1, 10), (0.5, 20)), 0.5, NAN),
        (((INF, 20),), 0.5, NAN),
        (((0.1, 0), (INF, 0)), 0.5, NAN),
        (((0, 10), (1, 20), (INF, 20)), 0.1, 0),
        (((0, 10), (1, 20), (INF, 20)), 0.75, 0.5),
        (((1, 5), (1, 5), (2, 20), (INF, 20)), 0.5, 1),
        (((0.1, 0), (0.5, 5), (INF, 5)), 0, NAN),
    ],
)
def test_histogram_quantile_agrees_with_prometheus(
    buckets: tuple[tuple[float, int], ...], q: float, wanted: float
) -> None:
    got = histogram_quantile(q, buckets)
    assert got == pytest.approx(wanted, nan_ok=True)


def test_a_quantile_in_the_first_bucket_is_only_a_bound() -> None:
    got = quantile(Distribution({(0.3, 1.0): (90, 5, 5)}, 0, 1), 0.5)
    assert (got.value, got.bound, got.low, got.high) == (0.3, Bound.AT_MOST, 0.0, 0.3)


def test_a_quantile_above_the_highest_bound_is_only_a_bound() -> None:
    got = quantile(Distribution({(0.3, 1.0): (5, 5, 90)}, 0, 1), 0.95)
    assert (got.value, got.bound, got.high) == (1.0, Bound.AT_LEAST, None)


def test_without_traffic_there_is_no_latency() -> None:
    assert quantile(Distribution({(0.3,): (0, 0)}, 0, 60_000), 0.95) == NO_DATA


LAYOUTS = (
    (0.3, 0.5, 0.8, 1.0, 1.5, 2.0, 2.5, 5.0, 10.0, 15.0, 7680.0),
    (0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 2.0, 4.0, 6.0, 8.0, 10.0, 20.0),
    (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48),
)


def histogram(values: list[float], bounds: tuple[float, ...]) -> Distribution:
    counts = [0] * (len(bounds) + 1)
    for value in values:
        counts[bisect_left(bounds, value)] += 1
    return Distribution({bounds: tuple(counts)}, round(sum(values) * 1e6), 1)


@pytest.mark.parametrize("q", [0.5, 0.95, 0.99])
def test_a_fleet_of_unequal_layouts_keeps_the_truth_in_its_interval(q: float) -> None:
    numbers = random.Random(5)
    values = [
        [numbers.lognormvariate(mu, 0.7) for _ in range(n)] for mu, n in ((-0.4, 20_000), (0.1, 2000), (0.5, 5000))
    ]
    parts = [histogram(each, bounds) for each, bounds in zip(values, LAYOUTS, strict=True)]
    merged = parts[0].merged(parts[1]).merged(parts[2])
    got = quantile(merged, q)
    truth = sorted(sum(values, []))[int(q * 27_000)]
    assert got.is_approximate
    assert got.value == pytest.approx(truth, rel=0.2)
    assert got.low is not None
    assert got.high is not None
    assert got.low <= truth <= got.high
    # Adding the counts of equal bounds only, as `sum by (le)` does, would end in the last bucket.
    naive = sorted({bound for layout in LAYOUTS for bound in layout})
    assert naive[-1] > 1000 > got.value


@given(distributions(), st.floats(0.001, 1), st.floats(0.001, 1))
def test_a_higher_quantile_is_never_lower(distribution: Distribution, one: float, other: float) -> None:
    lower, higher = (quantile(distribution, q) for q in sorted((one, other)))
    if lower.value is None or higher.value is None or lower.low is None or higher.low is None:
        assert lower == higher == NO_DATA
        return
    assert lower.low <= higher.low
    assert (lower.high or math.inf) <= (higher.high or math.inf)
    if not lower.is_approximate:
        assert lower.value <= higher.value + 1e-9


@given(distributions(), st.floats(0, 1))
def test_a_quantile_lies_in_its_interval(distribution: Distribution, q: float) -> None:
    got = quantile(distribution, q)
    if got.value is not None and got.low is not None:
        assert got.low <= got.value + 1e-9
        assert got.high is None or got.value <= got.high + 1e-9


values = st.floats(0.001, 2)
layouts = st.lists(values, min_size=1, max_size=4, unique=True).map(sorted).map(tuple)


@given(
    st.lists(st.tuples(layouts, st.lists(values, min_size=1, max_size=8)), min_size=1, max_size=3), st.floats(0.01, 1)
)
def test_the_interval_holds_the_truth_whatever_the_layouts(
    nodes: list[tuple[tuple[float, ...], list[float]]], q: float
) -> None:
    merged = histogram(nodes[0][1], nodes[0][0])
    for bounds, seen in nodes[1:]:
        merged = merged.merged(histogram(seen, bounds))
    got = quantile(merged, q)
    truth = sorted(value for _, seen in nodes for value in seen)[math.ceil(q * merged.count) - 1]
    assert got.low is not None
    assert got.low <= truth <= (got.high or math.inf)


def reading(**measures: object) -> Reading:
    return Reading(0, 10_000, measures)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kpi", "measures", "wanted"),
    [
        ("request_rate", {"requests": Increase(50, 20_000)}, 5),
        ("success_ratio", {"requests": Increase(200, 1), "failed_requests": Increase(1, 1)}, 99.5),
        ("success_ratio", {"requests": Increase(200, 1)}, 100),
        ("queue_depth", {"queue_depth": Level(3000 * 20_000, 20_000, 0, 9000, 0, 0)}, 6),
        ("kv_cache_pressure", {"kv_cache_usage": Level(0, 1, 0, 820_000, 0, 0)}, 82),
        ("availability", {"pulls": Increase(8, 1), "successful_pulls": Increase(6, 1)}, 75),
        ("energy_per_1k_tokens", {"energy": Increase(5_000_000, 1), "output_tokens": Increase(2000, 1)}, 2500),
        (
            "cost_per_1m_tokens",
            {
                "cost": Increase(3_000_000, 1),
                "output_tokens": Increase(400_000, 1),
                "prompt_tokens": Increase(600_000, 1),
            },
            3,
        ),
        (
            "cost_per_1m_tokens",
            {
                "cost": Increase(3_000_000, 1),
                "output_tokens": Increase(400_000, 1),
                "uncosted_output_tokens": Increase(150_000, 1),
            },
            12,
        ),
        ("egress_avoided", {"avoided_egress": Increase(2_500_000, 1)}, 2.5),
        ("edge_served_share", {"requests": Increase(80, 1), "edge_requests": Increase(20, 1)}, 25),
        ("mean_latency", {"request_time": Increase(6_000_000, 1), "requests": Increase(100, 1)}, 60),
    ],
)
def test_a_kpi_is_its_formula(kpi: str, measures: dict[str, object], wanted: float) -> None:
    assert kpi_quantity(KPIS[kpi], reading(**measures)).value == pytest.approx(wanted)


def test_a_quotient_says_how_much_it_covers() -> None:
    tokens = {"prompt_tokens": Increase(60, 1), "output_tokens": Increase(40, 1)}
    half = reading(energy=Increase(5000, 1), **tokens, unmetered_prompt_tokens=Increase(18, 1))
    got = kpi_quantity(KPIS["energy_per_1k_tokens"], half)
    assert (got.value, got.covered_share, got.samples) == (pytest.approx(5000 / 82), 0.82, 82)
    whole = reading(energy=Increase(5000, 1), **tokens)
    assert kpi_quantity(KPIS["energy_per_1k_tokens"], whole).covered_share == 1
    none = reading(energy=Increase(5000, 1), output_tokens=Increase(4, 1), unmetered_output_tokens=Increase(4, 1))
    assert kpi_quantity(KPIS["energy_per_1k_tokens"], none) == NO_DATA
    assert kpi_quantity(KPIS["success_ratio"], reading(requests=Increase(4, 1))).covered_share is None


@pytest.mark.parametrize("kpi", KPIS.values(), ids=lambda kpi: kpi.key)
def test_an_empty_window_is_no_data_and_never_zero(kpi: object) -> None:
    idle = {"requests": Increase(0, 1), "failed_requests": Increase(0, 1), "pulls": Increase(0, 1)}
    for measures in ({}, idle):
        got = kpi_quantity(kpi, reading(**measures))  # type: ignore[arg-type]
        if got.value is None:
            assert got.reason is NoValue.NO_DATA
        else:
            assert (kpi.key, got.value) == ("request_rate", 0)  # type: ignore[attr-defined]


def test_what_no_engine_gives_is_not_exposed_whatever_is_there() -> None:
    full = reading(requests=Increase(5, 1))
    assert kpi_quantity(KPIS["success_ratio"], full, exposed=frozenset({"requests"})) == NOT_EXPOSED


@pytest.mark.parametrize(
    ("value", "bound", "direction", "wanted"),
    [
        (90, Bound.EXACT, Direction.LOWER, True),
        (110, Bound.EXACT, Direction.LOWER, False),
        (90, Bound.AT_MOST, Direction.LOWER, True),
        (110, Bound.AT_MOST, Direction.LOWER, None),
        (90, Bound.AT_LEAST, Direction.LOWER, None),
        (110, Bound.AT_LEAST, Direction.LOWER, False),
        (110, Bound.EXACT, Direction.HIGHER, True),
        (90, Bound.EXACT, Direction.HIGHER, False),
        (110, Bound.AT_LEAST, Direction.HIGHER, True),
        (90, Bound.AT_LEAST, Direction.HIGHER, None),
        (90, Bound.AT_MOST, Direction.HIGHER, False),
        (None, Bound.EXACT, Direction.LOWER, None),
    ],
)
def test_a_bound_that_cannot_decide_does_not(
    value: float | None, bound: Bound, direction: Direction, wanted: bool | None
) -> None:
    assert reaches(Quantity(value, bound=bound), 100, direction) is wanted
