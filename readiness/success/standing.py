"""Where success metrics stand: the KPI of each metric's scope over the last hour, against its target.

All metrics are judged from one reading of the roll-ups, so that a page with twenty costs as much as one with one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from inference_kpis.catalogue import Kpi
from inference_kpis.dashboards.series import trend
from inference_kpis.formulas.known import kpis_by_key
from inference_kpis.readings.queries import Group, GroupReading, Window, group_readings, kpi_of
from inference_kpis.readings.statistics import Quantity, reaches
from readiness.success.models import SuccessMetric

WINDOW = timedelta(hours=1)
TREND_STEPS = 30


class Status(StrEnum):
    MET = "met"
    MISSED = "missed"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Standing:
    """A metric as measured now. `trend` has one value a step, None where nothing was measured."""

    metric: SuccessMetric
    kpi: Kpi
    quantity: Quantity
    status: Status
    trend: Sequence[float | None]

    @property
    def share_of_way(self) -> float | None:
        """How much of the way from baseline to target is done, as a share; None without a baseline or a value."""
        baseline, value = self.metric.baseline_value, self.quantity.value
        if baseline is None or value is None or baseline == self.metric.target_value:
            return None
        return (value - baseline) / (self.metric.target_value - baseline)


def standings(metrics: Sequence[SuccessMetric], now: datetime) -> list[Standing]:
    """Each metric's standing; at most six queries, none for no metrics."""
    if not metrics:
        return []
    window = Window.ending(now, WINDOW, TREND_STEPS)
    kpis = kpis_by_key(metric.kpi for metric in metrics)
    readings = group_readings(window, kpis=list(kpis.values()), by=lambda group: group.site_id)
    return [standing(metric, kpis[metric.kpi], readings, window) for metric in metrics]


def standing(metric: SuccessMetric, kpi: Kpi, readings: Iterable[GroupReading], window: Window) -> Standing:
    """One metric's standing, from readings of at least its scope."""
    in_scope = [each for each in readings if is_in_scope(metric, each.group)]
    quantity = kpi_of(kpi, in_scope)
    verdict = reaches(quantity, metric.target_value, kpi.direction)
    status = Status.UNKNOWN if verdict is None else Status.MET if verdict else Status.MISSED
    return Standing(metric, kpi, quantity, status, trend(kpi, in_scope, window))


def is_in_scope(metric: SuccessMetric, group: Group) -> bool:
    """Whether a group of nodes belongs to the metric's scope."""
    if metric.scope == SuccessMetric.Scope.SITE:
        return group.site_id == metric.site_id
    if metric.scope == SuccessMetric.Scope.TIER:
        return group.tier == metric.tier
    return True
