"""Where a success metric stands: met, missed, or unknown where nothing was measured or a bound cannot decide."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from inference_kpis.formulas.known import kpis_by_key
from inference_kpis.readings.algebra import Distribution, Increase, MeasureValue, Reading
from inference_kpis.readings.queries import Group, GroupReading, Window
from inference_kpis.readings.statistics import NoValue
from inference_kpis.readings.store import as_ms
from readiness.success.models import SuccessMetric
from readiness.success.standing import TREND_STEPS, WINDOW, Standing, Status, is_in_scope, standing, standings

NOW = datetime(2026, 11, 2, 10, 0, tzinfo=UTC)
LYON = Group(1, 1, "lyon", "Lyon", "edge", "vllm", "m")
FRANKFURT = Group(2, 2, "frankfurt", "Frankfurt", "edge", "vllm", "m")
DUBLIN = Group(3, 3, "dublin", "Dublin", "central", "vllm", "m")
BOUNDS = (0.5, 1.0)


def metric(kpi: str, target: float, **values: Any) -> SuccessMetric:
    return SuccessMetric(kpi=kpi, target_value=target, **values)


def read(group: Group, minutes_ago: int = 5, **measures: MeasureValue) -> GroupReading:
    start = NOW - timedelta(minutes=minutes_ago)
    return GroupReading(group, start, Reading(as_ms(start), as_ms(start) + 60_000, measures))


def latency(group: Group, *counts: int) -> GroupReading:
    return read(group, e2e_latency=Distribution({BOUNDS: counts}, 0, 60_000))


def requests(group: Group, number: int, failed: int = 0, minutes_ago: int = 5) -> GroupReading:
    return read(group, minutes_ago, requests=Increase(number, 60_000), failed_requests=Increase(failed, 60_000))


def stand(of: SuccessMetric, *readings: GroupReading) -> Standing:
    return standing(of, kpis_by_key([of.kpi])[of.kpi], readings, Window.ending(NOW, WINDOW, TREND_STEPS))


def test_it_works() -> None:
    found = stand(metric("success_ratio", 99), requests(LYON, 200, failed=1), requests(DUBLIN, 200, failed=3))
    assert (found.status, found.quantity.value) == (Status.MET, pytest.approx(99))
    assert found.kpi.key == "success_ratio"


@pytest.mark.parametrize(
    ("kpi", "target", "reading", "status"),
    [
        # Higher is better.
        ("success_ratio", 95.0, requests(LYON, 100, failed=5), Status.MET),
        ("success_ratio", 95.1, requests(LYON, 100, failed=5), Status.MISSED),
        # Exactly reached, where binary fractions would be a hair short of it.
        ("success_ratio", 93, requests(LYON, 100, failed=7), Status.MET),
        ("success_ratio", 56, requests(LYON, 100, failed=44), Status.MET),
        # Lower is better; between two bounds the value decides.
        ("e2e_latency_p50", 750, latency(LYON, 0, 10, 0), Status.MET),
        ("e2e_latency_p50", 749, latency(LYON, 0, 10, 0), Status.MISSED),
        # In the first bucket it is 500 ms at most: enough for 500, too little known for 400.
        ("e2e_latency_p50", 500, latency(LYON, 10, 0, 0), Status.MET),
        ("e2e_latency_p50", 400, latency(LYON, 10, 0, 0), Status.UNKNOWN),
        # Above the last one it is 1000 ms at least: surely more than 900, and perhaps more than 1100.
        ("e2e_latency_p50", 900, latency(LYON, 0, 0, 10), Status.MISSED),
        ("e2e_latency_p50", 1100, latency(LYON, 0, 0, 10), Status.UNKNOWN),
    ],
)
def test_a_value_meets_its_target_or_does_not(kpi: str, target: float, reading: GroupReading, status: Status) -> None:
    assert stand(metric(kpi, target), reading).status is status


def test_without_readings_it_is_unknown() -> None:
    found = stand(metric("success_ratio", 99))
    assert (found.status, found.quantity.value, found.quantity.reason) == (Status.UNKNOWN, None, NoValue.NO_DATA)
    assert set(found.trend) == {None}


def test_without_traffic_it_is_unknown_and_not_zero() -> None:
    assert stand(metric("success_ratio", 99), requests(LYON, 0)).status is Status.UNKNOWN


def test_what_no_engine_exposes_is_unknown() -> None:
    triton = Group(4, 4, "madrid", "Madrid", "edge", "triton", "m")
    found = stand(metric("e2e_latency_p95", 500), requests(triton, 10))
    assert (found.status, found.quantity.reason) == (Status.UNKNOWN, NoValue.NOT_EXPOSED)


@pytest.mark.parametrize(
    ("scope", "groups"),
    [
        ({"scope": "fleet"}, (LYON, FRANKFURT, DUBLIN)),
        ({"scope": "tier", "tier": "edge"}, (LYON, FRANKFURT)),
        ({"scope": "tier", "tier": "device"}, ()),
        ({"scope": "site", "site_id": 2}, (FRANKFURT,)),
    ],
)
def test_only_what_is_in_scope_counts(scope: dict[str, Any], groups: Sequence[Group]) -> None:
    of = metric("request_rate", 1, **scope)
    everything = [requests(group, 60) for group in (LYON, FRANKFURT, DUBLIN)]
    assert [each.group for each in everything if is_in_scope(of, each.group)] == list(groups)
    assert stand(of, *everything).quantity.value == (len(groups) or None)


def test_the_trend_has_a_value_a_step_and_gaps_between() -> None:
    found = stand(metric("request_rate", 1), requests(LYON, 60, minutes_ago=5), requests(LYON, 120, minutes_ago=30))
    assert len(found.trend) in {TREND_STEPS, TREND_STEPS + 1}
    assert [value for value in found.trend if value is not None] == [2, 1]


@pytest.mark.parametrize(
    ("baseline", "target", "failed", "share"),
    [
        (None, 99, 2, None),
        (90, 100, 5, 0.5),
        (90, 95, 5, 1.0),
        (90, 95, 0, 2.0),
        (96, 100, 5, -0.25),
        (99, 99, 5, None),
    ],
)
def test_the_way_from_baseline_to_target(
    baseline: float | None, target: float, failed: int, share: float | None
) -> None:
    of = metric("success_ratio", target, baseline_value=baseline)
    assert stand(of, requests(LYON, 100, failed=failed)).share_of_way == (share and pytest.approx(share))


def test_without_a_value_no_way_is_shown() -> None:
    assert stand(metric("success_ratio", 99, baseline_value=90)).share_of_way is None


def test_no_metrics_ask_nothing() -> None:
    """Not even the database, which this file does not have."""
    assert standings([], NOW) == []
