"""The answer of the explorer: for each KPI its lines, what they were in an earlier window, and a table of both."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.alphabet import alphabetical
from inference_kpis.alerts.areas import Place
from inference_kpis.catalogue import Kpi
from inference_kpis.dashboards.charts import LineChart, kpi_chart
from inference_kpis.dashboards.comparing import Change, change
from inference_kpis.dashboards.explore_form import NODE, WHOLE, Exploration
from inference_kpis.dashboards.marks import Happenings, happenings
from inference_kpis.dashboards.series import SPLITS, Line, finding, group_line
from inference_kpis.dashboards.wording import signed_percent
from inference_kpis.fleet.models import Node, Site
from inference_kpis.readings.algebra import Increase
from inference_kpis.readings.queries import (
    DAY,
    Group,
    GroupReading,
    Window,
    groups,
    node_model_readings,
    node_readings,
    readings_of,
)
from inference_kpis.readings.rollups import HOUR


@dataclass(frozen=True)
class Row:
    """One line over the whole window, and what it was before."""

    line: Line
    before: Line | None = None

    @property
    def change(self) -> Change | None:
        return change(self.line.quantity, self.before.quantity) if self.before else None


@dataclass(frozen=True)
class Panel:
    """One KPI: its chart, and the rows of its table, all of them together first."""

    kpi: Kpi
    chart: LineChart
    title: str
    whole: Row
    rows: tuple[Row, ...]
    api_url: str

    @property
    def drawn(self) -> list[Row]:
        """The rows that the chart shows: those that have something to show."""
        return _drawn(self.rows)


@dataclass(frozen=True)
class Explored:
    panels: tuple[Panel, ...]
    window: Window
    before: Window | None
    left_out: int


# The key of the line of all the others; no site, engine or model can be called so.
REST = "\0rest"


def _drawn(rows: Iterable[Row]) -> list[Row]:
    return [row for row in rows if row.line.quantity.reason is None]


def shifted(window: Window, days: int) -> Window:
    """The same window so many days earlier, at the same time of day.

    Steps of several hours stay on each other only when the shift is a whole number of them: where clocks changed between
    the two windows, it is then the time of day that gives way.
    """
    if not HOUR < window.step < DAY:
        zone = timezone.get_current_timezone()
        local = window.start.astimezone(zone).replace(tzinfo=None) - timedelta(days=days)
        start = local.replace(tzinfo=zone).astimezone(UTC)
    else:
        start = window.start - timedelta(days=days)
    return replace(window, start=start, end=start + (window.end - window.start))


def explore(asked: Exploration) -> Explored:
    """Everything that the explorer shows; a number of queries that depends on the question, not on the fleet."""
    before_window = shifted(asked.window, asked.compare_days) if asked.compare_days else None
    now = _readings(asked, asked.window)
    before = _readings(asked, before_window) if before_window else []
    chosen, left_out = _chosen(asked, now)
    happened = happenings(_place(asked), asked.window)
    panels = (_panel(asked, kpi, now, before, before_window, chosen, happened) for kpi in asked.kpis)
    return Explored(tuple(panels), asked.window, before_window, left_out)


def _readings(asked: Exploration, window: Window) -> list[GroupReading]:
    """The readings that are asked about; those of nodes as if each node (and model) were a group of its own."""
    if asked.split == NODE:
        by_id = {node.pk: _as_group(node) for node in asked.nodes}
        found = node_readings(list(by_id), window)
        return [GroupReading(by_id[pk], at, reading) for pk, readings in found.items() for at, reading in readings]
    if asked.node:
        by_model = node_model_readings(asked.node.pk, window)
        return [
            GroupReading(_as_group(asked.node, model), at, reading)
            for model, readings in by_model.items()
            for at, reading in readings
        ]
    wanted = [
        group
        for group in groups().values()
        if all(SPLITS[name].key(group) == value for name, value in asked.filters.items())
    ]
    return readings_of(wanted, window)


def _as_group(node: Node, model: str = "") -> Group:
    site = node.site
    return Group(node.pk, site.pk, site.key, site.name, site.tier, node.engine, model)


def _keys(asked: Exploration) -> Callable[[Group], tuple[str, str]]:
    """Label and key of the line that a group belongs to."""
    if asked.split == NODE:
        names = {node.pk: (node.name, str(node.uuid)) for node in asked.nodes}
        return lambda group: names[group.id]
    if asked.split == WHOLE:
        return lambda group: (_("all together"), "")
    split = SPLITS[asked.split]
    return lambda group: (split.name(group), split.key(group))


def _chosen(asked: Exploration, readings: Iterable[GroupReading]) -> tuple[list[tuple[str, str]], int]:
    """The lines with most traffic in the order of their labels, and how many others there are."""
    traffic: dict[tuple[str, str], int] = {}
    key_of = _keys(asked)
    for each in readings:
        requests = each.reading.measures.get("requests")
        key = key_of(each.group)
        traffic[key] = traffic.get(key, 0) + (requests.amount if isinstance(requests, Increase) else 0)
    ranked = sorted(traffic, key=lambda key: (-traffic[key], alphabetical(key[0]), key[1]))
    # One more line says as much as a rest of one.
    most = asked.top if len(ranked) > asked.top + 1 else asked.top + 1
    return sorted(ranked[:most], key=lambda key: (alphabetical(key[0]), key[1])), max(0, len(ranked) - most)


def _panel(
    asked: Exploration,
    kpi: Kpi,
    now: Sequence[GroupReading],
    before: Sequence[GroupReading],
    before_window: Window | None,
    chosen: Sequence[tuple[str, str]],
    happened: Happenings,
) -> Panel:
    lines = _lines(asked, kpi, now, asked.window, chosen)
    earlier = {line.key: line for line in _lines(asked, kpi, before, before_window, chosen)} if before_window else {}
    rows = tuple(Row(line, _moved(earlier.get(line.key), line, asked)) for line in lines)
    together = _("all together")
    whole = Row(
        group_line(kpi, now, asked.window, together, ""),
        group_line(kpi, before, before_window, together, "") if before_window else None,
    )
    drawn = _drawn(rows)
    chart = kpi_chart(
        kpi,
        [row.line for row in drawn],
        asked.window,
        before=[row.before for row in drawn],
        marks=happened.on(kpi),
    )
    return Panel(kpi, chart, _title(kpi, whole, drawn, asked), whole, rows, _api_url(asked, kpi))


def _lines(
    asked: Exploration, kpi: Kpi, readings: Iterable[GroupReading], window: Window, chosen: Sequence[tuple[str, str]]
) -> list[Line]:
    """A line for each that was chosen, and one of all the others."""
    by_key: dict[tuple[str, str], list[GroupReading]] = {key: [] for key in chosen}
    rest: dict[tuple[str, str], list[GroupReading]] = {}
    key_of = _keys(asked)
    for each in readings:
        key = key_of(each.group)
        by_key.get(key, rest.setdefault(key, [])).append(each)
    others = [key for key, found in rest.items() if found and key not in by_key]
    lines = [group_line(kpi, found, window, label, key) for (label, key), found in by_key.items()]
    if others:
        label = ngettext("the rest (%(count)s)", "the rest (%(count)s)", len(others)) % {"count": len(others)}
        everything = [each for key in others for each in rest[key]]
        lines.append(group_line(kpi, everything, window, label, REST))
    return lines


def _moved(before: Line | None, line: Line, asked: Exploration) -> Line | None:
    """The earlier line on the times of this one, named after both."""
    if before is None:
        return None
    steps = tuple((at, quantity) for (at, _), (_, quantity) in zip(line.steps, before.steps, strict=False))
    name = {"line": line.label, "before": before_label(asked.compare_days)}
    return replace(before, label=_("%(line)s, %(before)s") % name, steps=steps)


def before_label(days: int) -> str:
    """How far back the compared window lies."""
    return ngettext("%(count)s day before", "%(count)s days before", days) % {"count": days}


def _title(kpi: Kpi, whole: Row, drawn: Sequence[Row], asked: Exploration) -> str:
    """What the chart shows, in one sentence."""
    changed = whole.change
    if changed and changed.share is not None and not changed.is_within_buckets:
        names = {"kpi": kpi.label, "change": signed_percent(changed.share), "before": before_label(asked.compare_days)}
        return _("%(kpi)s: %(change)s against %(before)s") % names
    return finding(kpi, [row.line for row in drawn])


def _place(asked: Exploration) -> Place:
    """The part of the fleet that is asked about; one query where it is a site."""
    if asked.node:
        return Place(asked.node.site.tier, asked.node.site_id, asked.node.engine or None, None, asked.node.pk)
    site = Site.objects.filter(key=asked.filters["site"]).first() if "site" in asked.filters else None
    tier = site.tier if site else asked.filters.get("tier")
    return Place(tier, site.pk if site else None, asked.filters.get("engine"), asked.filters.get("model"))


def _api_url(asked: Exploration, kpi: Kpi) -> str:
    """The same as a request to the API; '' where lines are nodes, each of which is a scope of its own there."""
    if asked.split == NODE:
        return ""
    window = asked.window
    seconds = int(window.step.total_seconds())
    step = (
        f"{seconds // 60}m" if seconds < 3600 else f"{seconds // 3600}h" if seconds < 86400 else f"{seconds // 86400}d"
    )
    times = (
        {"window": asked.window_key}
        if asked.window_key
        else {"start": _written(window.start), "end": _written(window.end)}
    )
    scope = {"node": str(asked.node.uuid)} if asked.node else asked.filters
    query = urlencode({**times, "step": step, "split": asked.split, **scope})
    return f"{reverse('api_kpi_detail', args=[kpi.key])}?{query}"


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
