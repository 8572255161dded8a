"""Counting on across a change of what is read."""

import pytest

from inference_kpis.readings.increases import CounterState, HistogramQuanta
from inference_kpis.readings.remapping import carried_over

STATE = CounterState(
    5,
    3,
    counters={"m": {"requests": {"a": 1}, "failed_requests": {"b": 2}}},
    histograms={"m": {"e2e_latency": {"c": HistogramQuanta((1.0,), (1, 2), 3)}}},
)
SAME = {"requests": "1", "failed_requests": "2", "e2e_latency": "3"}


def test_it_works() -> None:
    after = carried_over(STATE, SAME, {**SAME, "requests": "other"})
    assert after.counters == {"m": {"failed_requests": {"b": 2}}}
    assert after.histograms == STATE.histograms
    assert (after.at_ms, after.started_at_ms) == (5, 3)


def test_the_same_words_change_nothing() -> None:
    assert carried_over(STATE, SAME, dict(SAME)) is STATE
    assert carried_over(STATE, {}, {}) is STATE


@pytest.mark.parametrize(("before", "after"), [({}, SAME), (SAME, {})], ids=["first mapping", "no mapping any more"])
def test_between_an_engine_and_a_mapping_nothing_is_comparable(before: dict[str, str], after: dict[str, str]) -> None:
    state = carried_over(STATE, before, after)
    assert (state.counters, state.histograms) == ({}, {})


def test_a_measure_that_comes_back_starts_anew() -> None:
    without = {key: how for key, how in SAME.items() if key != "requests"}
    state = carried_over(carried_over(STATE, SAME, without), without, SAME)
    assert "requests" not in state.counters["m"]
