"""Asking the measurements: what level each binding's KPI shows over its window; the trail says when it contradicts."""

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import Count

from accounts.audit import record
from inference_kpis.catalogue import KPIS
from inference_kpis.engines import ENGINES
from inference_kpis.fleet.models import Node
from inference_kpis.readings.queries import Window, exposed_by, group_readings, kpi_of
from inference_kpis.readings.statistics import Quantity, gives
from readiness.assessments.models import Assessment, Binding, BindingCheck
from readiness.assessments.results import STEPS_PER_WINDOW, latest_checks, measurement_of
from readiness.scoring import HIGHEST_LEVEL, Comparator, Thresholds, held_level


def check_bindings(now: datetime) -> int:
    """Measure every binding whose next window is over; the number of windows measured."""
    return sum(
        _check_if_due(binding, now) for binding in Binding.objects.select_related("team").prefetch_related("sites")
    )


def _check_if_due(binding: Binding, now: datetime) -> bool:
    window_end = window_end_before(binding, now)
    with transaction.atomic():
        # One worker at a time: the other one then finds the window measured.
        is_there = Binding.objects.select_for_update().filter(pk=binding.pk).first() is not None
        if not is_there or binding.checks.filter(window_end=window_end).exists():
            return False
        before = contradiction(binding, now)
        check_binding(binding, window_end)
        after = contradiction(binding, now)
        if after and not before:
            subject = f"{binding.team} · {binding.practice}"
            declared, measured = after
            record("answer.contradicted", subject, actor=None, kpi=binding.kpi, declared=declared, measured=measured)
    return True


def contradiction(binding: Binding, now: datetime) -> tuple[int, int] | None:
    """The level that the team's latest approved answer declares and the lower one measured twice in a row; else None."""
    assessment = Assessment.objects.latest_approved_per_team().filter(team=binding.team_id).first()
    answer = assessment and assessment.answers.filter(practice=binding.practice).exclude(level=None).first()
    if not answer or answer.level is None:
        return None
    measured = measurement_of(binding, latest_checks([binding])[binding.pk], now).contradicted_at(answer.level)
    return None if measured is None else (answer.level, measured)


def window_end_before(binding: Binding, now: datetime) -> datetime:
    """The latest end of a window: they follow each other by a quarter of their length."""
    step = timedelta(seconds=max(binding.window_seconds // STEPS_PER_WINDOW, 1))
    origin = datetime(1970, 1, 1, tzinfo=UTC)
    return origin + (now - origin) // step * step


def check_binding(binding: Binding, window_end: datetime) -> BindingCheck:
    """Measure one window and keep what it says; a second worker that does the same changes nothing."""
    window = Window(window_end - timedelta(seconds=binding.window_seconds), window_end, timedelta(minutes=1))
    kpi = KPIS[binding.kpi]
    sites = [site.pk for site in binding.sites.all()]
    readings = group_readings(window, sites=sites or None, kpis=[kpi], by=lambda group: group.site_id)
    by_site: dict[int, list[Quantity]] = {}
    nodes_of = _nodes_that_give(binding, sites)
    for site_id in sites or nodes_of:
        by_site[site_id] = [kpi_of(kpi, [each for each in readings if each.group.site_id == site_id])]
    quantities = [quantity for found in by_site.values() for quantity in found]
    level = shared_level([_level(binding, quantity) for quantity in quantities], binding.site_share)
    together = kpi_of(kpi, readings)
    expected_ms = sum(nodes_of.values()) * window.seconds * 1000
    coverage = min(together.coverage_ms / expected_ms, 1.0) if expected_ms else 0.0
    check, _ = BindingCheck.objects.get_or_create(
        binding=binding,
        window_end=window_end,
        defaults={
            "window_start": window.start,
            "measured_level": level,
            "value": together.value,
            "samples": together.samples,
            "coverage": Decimal(f"{coverage:.3f}"),
        },
    )
    return check


def _nodes_that_give(binding: Binding, sites: Sequence[int]) -> dict[int, int]:
    """How many nodes in scope could show the KPI, by site."""
    kpi = KPIS[binding.kpi]
    engines = [key for key in ENGINES if gives(kpi, exposed_by([key]))]
    nodes = Node.objects.in_service().filter(engine__in=engines)
    if sites:
        nodes = nodes.filter(site__in=sites)
    return dict(nodes.order_by().values_list("site").annotate(Count("pk")))


def thresholds_of(comparator: str, by_level: Mapping[str, float]) -> Thresholds:
    """Thresholds as stored. Raises ValueError or ArithmeticError for what makes no ladder."""
    numbers = {int(level): Decimal(str(threshold)) for level, threshold in by_level.items()}
    return Thresholds(Comparator(comparator), numbers)


def _level(binding: Binding, quantity: Quantity) -> int | None:
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
