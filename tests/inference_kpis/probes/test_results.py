"""From a run to measures."""

from itertools import pairwise

import pytest

from inference_kpis.catalogue import MEASURES, PROBE_MEASURES
from inference_kpis.probes.results import BOUNDS, Answer, Run, reading_of
from inference_kpis.readings.algebra import MOST_BUCKETS, Distribution, Increase, fits
from inference_kpis.readings.statistics import quantile
from tests.inference_kpis.probes.probing import FAILED, answered

EDGE, CENTRAL = answered(0.02), answered(0.08)
COMPARED = {"compared_probe_latency", "central_probe_latency", "central_probe_time_to_first_token"}


def test_it_works() -> None:
    reading = reading_of(Run(1000, EDGE, CENTRAL), covered_ms=60_000)
    assert (reading.start_ms, reading.end_ms) == (1000, 1001)
    assert reading.measures.keys() == PROBE_MEASURES
    assert reading.measures["successful_probes"] == Increase(1, 60_000)
    latency = reading.measures["central_probe_latency"]
    assert isinstance(latency, Distribution)
    assert latency.sum == MEASURES["central_probe_latency"].to_quanta(0.08)
    found = quantile(latency, 0.5)
    assert found.low < 0.08 <= found.high  # type: ignore[operator]


def test_bounds_are_fine_and_fit() -> None:
    assert (BOUNDS[0], BOUNDS[-1]) == (0.001, 100.0)
    assert all(1.07 < b / a < 1.08 for a, b in pairwise(BOUNDS))
    assert len(BOUNDS) <= MOST_BUCKETS
    assert all(fits(value) for value in reading_of(Run(1, EDGE, CENTRAL), covered_ms=1).measures.values())


@pytest.mark.parametrize(
    ("edge", "central", "left_out"),
    [
        (EDGE, None, {*COMPARED, "central_probes", "successful_central_probes"}),
        (EDGE, FAILED, COMPARED),
        (FAILED, CENTRAL, {*COMPARED, "probe_latency", "probe_time_to_first_byte", "probe_time_to_first_token"}),
        (
            Answer("", 200, 0.01, None, 0.02),
            None,
            PROBE_MEASURES - {"probes", "successful_probes", "probe_latency", "probe_time_to_first_byte"},
        ),
    ],
    ids=["no counterpart", "counterpart failed", "edge failed", "plain HTTP"],
)
def test_only_what_was_seen_is_there(edge: Answer, central: Answer | None, left_out: set[str]) -> None:
    measures = reading_of(Run(1000, edge, central), covered_ms=1).measures
    assert measures.keys() == PROBE_MEASURES - left_out
    successful = measures["successful_probes"]
    assert successful == Increase(int(edge.is_good), 1)
