"""Arithmetic on quantities: intervals hold the truth, limits stay limits or are given up, unknown stays unknown."""

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from inference_kpis.catalogue import Operator
from inference_kpis.formulas.parsing import parsed
from inference_kpis.readings.algebra import Distribution, Increase, Level, Reading
from inference_kpis.readings.combining import combined
from inference_kpis.readings.statistics import NO_DATA, UNDECIDED, Bound, Quantity, evaluate, share_below

PLUS, MINUS, TIMES, OVER = Operator.PLUS, Operator.MINUS, Operator.TIMES, Operator.OVER
EXACT, AT_MOST, AT_LEAST = Bound.EXACT, Bound.AT_MOST, Bound.AT_LEAST


def exact(value: float, low: float | None = None, high: float | None = None) -> Quantity:
    return Quantity(value, value if low is None else low, value if high is None else high, samples=5, coverage_ms=7)


def at_most(value: float) -> Quantity:
    return Quantity(value, 0.0, value, AT_MOST, samples=3)


def at_least(value: float) -> Quantity:
    return Quantity(value, value, None, AT_LEAST, samples=3)


@pytest.mark.parametrize(
    ("operator", "left", "right", "value", "bound"),
    [
        (PLUS, exact(2), exact(3), 5, EXACT),
        (OVER, exact(6), exact(4), 1.5, EXACT),
        (PLUS, exact(2), at_most(3), 5, AT_MOST),
        (MINUS, exact(2), at_most(3), -1, AT_LEAST),
        (MINUS, at_most(3), exact(2), 1, AT_MOST),
        (TIMES, exact(-2), at_most(3), -6, AT_LEAST),
        (TIMES, exact(2), at_least(3), 6, AT_LEAST),
        (TIMES, exact(0), at_least(3), 0, EXACT),
        (OVER, exact(6), at_most(3), 2, AT_LEAST),
        (OVER, exact(6), at_least(3), 2, AT_MOST),
        (OVER, at_most(6), at_least(3), 2, AT_MOST),
        (PLUS, at_most(2), at_most(3), 5, AT_MOST),
    ],
)
def test_it_works(operator: Operator, left: Quantity, right: Quantity, value: float, bound: Bound) -> None:
    got = combined(operator, left, right)
    assert (got.value, got.bound, got.reason) == (value, bound, None)


@pytest.mark.parametrize(
    ("operator", "left", "right"),
    [(PLUS, at_most(2), at_least(3)), (MINUS, at_most(2), at_most(3)), (OVER, at_most(2), at_most(3))],
)
def test_limits_that_push_both_ways_decide_nothing(operator: Operator, left: Quantity, right: Quantity) -> None:
    assert combined(operator, left, right) == UNDECIDED
    assert combined(PLUS, combined(operator, left, right), exact(1)) == UNDECIDED
    assert combined(PLUS, combined(operator, left, right), NO_DATA) == NO_DATA


def test_nothing_is_divided_by_zero_and_unknown_is_never_zero() -> None:
    assert combined(OVER, exact(1), exact(0)) == NO_DATA
    assert combined(OVER, exact(1e300), exact(1e-300)) == NO_DATA
    assert combined(TIMES, exact(0), NO_DATA) == NO_DATA


def test_the_least_of_both_is_counted_and_a_constant_counts_nothing() -> None:
    got = combined(PLUS, exact(1), Quantity(2, 2, 2, samples=9, coverage_ms=4, covered_share=0.5))
    assert (got.samples, got.coverage_ms, got.covered_share) == (5, 4, 0.5)
    assert combined(TIMES, exact(1), Quantity(2, 2, 2)).samples == 5


numbers = st.floats(-1e6, 1e6).filter(lambda x: x == 0 or abs(x) > 1e-6)


@st.composite
def measured(draw: st.DrawFn) -> tuple[Quantity, float]:
    """A quantity and a truth that it may have."""
    low, value, high = sorted(draw(st.tuples(numbers, numbers, numbers)))
    bound = draw(st.sampled_from(Bound))
    truth = draw(st.floats(low, high))
    if bound is AT_MOST:
        return Quantity(high, low, high, bound), truth
    if bound is AT_LEAST:
        return Quantity(low, low, None, bound), max(truth, low)
    return Quantity(value, low, high), truth


@given(st.sampled_from(Operator), measured(), measured())
def test_the_interval_and_the_limit_hold_the_truth(
    operator: Operator, left: tuple[Quantity, float], right: tuple[Quantity, float]
) -> None:
    (one, x), (other, y) = left, right
    got = combined(operator, one, other)
    assume(got.value is not None and (operator is not OVER or abs(y) > 1e-9))
    truth = {PLUS: x + y, MINUS: x - y, TIMES: x * y, OVER: x / y if y else 0}[operator]
    slack = 1e-9 * max(1, abs(truth), abs(got.value or 0))
    assert (-math.inf if got.low is None else got.low) - slack <= truth
    assert truth <= (math.inf if got.high is None else got.high) + slack
    if EXACT not in (one.bound, other.bound):  # both sides are limits: the result is one of the truth itself
        if got.bound is AT_MOST:
            assert truth <= (got.value or 0) + slack
        if got.bound is AT_LEAST:
            assert truth >= (got.value or 0) - slack


# --- Whole formulas --------------------------------------------------------------------------------------------------

READING = Reading(
    0,
    10_000,
    {
        "requests": Increase(50, 20_000),
        "output_tokens": Increase(2000, 20_000),
        "energy": Increase(5_000_000, 20_000),
        "power": Level(250_000 * 20_000, 20_000, 0, 300_000, 0, 0),
        "queue_depth": Level(3000 * 20_000, 20_000, 0, 9000, 0, 0),
        "e2e_latency": Distribution({(0.1, 0.5): (10, 30, 10)}, 20_000_000, 20_000),
    },
)


@pytest.mark.parametrize(
    ("text", "value", "bound"),
    [
        ("total(power) / rate(output_tokens)", 500 / 200, EXACT),
        ("increase(energy) / increase(requests)", 100, EXACT),
        ("queue_depth / request_rate", 6 / 5, EXACT),
        ("max(queue_depth) - mean(queue_depth)", 6, EXACT),
        ("mean(e2e_latency) * 2", 0.8, EXACT),
        ("share_below(0.5 s, e2e_latency)", 0.8, EXACT),
        ("share_below(0.3 s, e2e_latency)", 0.5, EXACT),
        ("share_below(0.05 s, e2e_latency)", 0.2, AT_MOST),
        ("share_below(2 s, e2e_latency)", 0.8, AT_LEAST),
        ("1 - share_below(2 s, e2e_latency)", 1 - 0.8, AT_MOST),
        ("0.36 currency/kWh * increase(energy)", 0.0005, EXACT),
        ("quantile(0.99, e2e_latency) + 1 s", 1.5, AT_LEAST),
        ("1 s * 1 s / quantile(0.1, e2e_latency)", 10, AT_LEAST),
        ("energy_per_1k_tokens", 2.5, EXACT),
    ],
)
def test_a_formula_is_evaluated_after_merging(text: str, value: float, bound: Bound) -> None:
    got = evaluate(parsed(text).formula, READING)
    assert got.value == pytest.approx(value)
    assert got.bound is bound


@pytest.mark.parametrize(
    "text", ["total(power) / rate(prompt_tokens)", "mean(kv_cache_usage)", "1 / (request_rate - request_rate)"]
)
def test_what_is_missing_is_no_data(text: str) -> None:
    assert evaluate(parsed(text).formula, READING) == NO_DATA


def test_a_level_does_not_make_samples_few() -> None:
    assert evaluate(parsed("total(power) / rate(output_tokens)").formula, READING).samples == 2000
    assert evaluate(parsed("total(power) * 2").formula, READING).samples == 1


@given(
    st.lists(
        st.tuples(st.sampled_from([(0.1, 0.5), (0.2, 1.0), (0.5,)]), st.lists(st.floats(0.001, 3), min_size=1)),
        min_size=1,
        max_size=3,
    ),
    st.floats(0.01, 2),
)
def test_a_share_is_held_by_its_interval(nodes: list[tuple[tuple[float, ...], list[float]]], bound: float) -> None:
    parts = []
    for bounds, seen in nodes:
        edges = (*bounds, math.inf)
        counts = [0] * len(edges)
        for value in seen:
            counts[next(i for i, edge in enumerate(edges) if value <= edge)] += 1
        parts.append(Distribution({bounds: tuple(counts)}, 0, 1))
    values = [value for _bounds, seen in nodes for value in seen]
    got = share_below(Distribution.together(parts), bound)
    if got.value is None:
        assert got == UNDECIDED
    else:
        truth = sum(value <= bound for value in values) / len(values)
        assert (got.low or 0) - 1e-12 <= truth <= (1 if got.high is None else got.high) + 1e-12
