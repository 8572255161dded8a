"""A part of the fleet over a window: its KPIs against the window before, and what its parts contribute."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from django.utils.translation import gettext as _

from accounts.alphabet import alphabetical
from inference_kpis.catalogue import KPIS, Kpi
from inference_kpis.dashboards import wording
from inference_kpis.dashboards.charts import LineChart, kpi_chart
from inference_kpis.dashboards.comparing import change
from inference_kpis.dashboards.marks import Happenings
from inference_kpis.dashboards.series import Split, group_line
from inference_kpis.readings.algebra import Increase, merge_all
from inference_kpis.readings.queries import GroupReading, Window, by_engine, kpi_of
from inference_kpis.readings.statistics import Quantity

# What is drawn of a site or a model; the other KPIs are in its tiles.
CHARTED = tuple(
    KPIS[key]
    for key in (
        *("request_rate", "success_ratio", "e2e_latency_p95", "time_to_first_token_p95", "inter_token_latency_p95"),
        *("output_token_rate", "queue_depth"),
    )
)


def window_before(window: Window) -> Window:
    """The window of the same length that ends where this one begins."""
    return replace(window, start=window.start - (window.end - window.start), end=window.start)


@dataclass(frozen=True)
class Compared:
    """A KPI of a window, and of the window before."""

    kpi: Kpi
    quantity: Quantity
    before: Quantity

    @property
    def note(self) -> str:
        """The window before in words, with the change where a change in per cent says something."""
        if self.before.value is None:
            return _("before: %(value)s") % {"value": wording.no_value(self.before)}
        before = wording.quantity_text(self.before, self.kpi)
        share = change(self.quantity, self.before).share
        if share is None or self.kpi.unit == "%":
            return _("before: %(value)s") % {"value": before}
        return _("before: %(value)s (%(change)s)") % {"value": before, "change": wording.signed_percent(share)}


def compared(kpis: Iterable[Kpi], now: Sequence[GroupReading], before: Sequence[GroupReading]) -> list[Compared]:
    """These KPIs over both windows."""
    now, before = by_engine(now), by_engine(before)
    return [Compared(kpi, kpi_of(kpi, now), kpi_of(kpi, before)) for kpi in kpis]


def charts(
    kpis: Iterable[Kpi], readings: Sequence[GroupReading], window: Window, label: str, happened: Happenings
) -> list[tuple[Kpi, LineChart]]:
    """A chart of each KPI that has a value, all readings in one line, with what happened there."""
    found = [(kpi, group_line(kpi, readings, window, label, "")) for kpi in kpis]
    return [
        (kpi, kpi_chart(kpi, [line], window, marks=happened.on(kpi)))
        for kpi, line in found
        if line.quantity.reason is None
    ]


@dataclass(frozen=True)
class Part:
    """One site, engine or model of a whole: its share of the requests (of 1; None: nobody counted any) and its KPIs."""

    key: str
    label: str
    share: float | None
    quantities: tuple[tuple[Kpi, Quantity], ...]


def parts(
    readings: Iterable[GroupReading],
    split: Split,
    kpis: Sequence[Kpi],
    *,
    span: tuple[int, int],
) -> list[Part]:
    """The parts by their labels; `span` (Unix ms) is that of the whole."""
    by_key: dict[tuple[str, str], list[GroupReading]] = {}
    for each in readings:
        by_key.setdefault((split.name(each.group), split.key(each.group)), []).append(each)
    requests = {place: _requests(of_part) for place, of_part in by_key.items()}
    total = sum(requests.values())
    return [
        Part(
            key,
            label,
            requests[label, key] / total if total else None,
            tuple((kpi, kpi_of(kpi, by_engine(by_key[label, key]), span=span)) for kpi in kpis),
        )
        for label, key in sorted(by_key, key=lambda place: (alphabetical(place[0]), place[1]))
    ]


def _requests(readings: Iterable[GroupReading]) -> int:
    merged = merge_all(each.reading for each in readings).measures.get("requests")
    return merged.amount if isinstance(merged, Increase) else 0
