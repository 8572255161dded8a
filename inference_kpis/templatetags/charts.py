"""Tags that put charts into pages, in the language and the time zone of the page.

`dashboards.charts` escapes every word it is given, so its markup is safe as it comes.
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo

from django import template
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import staticfiles_storage
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from inference_kpis.catalogue import Direction, Kpi
from inference_kpis.dashboards import charts, figures, small_charts, wording
from inference_kpis.dashboards.chart_marks import Mark
from inference_kpis.readings.statistics import Quantity

register = template.Library()

PLOTLY_BUNDLE = "vendor/plotly-basic.min.js"
# From this target on a share is shown as what is lost of what may be lost: a bar to 99.9 % says nothing.
SHOWN_AS_LOSS_FROM = 90.0


def _zone() -> tzinfo:
    return timezone.get_current_timezone()


def _local(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(_zone())


def _day(at_ms: int) -> str:
    return date_format(_local(at_ms), "MONTH_DAY_FORMAT")


def _clock(at_ms: int) -> str:
    return f"{_local(at_ms):%H:%M}"


def _target_text(chart: charts.LineChart) -> str:
    if chart.target is None:
        return ""
    if chart.target_label:
        return chart.target_label
    value = f"{wording.plain(chart.target)}{wording.gap_before(chart.unit_label)}{chart.unit_label}"
    if chart.direction is Direction.LOWER:
        return _("target: at most %(value)s") % {"value": value}
    if chart.direction is Direction.HIGHER:
        return _("target: at least %(value)s") % {"value": value}
    return _("target: %(value)s") % {"value": value}


@register.simple_tag
def line_chart(chart: charts.LineChart, title: str) -> SafeString:
    """The drawing; `title` is what screen readers are told."""
    words = charts.ChartWords(
        number=wording.fixed,
        value=lambda value: wording.number(value, most_decimals=chart.decimals),
        clock=_clock,
        day=_day,
        target=_target_text(chart),
    )
    return SafeString(charts.line_chart(chart, title=str(title), zone=_zone(), words=words))


@register.filter
def mark_time(mark: Mark) -> str:
    """When it happened, or from when to when."""
    start = f"{_day(mark.start_ms)}, {_clock(mark.start_ms)}"
    if mark.end_ms is None:
        return start
    if mark.is_open:
        return _("since %(start)s") % {"start": start}
    is_one_day = _day(mark.start_ms) == _day(mark.end_ms)
    return f"{start} – {_clock(mark.end_ms) if is_one_day else f'{_day(mark.end_ms)}, {_clock(mark.end_ms)}'}"


@register.simple_tag
def chart_table(chart: charts.LineChart, title: str) -> SafeString:
    """The same figures as a table, the newest first."""
    by_series = [dict(series.points) for series in chart.series]
    moments = chart.moments
    is_one_day = bool(moments) and _day(moments[0]) == _day(moments[-1])
    missing = format_html('<span class="no-value">{}</span>', _("no data"))
    rows = []
    for at in reversed(moments):
        when = _clock(at) if is_one_day else f"{_day(at)}, {_clock(at)}"
        cells = [
            missing if value is None else wording.fixed(value, chart.decimals)
            for value in (points.get(at) for points in by_series)
        ]
        tds = format_html_join("", "<td>{}</td>", ((cell,) for cell in cells))
        rows.append((when, tds))
    return format_html(
        '<table class="numbers"><caption class="visually-hidden">{}</caption>'
        '<thead><tr><th scope="col">{}</th>{}</tr></thead><tbody>{}</tbody></table>',
        title,
        _("Time"),
        format_html_join("", '<th scope="col">{}</th>', ((_heading(s.label, chart.unit_label),) for s in chart.series)),
        format_html_join("", '<tr><th scope="row">{}</th>{}</tr>', rows),
    )


def _heading(label: str, unit: str) -> str:
    return f"{label} ({unit})" if label and unit else label or unit


@register.simple_tag
def chart_figure(chart: charts.LineChart) -> str:
    """The interactive figure as JSON, for an attribute: htmx drops script elements from fragments."""
    language = get_language() or "en"
    figure = figures.line_figure(chart, zone=_zone(), language=language, target=_target_text(chart))
    return json.dumps(figure, ensure_ascii=False, separators=(",", ":"))


@register.simple_tag
def sparkline(values: Sequence[float | None] | Sequence[tuple[object, float | None]], label: str = "") -> SafeString:
    """Values, or points of which the second part is the value."""
    plain = [value[1] if isinstance(value, tuple) else value for value in values]
    return SafeString(small_charts.sparkline(plain, label=str(label)))


@register.simple_tag
def bullet(quantity: Quantity, kpi: Kpi, target: float, state: str) -> SafeString:
    """A quantity against its target."""
    value, direction = quantity.value, kpi.direction
    label = _("%(value)s; target: %(target)s") % {
        "value": wording.quantity_text(quantity, kpi),
        "target": wording.written_target(target, kpi),
    }
    if kpi.unit == "%" and direction is Direction.HIGHER and target >= SHOWN_AS_LOSS_FROM:
        value, target, direction = (None if value is None else 100 - value), 100 - target, Direction.LOWER
    return SafeString(small_charts.bullet(value, target, direction, state=str(state), label=label))


@register.simple_tag
def plotly_bundle() -> str | None:
    """The address of the interactive library; None where set-up did not fetch it, and then no page offers it."""
    if not (finders.find(PLOTLY_BUNDLE) or staticfiles_storage.exists(PLOTLY_BUNDLE)):
        return None
    try:
        return staticfiles_storage.url(PLOTLY_BUNDLE)
    except ValueError:  # static files were collected before it was fetched
        return None


@register.simple_tag
def time_zone_name() -> str:
    return timezone.get_current_timezone_name()
