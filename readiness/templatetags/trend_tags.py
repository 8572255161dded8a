"""Trends as drawings, and their changes in words."""

from datetime import UTC, datetime
from decimal import Decimal

from django import template
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.safestring import SafeString

from inference_kpis.dashboards import charts, wording

register = template.Library()


def _day(at_ms: int) -> str:
    at = datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(timezone.get_current_timezone())
    return date_format(at, "SHORT_DATE_FORMAT")


@register.simple_tag
def trend_drawing(chart: charts.LineChart, title: str) -> SafeString:
    """The drawing, with dates and their year below it: trends last for years. It escapes every word it is given."""
    words = charts.ChartWords(
        number=wording.fixed, value=lambda value: number_format(value, chart.decimals), clock=_day, day=_day
    )
    zone = timezone.get_current_timezone()
    return SafeString(charts.line_chart(chart, title=str(title), zone=zone, words=words))


@register.filter
def moved(value: Decimal) -> str:
    """A difference of two indexes with its sign and one decimal."""
    text = number_format(abs(value), 1)
    return f"+{text}" if value > 0 else f"−{text}" if value < 0 else text
