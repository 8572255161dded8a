"""Tags that draw what a rule would have done, and write what an alert says."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django import template
from django.utils.translation import gettext as _

from inference_kpis.alerts.burn_rates import budget_lasts
from inference_kpis.alerts.models import AlertRule
from inference_kpis.alerts.preview import Preview
from inference_kpis.catalogue import Direction, Kpi
from inference_kpis.dashboards import wording
from inference_kpis.dashboards.charts import LineChart, Series

register = template.Library()
# More lines than these cannot be told apart; those that would have fired come first.
MOST_LINES = 5


def _ms(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


@register.simple_tag
def preview_chart(preview: Preview) -> LineChart:
    """The values against the threshold; without a line for a rule that misses data or watches states."""
    kpi = preview.kpi if preview.rule.kind in {AlertRule.Kind.KPI, AlertRule.Kind.ABSENCE} else None
    firing_first = sorted(preview.lines, key=lambda line: -len(line.spells))[:MOST_LINES]
    series = tuple(
        Series(line.label, tuple((_ms(at), value) for at, value in line.points), rank)
        for rank, line in enumerate(firing_first)
    )
    threshold = preview.rule.threshold_shown
    is_share = preview.rule.kind == AlertRule.Kind.STATE or (kpi is not None and kpi.unit == "%")
    return LineChart(
        series,
        _ms(preview.start),
        _ms(preview.end),
        60_000,
        _unit(preview.rule, kpi),
        kpi.decimals if kpi else 1,
        threshold,
        _direction(preview.rule),
        "" if threshold is None else _("threshold %(value)s") % {"value": wording.plain(threshold)},
        starts_at_zero=not (kpi is not None and is_share and kpi.direction is Direction.HIGHER),
        ceiling=100.0 if is_share else None,
    )


def _unit(rule: AlertRule, kpi: Kpi | None) -> str:
    if kpi is not None:
        return wording.unit_label(kpi)
    return "%" if rule.kind == AlertRule.Kind.STATE else "×"


def _direction(rule: AlertRule) -> Direction:
    return Direction.HIGHER if rule.side == AlertRule.Side.BELOW else Direction.LOWER


@register.filter
def alert_value(said: Any, rule: AlertRule) -> str:
    """The number behind an alert or an event, with its unit; '' where there is none."""
    if said.value is None:
        return ""
    if rule.kind == AlertRule.Kind.BURN:
        return _burn_text(said.value)
    kpi = rule.measured_kpi
    return wording.quantity_text(said.quantity, kpi) if kpi else ""


def _burn_text(rate: float) -> str:
    """A burn rate in words, and what it means for the month."""
    text = _("burns at %(rate)s times the allowed rate") % {"rate": wording.number(rate)}
    if rate <= 1:
        return text
    lasts = _("at this pace a budget of 30 days lasts %(length)s") % {"length": wording.duration(budget_lasts(rate))}
    return f"{text} · {lasts}"
