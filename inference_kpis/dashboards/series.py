"""KPIs over time: what the charts, tables and CSV files of the pages are made of."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from inference_kpis.catalogue import Kpi
from inference_kpis.readings.algebra import EMPTY, Reading
from inference_kpis.readings.queries import Group, GroupReading, Window, by_step, giving, kpi_of
from inference_kpis.readings.statistics import Quantity, kpi_quantity

# The windows that pages offer: key in the URL → length and label.
WINDOWS: dict[str, tuple[timedelta, str | Promise]] = {
    "15m": (timedelta(minutes=15), _("15 minutes")),
    "1h": (timedelta(hours=1), _("1 hour")),
    "6h": (timedelta(hours=6), _("6 hours")),
    "24h": (timedelta(hours=24), _("24 hours")),
    "7d": (timedelta(days=7), _("7 days")),
}
DEFAULT_WINDOW = "1h"


@dataclass(frozen=True)
class Line:
    """One line of a chart: a value a step (None: nothing measured), and the KPI over the whole window."""

    label: str
    points: tuple[tuple[datetime, float | None], ...]
    quantity: Quantity


def window_of(key: str, now: datetime) -> tuple[str, Window]:
    """The window of this key, or the default one for a key that there is not."""
    known = key if key in WINDOWS else DEFAULT_WINDOW
    return known, Window.ending(now, WINDOWS[known][0])


def lines(
    kpi: Kpi, readings: Iterable[GroupReading], window: Window, key: Callable[[Group], str]
) -> list[Line]:
    """One line for each value of `key`, such as the site, in the order of their labels."""
    by_key: dict[str, list[GroupReading]] = {}
    for each in readings:
        by_key.setdefault(key(each.group), []).append(each)
    return [
        Line(label, points(kpi, ((r.bucket_at, r.reading) for r in giving(kpi, of_key)), window), kpi_of(kpi, of_key))
        for label, of_key in sorted(by_key.items())
    ]


def points(
    kpi: Kpi, readings: Iterable[tuple[datetime, Reading]], window: Window
) -> tuple[tuple[datetime, float | None], ...]:
    """The KPI of each step of the window."""
    steps = by_step(readings, window)
    return tuple((start, kpi_quantity(kpi, steps.get(start, EMPTY)).value) for start in window.step_starts())
