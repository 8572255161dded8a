"""Asking the measurements: what level each binding's KPI, or figure of a workspace, shows over its window."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from django.db.models import Count

from inference_kpis.catalogue import KPIS, Kpi
from inference_kpis.engines import ENGINES
from inference_kpis.fleet.models import Node, Site
from inference_kpis.readings.queries import Window, exposed_by, group_readings, kpi_of
from inference_kpis.readings.statistics import Quantity, gives
from readiness.assessments.models import Answer, Assessment, Binding, BindingCheck
from readiness.assessments.reports import latest_report
from readiness.assessments.results import STEPS_PER_WINDOW, latest_checks, measurement_of
from readiness.scoring import HIGHEST_LEVEL, Comparator, Measurement, Thresholds, held_level


def check_if_due(binding: Binding, now: datetime) -> bool:
    """Measure the binding's last whole window unless that is done; in the caller's transaction, one worker at a time."""
    window_end = window_end_before(binding, now)
    is_there = Binding.objects.select_for_update().filter(pk=binding.pk).first() is not None
    if not is_there or binding.checks.filter(window_end=window_end).exists():
        return False
    check_binding(binding, window_end)
    return True


def declared_by(binding: Binding) -> Answer | None:
    """The team's latest approved answer to the binding's practice, if it has a level; two queries."""
    assessment = Assessment.objects.latest_approved_per_team().filter(team=binding.team_id).first()
    if assessment is None:
        return None
    answers = assessment.answers.filter(practice=binding.practice).exclude(level=None)
    return answers.select_related("answered_by", "assessment").first()


def measured(binding: Binding, now: datetime) -> Measurement:
    """What the binding's windows say as of `now`; one query."""
    return measurement_of(binding, latest_checks([binding])[binding.pk], now)


def window_end_before(binding: Binding, now: datetime) -> datetime:
    """The latest end of a window: they follow each other by a quarter of their length."""
    step = timedelta(seconds=max(binding.window_seconds // STEPS_PER_WINDOW, 1))
    origin = datetime(1970, 1, 1, tzinfo=UTC)
    return origin + (now - origin) // step * step


@dataclass(frozen=True)
class Judged:
    """What one window says: the level over all sites, the figure over all of them, and each site's own."""

    window_start: datetime
    window_end: datetime
    level: int | None
    value: float | None
    samples: int
    coverage: float
    by_site: tuple[tuple[str, Quantity, int | None], ...] = ()


def check_binding(binding: Binding, window_end: datetime) -> BindingCheck:
    """Measure one window and keep what it says; a second worker that does the same changes nothing."""
    found = judge(binding, list(binding.sites.all()), window_end)
    check, _ = BindingCheck.objects.get_or_create(
        binding=binding,
        window_end=window_end,
        defaults={
            "window_start": found.window_start,
            "measured_level": found.level,
            "value": found.value,
            "samples": found.samples,
            "coverage": Decimal(f"{found.coverage:.3f}"),
        },
    )
    return check


def judge(binding: Binding, sites: Sequence[Site], window_end: datetime) -> Judged:
    """What a binding, saved or not, would say of the window that ends then; without sites it looks at all."""
    start = window_end - timedelta(seconds=binding.window_seconds)
    if binding.source == Binding.Source.WORKSPACE:
        return _judge_report(binding, start, window_end)
    window = Window(start, window_end, timedelta(minutes=1))
    kpi = KPIS[binding.kpi]
    ids = [site.pk for site in sites]
    readings = group_readings(window, sites=ids or None, kpis=[kpi], by=lambda group: group.site_id)
    nodes_of = _nodes_that_give(kpi, ids)
    names = dict(Site.objects.filter(pk__in=ids or nodes_of).values_list("pk", "name"))
    by_site = []
    for site_id in ids or nodes_of:
        quantity = kpi_of(kpi, [each for each in readings if each.group.site_id == site_id])
        by_site.append((names[site_id], quantity, level_of(binding, quantity)))
    together = kpi_of(kpi, readings)
    expected_ms = sum(nodes_of.values()) * window.seconds * 1000
    return Judged(
        window.start,
        window_end,
        shared_level([level for _, _, level in by_site], binding.site_share),
        together.value,
        together.samples,
        min(together.coverage_ms / expected_ms, 1.0) if expected_ms else 0.0,
        tuple(by_site),
    )


def _judge_report(binding: Binding, start: datetime, end: datetime) -> Judged:
    told = latest_report(binding, start, end)
    if told is None:
        return Judged(start, end, None, None, 0, 0.0)
    thresholds = thresholds_of(binding.comparator, binding.thresholds)
    level = held_level(thresholds.comparisons(told.value, told.value))
    return Judged(start, end, level, told.value, told.samples, 1.0)


def _nodes_that_give(kpi: Kpi, sites: Sequence[int]) -> dict[int, int]:
    """How many nodes in scope could show the KPI, by site."""
    engines = [key for key in ENGINES if gives(kpi, exposed_by([key]))]
    nodes = Node.objects.in_service().filter(engine__in=engines)
    if sites:
        nodes = nodes.filter(site__in=sites)
    return dict(nodes.order_by().values_list("site").annotate(Count("pk")))


def thresholds_of(comparator: str, by_level: Mapping[str, float]) -> Thresholds:
    """Thresholds as stored. Raises ValueError or ArithmeticError for what makes no ladder."""
    numbers = {int(level): Decimal(str(threshold)) for level, threshold in by_level.items()}
    return Thresholds(Comparator(comparator), numbers)


def level_of(binding: Binding, quantity: Quantity) -> int | None:
    """The level that a quantity holds; its value decides, except where only a bound or an interval of confidence is known."""
    if quantity.value is None:
        return None
    thresholds = thresholds_of(binding.comparator, binding.thresholds)
    if quantity.confidence is not None:
        return held_level(thresholds.comparisons(quantity.low, quantity.high))
    low = quantity.value if quantity.bound != "at_most" else None
    high = quantity.value if quantity.bound != "at_least" else None
    return held_level(thresholds.comparisons(low, high))


def shared_level(levels: Sequence[int | None], share: Decimal) -> int | None:
    """The highest level that at least `share` of the sites hold; None where unknown sites could change it."""
    needed = max(math.ceil(share * len(levels)), 1)

    def held(unknown_as: int) -> int:
        ranked = sorted((unknown_as if level is None else level for level in levels), reverse=True)
        return ranked[needed - 1] if len(ranked) >= needed else 0

    worst, best = held(0), held(HIGHEST_LEVEL)
    return worst if levels and worst == best else None
