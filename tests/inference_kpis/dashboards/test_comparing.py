"""Differences from an earlier window, and when there is none."""

import pytest

from inference_kpis.catalogue import KPIS
from inference_kpis.dashboards.comparing import Change, change
from inference_kpis.dashboards.wording import written_difference
from inference_kpis.readings.statistics import NO_DATA, NOT_EXPOSED, Bound, Quantity


def exact(value: float) -> Quantity:
    return Quantity(value, value, value)


@pytest.mark.parametrize(
    ("now", "before", "expected"),
    [
        (exact(120), exact(100), Change(20, 0.2)),
        (exact(0), exact(100), Change(-100, -1.0)),
        (exact(5), exact(0), Change(5, None)),
        (exact(5), exact(5), Change(0, 0.0)),
        (exact(5), NO_DATA, Change()),
        (NOT_EXPOSED, exact(5), Change()),
        (Quantity(300, 0, 300, Bound.AT_MOST), exact(5), Change(is_undecided=True)),
        (exact(5), Quantity(300, 300, None, Bound.AT_LEAST), Change(is_undecided=True)),
        (Quantity(120, 100, 200), Quantity(150, 100, 200), Change(-30, -0.2, is_within_buckets=True)),
        (Quantity(120, 100, 200), Quantity(60, 50, 100), Change(60, 1.0)),
    ],
)
def test_it_works(now: Quantity, before: Quantity, expected: Change) -> None:
    assert change(now, before) == expected


@pytest.mark.parametrize(
    ("key", "changed", "words"),
    [
        ("e2e_latency_p95", Change(20, 0.2), "+20\u00a0ms (+20%)"),
        ("e2e_latency_p95", Change(-5, -0.05, is_within_buckets=True), "≈\u00a0\u22125\u00a0ms (\u22125.0%)"),
        ("availability", Change(-0.5, -0.005), "\u22120.500\u00a0points"),
        ("request_rate", Change(5, None), "+5\u00a0req/s"),
        ("request_rate", Change(is_undecided=True), "cannot be decided"),
        ("request_rate", Change(), ""),
    ],
)
def test_in_words(key: str, changed: Change, words: str) -> None:
    assert written_difference(changed, KPIS[key]) == words
