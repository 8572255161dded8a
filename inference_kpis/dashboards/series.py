"""KPIs over time: what the charts, tables and CSV files of the pages are made of."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.alphabet import alphabetical
from inference_kpis.catalogue import Direction, Kpi
from inference_kpis.readings.algebra import EMPTY, Reading
from inference_kpis.readings.queries import Group, GroupReading, Window, by_step, giving, kpi_of
from inference_kpis.readings.statistics import Quantity, kpi_quantity

# The windows that pages offer: key in the URL → length and label.
WINDOWS: dict[str, tuple[timedelta, str | Promise]] = {
    "15m": (timedelta(minutes=15), gettext_lazy("15 minutes")),
    "1h": (timedelta(hours=1), gettext_lazy("1 hour")),
    "6h": (timedelta(hours=6), gettext_lazy("6 hours")),
    "24h": (timedelta(hours=24), gettext_lazy("24 hours")),
    "7d": (timedelta(days=7), gettext_lazy("7 days")),
}
DEFAULT_WINDOW = "1h"


Points = tuple[tuple[datetime, float | None], ...]


@dataclass(frozen=True)
class Line:
    """One line of a chart: a value a step (None: nothing measured), and the KPI over the whole window."""

    label: str
    points: Points
    quantity: Quantity


def window_of(key: str, now: datetime) -> tuple[str, Window]:
    """The window of this key, or the default one for a key that there is not."""
    known = key if key in WINDOWS else DEFAULT_WINDOW
    return known, Window.ending(now, WINDOWS[known][0])


def lines(kpi: Kpi, readings: Iterable[GroupReading], window: Window, key: Callable[[Group], str]) -> list[Line]:
    """One line for each value of `key`, such as the site, in the order of their labels."""
    by_key: dict[str, list[GroupReading]] = {}
    for each in readings:
        by_key.setdefault(key(each.group), []).append(each)
    return [
        Line(label, points(kpi, ((r.bucket_at, r.reading) for r in giving(kpi, of_key)), window), kpi_of(kpi, of_key))
        for label, of_key in sorted(by_key.items(), key=lambda pair: alphabetical(pair[0]))
    ]


def points(kpi: Kpi, readings: Iterable[tuple[datetime, Reading]], window: Window) -> Points:
    """The KPI of each step of the window."""
    steps = by_step(readings, window)
    return tuple((start, kpi_quantity(kpi, steps.get(start, EMPTY)).value) for start in window.step_starts())


def trend(kpi: Kpi, readings: Iterable[GroupReading], window: Window) -> list[float | None]:
    """The KPI of everything together, step by step."""
    usable = giving(kpi, readings)
    return [value for _, value in points(kpi, ((each.bucket_at, each.reading) for each in usable), window)]


def finding(kpi: Kpi, of: Sequence[Line]) -> str:
    """What a chart of these lines shows, in one sentence; the KPI's name where there is nothing to compare."""
    ranked = sorted(
        (line for line in of if line.quantity.value is not None),
        key=lambda line: line.quantity.value or 0.0,
        reverse=kpi.direction is Direction.HIGHER,
    )
    if len(ranked) < 2 or ranked[0].quantity.value == ranked[-1].quantity.value:
        return str(kpi.label)
    return _("%(kpi)s: best at %(best)s, worst at %(worst)s") % {
        "kpi": kpi.label,
        "best": ranked[0].label,
        "worst": ranked[-1].label,
    }
