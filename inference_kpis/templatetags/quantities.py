"""Filters that write quantities, targets and ages; the words are in `dashboards.wording`."""

from datetime import datetime, timedelta

from django import template
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from inference_kpis.catalogue import Kpi
from inference_kpis.dashboards import wording
from inference_kpis.dashboards.comparing import Change
from inference_kpis.readings.statistics import Quantity

register = template.Library()


@register.filter
def kpi_value(quantity: Quantity, kpi: Kpi) -> SafeString:
    """A measured quantity: number and unit, or the reason why there is none."""
    written = wording.written_quantity(quantity, kpi)
    if written is None:
        return format_html('<span class="no-value">{}</span>', wording.no_value(quantity))
    return _marked_up(written, wording.caution(quantity))


@register.filter
def kpi_change(change: Change | None, kpi: Kpi) -> str:
    """A difference from an earlier window in words; '' where there is none."""
    return "" if change is None else wording.written_difference(change, kpi)


@register.filter
def kpi_text(quantity: Quantity, kpi: Kpi) -> str:
    """The same in plain text, for attributes and sentences."""
    return wording.quantity_text(quantity, kpi)


@register.filter
def kpi_interval(quantity: Quantity, kpi: Kpi) -> str:
    """The interval of confidence in words; '' for a quantity without one."""
    return wording.interval(quantity, kpi)


@register.filter
def kpi_number(value: float | None, kpi: Kpi) -> SafeString:
    """A plain number in the KPI's unit, such as a baseline."""
    if value is None:
        return format_html('<span class="no-value">{}</span>', _("no data"))
    return _marked_up(wording.written(float(value), kpi))


@register.filter
def kpi_target(value: float, kpi: Kpi) -> SafeString:
    """A target with the side of it that is good."""
    return _marked_up(wording.written_target(float(value), kpi))


def _marked_up(written: wording.Written, caution: str = "") -> SafeString:
    sign = f"{written.sign}{written.sign_gap}"
    number = format_html('<span class="number">{}</span>', written.number)
    unit = format_html('<span class="unit">{}</span>', written.unit) if written.unit else ""
    parts = (unit, written.gap, number) if written.is_unit_first else (number, written.gap, unit)
    title = format_html(' title="{}"', caution) if caution else ""
    return format_html('<span class="quantity"{}>{}{}{}{}</span>', title, sign, *parts)


@register.filter
def number(value: wording.Number | None, digits: int = 3) -> str:
    """A number to three significant digits, or as many as asked for; '' for None."""
    return "" if value is None else wording.number(value, digits)


@register.filter
def fixed(value: wording.Number | None, decimals: int = 0) -> str:
    """A number with so many decimals; '' for None."""
    return "" if value is None else wording.fixed(value, decimals)


@register.filter
def signed(value: wording.Number | None) -> str:
    """A change with its sign; '' for None."""
    return "" if value is None else wording.signed(value)


@register.filter
def percent(share: wording.Number | None, decimals: int = 0) -> str:
    """A share of 1 as a percentage; '' for None."""
    return "" if share is None else wording.percent(share, decimals)


@register.filter
def age(moment: datetime | None, now: datetime | None = None) -> SafeString:
    """How long ago, growing while the page is open; the exact moment is in its title."""
    if moment is None:
        return format_html('<span class="no-value">{}</span>', _("never"))
    return format_html(
        '<time datetime="{}" title="{}" data-age>{}</time>',
        moment.isoformat(),
        date_format(timezone.localtime(moment), "DATETIME_FORMAT"),
        wording.age(moment, now or timezone.now()),
    )


@register.filter
def moment(value: datetime | None) -> SafeString:
    """Day and time in the company's time zone; '' for None."""
    if value is None:
        return SafeString("")
    return format_html(
        '<time datetime="{}">{}</time>',
        value.isoformat(),
        date_format(timezone.localtime(value), "DATETIME_FORMAT"),
    )


@register.filter
def duration(length: timedelta | float) -> str:
    """A length of time; numbers are seconds."""
    return wording.duration(length)


@register.simple_tag
def age_patterns() -> dict[str, str]:
    return wording.age_patterns()
