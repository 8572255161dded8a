"""Error budgets: the workbook's numbers, bounds in doubt, and too few requests."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference_kpis.alerts.burn_rates import (
    NONE,
    Counts,
    add_up,
    both,
    budget_lasts,
    burn_rate,
    burn_verdict,
    burns,
    either,
    latency_counts,
    success_counts,
)
from inference_kpis.alerts.states import Verdict
from inference_kpis.readings.algebra import Distribution, Increase, Reading

THREE = (True, False, None)


def requests(total: int, failed: int | None) -> Reading:
    measures = {"requests": Increase(total, 1)}
    return Reading(0, 1, measures if failed is None else {**measures, "failed_requests": Increase(failed, 1)})


@pytest.mark.parametrize(
    ("failed", "rate", "is_burning"), [(0, 0.0, False), (10, 1.0, False), (143, 14.3, False), (144, 14.4, True)]
)
def test_it_works(failed: int, rate: float, is_burning: bool) -> None:
    """Of 10,000 requests an objective of 99.9 % allows 10 bad ones."""
    counts = success_counts(requests(10_000, failed))
    assert burn_rate(counts, 0.999) == pytest.approx((rate, rate))
    assert burns(counts, 0.999, 14.4, 100) is is_burning


def test_without_errors_there_is_no_error_counter() -> None:
    assert success_counts(requests(50, None)) == Counts(50, 50, 50)


def test_a_budget_of_thirty_days_is_gone_in_two_at_the_fast_rate() -> None:
    assert budget_lasts(14.4) == timedelta(hours=50)


def test_too_few_requests_decide_nothing() -> None:
    assert burns(Counts(0, 0, 9), 0.99, 2, 10) is None
    assert burns(NONE, 0.99, 2, 0) is None


HISTOGRAM = Reading(0, 1, {"e2e_latency": Distribution({(0.3, 1.0): (50, 40, 10)}, 0, 1)})


@pytest.mark.parametrize(
    ("bound", "wanted"),
    [
        (0.3, Counts(50, 50, 100)),
        (1.0, Counts(90, 90, 100)),
        (0.5, Counts(50, 90, 100)),
        (0.1, Counts(0, 50, 100)),
        (5.0, Counts(90, 100, 100)),
    ],
)
def test_a_bound_of_the_histogram_is_exact_and_any_other_in_doubt(bound: float, wanted: Counts) -> None:
    assert latency_counts(HISTOGRAM, "e2e_latency", bound) == wanted


def test_a_bound_in_doubt_decides_only_where_both_ends_agree() -> None:
    counts = latency_counts(HISTOGRAM, "e2e_latency", 0.5)
    assert burns(counts, 0.99, 14.4, 0) is None
    assert burns(counts, 0.99, 9, 0) is True
    assert burns(counts, 0.99, 60, 0) is False


@pytest.mark.parametrize(
    ("pairs", "wanted"),
    [
        ([(True, True), (False, False)], Verdict.BAD),
        ([(False, True), (True, True)], Verdict.BAD),
        # The long window still burns, the short one says that it is over.
        ([(True, False), (True, False)], Verdict.GOOD),
        ([(True, None), (False, False)], Verdict.UNKNOWN),
        ([(False, None), (False, None)], Verdict.GOOD),
        ([(None, None), (True, True)], Verdict.BAD),
    ],
)
def test_both_windows_of_a_pair_have_to_burn(pairs: list[tuple[bool | None, bool | None]], wanted: Verdict) -> None:
    assert burn_verdict(pairs) is wanted


@given(st.sampled_from(THREE), st.sampled_from(THREE))
def test_and_and_or_agree_with_every_way_to_fill_the_unknown(one: bool | None, other: bool | None) -> None:
    ways = [
        (a, b)
        for a in ([one] if one is not None else [True, False])
        for b in ([other] if other is not None else [True, False])
    ]
    for combine, plain in ((both, all), (either, any)):
        outcomes = {plain(way) for way in ways}
        assert combine(one, other) == (outcomes.pop() if len(outcomes) == 1 else None)


counts = st.tuples(st.integers(0, 50), st.integers(0, 50), st.integers(0, 50)).map(
    lambda parts: Counts(parts[0], parts[0] + parts[1], sum(parts))
)


@given(st.lists(counts, max_size=6), st.randoms())
def test_counts_add_up_in_any_order(parts: list[Counts], order: object) -> None:
    shuffled = list(parts)
    order.shuffle(shuffled)  # type: ignore[attr-defined]
    assert add_up(parts) == add_up(shuffled)
