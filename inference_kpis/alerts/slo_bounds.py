"""The bounds of the histograms that the fleet's engines report: what a latency objective can be decided at."""

from datetime import datetime, timedelta

from inference_kpis.alerts.measuring import window_up_to
from inference_kpis.readings.algebra import Distribution
from inference_kpis.readings.queries import group_readings

LOOKED_BACK = timedelta(hours=1)


def bounds_in_use(measure: str, now: datetime) -> set[float]:
    """In ms; empty where nothing was measured lately. Reads the groups of the last hour."""
    found: set[float] = set()
    for each in group_readings(window_up_to(now, LOOKED_BACK)):
        distribution = each.reading.measures.get(measure)
        if isinstance(distribution, Distribution):
            found |= {bound * 1000 for bounds in distribution.counts for bound in bounds}
    return found
