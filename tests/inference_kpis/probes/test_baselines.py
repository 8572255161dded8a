"""Keeping what the central answer took, and comparing the edge with it."""

from datetime import date

import pytest

from accounts.models import AuditEvent
from inference_kpis.probes.baselines import (
    NothingToFreeze,
    enter_baseline,
    freeze_baseline,
    latest_baseline,
    reduction_against,
)
from inference_kpis.probes.models import ProbeBaseline
from inference_kpis.readings.algebra import Distribution
from inference_kpis.readings.rollups import roll_up_touched
from inference_kpis.readings.statistics import NO_DATA, Bound, reduction
from tests.factories import UserFactory
from tests.inference_kpis.probes.probing import answered, probe_of, ran, run_at
from tests.inference_kpis.pulls import START, at
from tests.inference_kpis.readings.test_reductions import observed

pytestmark = pytest.mark.django_db
EDGE = observed([0.02] * 50)


def frozen(seconds: float = 0.08, count: int = 50) -> ProbeBaseline:
    baseline = ProbeBaseline(p50_seconds=seconds)
    baseline.keep(observed([seconds] * count))
    return baseline


def test_it_works() -> None:
    probe = probe_of(interval_seconds=5)
    for number in range(10):
        ran(probe, run_at(number * 5, answered(0.02), answered(0.08)))
    roll_up_touched(at(60))
    kept = freeze_baseline("m", start=START, end=at(60), note="before", by=UserFactory(), now=at(60))
    kept = ProbeBaseline.objects.get(pk=kept.pk)
    assert (kept.samples, kept.window_start, kept.window_end, kept.is_frozen) == (10, START, at(60), True)
    assert kept.p50_seconds == pytest.approx(0.08, rel=0.08)
    assert reduction_against(EDGE, kept, 0.5).value == pytest.approx(0.75, abs=0.03)
    assert latest_baseline("m") == kept
    assert latest_baseline("other") is None
    assert AuditEvent.objects.filter(verb="baseline.keep").exists()


def test_nothing_measured_is_nothing_to_freeze() -> None:
    ran(probe_of(), run_at(0, answered(0.02)))
    roll_up_touched(at(60))
    with pytest.raises(NothingToFreeze):
        freeze_baseline("m", start=START, end=at(60), note="", by=UserFactory(), now=at(60))
    assert not ProbeBaseline.objects.exists()


def test_a_frozen_one_is_a_sample_as_the_edge_is() -> None:
    found, live = reduction_against(EDGE, frozen(), 0.5), reduction(EDGE, observed([0.08] * 50), 0.5)
    assert (found.low, found.high) == (live.low, live.high)
    assert reduction_against(EDGE, frozen(count=6), 0.5).low is None


def test_an_entered_one_is_taken_as_exact() -> None:
    by = UserFactory()
    kept = enter_baseline("m", p50_seconds=0.08, p95_seconds=None, dated_on=date(2026, 1, 2), note="Lab", by=by)
    found = reduction_against(EDGE, kept, 0.5)
    assert found.value == pytest.approx(0.75, abs=0.03)
    assert found.low is not None
    assert found.high is not None
    # One interval of 95 %, and the width of a bucket: narrower than against a sample.
    assert found.low > reduction_against(EDGE, frozen(), 0.5).low  # type: ignore[operator]
    assert reduction_against(EDGE, kept, 0.95) == NO_DATA


@pytest.mark.parametrize(
    ("seconds", "bound", "has_low"), [(0.0001, Bound.AT_LEAST, True), (500.0, Bound.AT_MOST, False)]
)
def test_beyond_the_bounds_only_a_limit_is_known(seconds: float, bound: Bound, has_low: bool) -> None:
    kept = ProbeBaseline(p50_seconds=0.08)
    found = reduction_against(observed([seconds] * 50), kept, 0.5)
    assert found.bound is bound
    assert (found.low is not None) is has_low


@pytest.mark.parametrize("edge", [None, Distribution({}, 0, 0)])
def test_no_probe_is_no_data(edge: Distribution | None) -> None:
    assert reduction_against(edge, frozen(), 0.5) == NO_DATA
