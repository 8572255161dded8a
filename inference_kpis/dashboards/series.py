"""KPIs over time: what the charts, tables and CSV files of the pages are made of."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.alphabet import alphabetical
from inference_kpis.catalogue import Direction, Kpi
from inference_kpis.engines import ENGINES
from inference_kpis.fleet.models import Node, Tier
from inference_kpis.readings.algebra import EMPTY, Reading, merge_all
from inference_kpis.readings.queries import Group, GroupReading, Window, by_step, exposed_by, giving, kpi_of, span_of
from inference_kpis.readings.statistics import NOT_EXPOSED, Quantity, gives, kpi_quantity

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
    """One line of a chart: a quantity a step, and the KPI over the whole window; `key` names it for machines."""

    label: str
    steps: tuple[tuple[datetime, Quantity], ...]
    quantity: Quantity
    key: str = ""

    @property
    def points(self) -> Points:
        """A value a step; None: nothing measured."""
        return tuple((start, quantity.value) for start, quantity in self.steps)


@dataclass(frozen=True)
class Split:
    """A way of splitting the fleet into lines: what it is called, and the key and label of a group's line."""

    label: str | Promise
    key: Callable[[Group], str]
    name: Callable[[Group], str]


def tier_label(key: str) -> str:
    return str(dict(Tier.choices).get(key, key))


def engine_label(key: str) -> str:
    return ENGINES[key].label if key in ENGINES else key or _("engine not recognised yet")


def model_label(name: str) -> str:
    return name or _("the node itself")


SPLITS: dict[str, Split] = {
    "site": Split(gettext_lazy("by site"), lambda group: group.site_key, lambda group: group.site_name),
    "tier": Split(gettext_lazy("by tier"), lambda group: group.tier, lambda group: tier_label(group.tier)),
    "engine": Split(gettext_lazy("by engine"), lambda group: group.engine, lambda group: engine_label(group.engine)),
    "model": Split(gettext_lazy("by model"), lambda group: group.model, lambda group: model_label(group.model)),
}


def window_of(key: str, now: datetime) -> tuple[str, Window]:
    """The window of this key, or the default one for a key that there is not."""
    known = key if key in WINDOWS else DEFAULT_WINDOW
    return known, Window.ending(now, WINDOWS[known][0])


def lines(kpi: Kpi, readings: Iterable[GroupReading], window: Window, split: Split) -> list[Line]:
    """One line for each site, tier, engine or model, in the order of their labels."""
    by_key: dict[tuple[str, str], list[GroupReading]] = {}
    everything = list(readings)
    span = span_of(everything)
    for each in everything:
        by_key.setdefault((split.name(each.group), split.key(each.group)), []).append(each)
    ordered = sorted(by_key.items(), key=lambda pair: (alphabetical(pair[0][0]), pair[0][1]))
    return [group_line(kpi, of_key, window, label, key, span=span) for (label, key), of_key in ordered]


def group_line(
    kpi: Kpi,
    readings: Iterable[GroupReading],
    window: Window,
    label: str,
    key: str,
    *,
    span: tuple[int, int] | None = None,
) -> Line:
    """All these readings in one line; `span` is that of the whole where they are a part of one."""
    everything = list(readings)
    usable = [(each.bucket_at, each.reading) for each in giving(kpi, everything)]
    is_exposed = bool(usable) or not everything
    return Line(label, steps(kpi, usable, window, is_exposed=is_exposed), kpi_of(kpi, everything, span=span), key)


def node_line(
    kpi: Kpi,
    node: Node,
    readings: Iterable[tuple[datetime, Reading]],
    window: Window,
    *,
    label: str = "",
    key: str = "",
) -> Line:
    """All these readings of one node in one line; it is the node's unless they are named otherwise."""
    everything = list(readings)
    merged = merge_all(reading for _, reading in everything)
    exposed = exposed_by([node.engine], merged.measures)
    quantity = kpi_quantity(kpi, merged, exposed=exposed)
    is_exposed = gives(kpi, exposed)
    return Line(label or node.name, steps(kpi, everything, window, is_exposed=is_exposed), quantity, key)


def steps(
    kpi: Kpi, readings: Iterable[tuple[datetime, Reading]], window: Window, *, is_exposed: bool
) -> tuple[tuple[datetime, Quantity], ...]:
    """The KPI of each step of the window."""
    merged = by_step(readings, window)
    return tuple(
        (start, kpi_quantity(kpi, merged.get(start, EMPTY)) if is_exposed else NOT_EXPOSED)
        for start in window.step_starts()
    )


def trend(kpi: Kpi, readings: Iterable[GroupReading], window: Window) -> list[float | None]:
    """The KPI of everything together, step by step."""
    return [value for _, value in group_line(kpi, readings, window, "", "").points]


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
