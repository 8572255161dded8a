"""Asking the roll-ups: merged readings of a window, of the fleet, of groups of nodes, or of single nodes.

Every question reads the coarsest width that fits: whole days, then whole hours, then the minutes that are left. A page
about ten thousand nodes reads as many rows as one about a hundred, because groups and the fleet are rolled up too.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from django.db import connection

from inference_kpis.catalogue import MEASURES, PROBE_MEASURES, Kpi
from inference_kpis.engines import ENGINES
from inference_kpis.engines.generic import GENERIC
from inference_kpis.readings import codec, merging
from inference_kpis.readings.algebra import EMPTY, Reading, merge, merge_all
from inference_kpis.readings.cells import Scope
from inference_kpis.readings.derived import DERIVED
from inference_kpis.readings.rollups import HOUR, local_day, start_of_day
from inference_kpis.readings.statistics import NOT_EXPOSED, Quantity, gives, kpi_quantity
from inference_kpis.readings.store import as_ms, layouts_by_id

DAY = timedelta(days=1)
# Below this length a window is read by the minute, so that its ends are exact to the minute.
BY_MINUTE_UP_TO = timedelta(hours=6)


@dataclass(frozen=True)
class Window:
    """The time [start, end), asked for in steps."""

    start: datetime
    end: datetime
    step: timedelta

    @classmethod
    def ending(cls, end: datetime, length: timedelta, steps: int = 60) -> "Window":
        """The window of this length up to the end of the current minute, in at most about `steps` steps."""
        end = end.astimezone(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)
        step = max(length / steps, timedelta(minutes=1))
        if length > BY_MINUTE_UP_TO:
            step = max(timedelta(hours=-(-step // HOUR)), HOUR)
        else:
            step = timedelta(minutes=-(-step // timedelta(minutes=1)))
        return cls(end - length, end, step)

    @property
    def seconds(self) -> float:
        return (self.end - self.start).total_seconds()

    def step_of(self, moment: datetime) -> datetime:
        """The start of the step that holds `moment`: whole steps since 1970, or from a day on, days of the company."""
        if self.step >= DAY:
            ordinal = local_day(moment).toordinal()
            return _midnight(date.fromordinal(ordinal - ordinal % (self.step // DAY)))
        origin = datetime(1970, 1, 1, tzinfo=UTC)
        return origin + (moment - origin) // self.step * self.step

    def step_starts(self) -> list[datetime]:
        """The starts of all steps that overlap the window, in order."""
        starts = [self.step_of(self.start)]
        while (following := self._after(starts[-1])) < self.end:
            starts.append(following)
        return starts

    def _after(self, start: datetime) -> datetime:
        """Where the step that begins here ends; days have 23 or 25 hours when clocks change."""
        return start + self.step if self.step < DAY else _midnight(local_day(start) + self.step)


def _midnight(day: date) -> datetime:
    """Where this day begins in the company's time zone, in UTC: only there do moments compare by what they mean."""
    return start_of_day(day).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Group:
    """Nodes of one site that share engine and model, as frozen into their readings."""

    id: int
    site_id: int
    site_key: str
    site_name: str
    tier: str
    engine: str
    model: str


@dataclass(frozen=True, slots=True)
class GroupReading:
    group: Group
    bucket_at: datetime
    reading: Reading


def groups() -> dict[int, Group]:
    """Every group, by id; one query, as many rows as there are combinations of site, engine and model."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT g.id, s.id, s.key, s.name, s.tier, g.engine, m.name FROM inference_kpis_group g"
            " JOIN inference_kpis_site s ON s.id = g.site_id JOIN inference_kpis_servedmodel m ON m.id = g.model_id"
        )
        return {row[0]: Group(*row) for row in cursor.fetchall()}


def exposed_by(engines: Iterable[str], measured: Iterable[str] = ()) -> frozenset[str]:
    """The measures that at least one of these engines can give, with those that Vigie adds itself.

    Of '', an engine that is not recognised yet, nothing can be ruled out: what is missing is no data. What a node of the
    generic engine gives is up to its mapping: once it gave anything, `measured` says what.
    """
    own = frozenset(measured) - ADDED_BY_VIGIE
    return ADDED_BY_VIGIE.union(*(_exposed_by(engine, own) for engine in engines))


def exposures(readings: Sequence["GroupReading"]) -> list[frozenset[str]]:
    """What the engine behind each of these readings can give; of the generic engine, what it gave on the same site."""
    measured: dict[int, set[str]] = defaultdict(set)
    for each in readings:
        if each.group.engine == GENERIC.key:
            measured[each.group.site_id].update(each.reading.measures)
    return [exposed_by([each.group.engine], measured.get(each.group.site_id, ())) for each in readings]


def _exposed_by(engine: str, measured: frozenset[str]) -> frozenset[str]:
    if not engine:
        return frozenset(MEASURES)
    if engine == GENERIC.key and measured:
        return measured
    return ENGINES[engine].exposes if engine in ENGINES else frozenset()


ADDED_BY_VIGIE = frozenset({"pulls", "successful_pulls", "energy", "cost"}) | DERIVED | PROBE_MEASURES


def group_readings(
    window: Window,
    *,
    sites: Collection[int] | None = None,
    kpis: Collection[Kpi] | None = None,
    by: Callable[[Group], Hashable] | None = None,
) -> list[GroupReading]:
    """The readings of groups in the window, of some sites or of all; `kpis` and `by` as in `readings_of`."""
    wanted = [group for group in groups().values() if sites is None or group.site_id in sites]
    return readings_of(wanted, window, kpis=kpis, by=by)


def readings_of(
    wanted: Iterable[Group],
    window: Window,
    *,
    kpis: Collection[Kpi] | None = None,
    by: Callable[[Group], Hashable] | None = None,
) -> list[GroupReading]:
    """The readings of these groups in the window.

    Who says by what groups are told apart, and which KPIs are asked for, gets the groups of one kind merged, step by step
    of the window: a kind is what `by` gives, and which of the KPIs its engine gives. Their `group` is one of them: it
    stands for all in what `by` and `giving` look at, and in nothing else.
    """
    known = {group.id: group for group in wanted}
    if by is None or kpis is None:
        rows = _rows(Scope.GROUP, list(known), window)
        return [GroupReading(known[scope_id], at, reading) for scope_id, at, reading in rows]
    gives_of = {
        engine: tuple(gives(kpi, exposed_by([engine])) for kpi in kpis)
        for engine in {group.engine for group in known.values()}
    }
    first_of: dict[Hashable, int] = {}
    class_of = {
        group.id: first_of.setdefault((by(group), gives_of[group.engine]), group.id) for group in known.values()
    }
    measures = {MEASURES[key].id for kpi in kpis for key in kpi.measures}
    stretches = [merging.Stretch(*piece) for piece in _pieces(window, Scope.GROUP)] if class_of else []
    found = merging.merged(class_of, stretches, _steps_of(window, stretches), measures)
    return [GroupReading(known[each.class_id], each.start, each.reading) for each in found]


def _steps_of(window: Window, stretches: Sequence[merging.Stretch]) -> merging.Steps:
    """The steps of a window, from that of the first roll-up on."""
    if window.step < DAY:
        return merging.Steps(window.step)
    first = min((stretch.start for stretch in stretches), default=window.start)
    return merging.Steps(None, replace(window, start=first).step_starts())


def node_readings(node_ids: Sequence[int], window: Window) -> dict[int, list[tuple[datetime, Reading]]]:
    """The readings of these nodes in the window, all models merged, in time order."""
    found: dict[int, dict[datetime, Reading]] = defaultdict(dict)
    for node_id, at, reading in _rows(Scope.NODE, list(node_ids), window):
        found[node_id][at] = merge(found[node_id].get(at, EMPTY), reading)
    return {node_id: sorted(by_time.items()) for node_id, by_time in found.items()}


def node_model_readings(node_id: int, window: Window) -> dict[str, list[tuple[datetime, Reading]]]:
    """The readings of one node in the window, by model name ('' is the node itself), in time order."""
    found: dict[str, list[tuple[datetime, Reading]]] = defaultdict(list)
    rows = _rows(Scope.NODE, [node_id], window, by="model_id")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, name FROM inference_kpis_servedmodel WHERE id = ANY(%s)",
            [sorted({model_id for model_id, _, _ in rows})],
        )
        names = dict(cursor.fetchall())
    for model_id, at, reading in rows:
        found[names[model_id]].append((at, reading))
    return {name: sorted(readings, key=lambda pair: pair[0]) for name, readings in sorted(found.items())}


def giving(kpi: Kpi, readings: Iterable[GroupReading]) -> list[GroupReading]:
    """The readings of engines that can show this KPI: requests of the others would only dilute a ratio."""
    everything = list(readings)
    return [each for each, exposed in zip(everything, exposures(everything), strict=True) if gives(kpi, exposed)]


def by_engine(readings: Iterable[GroupReading]) -> list[GroupReading]:
    """One reading for each engine, and for each set of measures of the generic one; `kpi_of` answers from them as from all, and need not merge for every KPI again."""
    merged: dict[tuple[str, frozenset[str]], GroupReading] = {}
    everything = list(readings)
    for each, exposed in zip(everything, exposures(everything), strict=True):
        key = each.group.engine, exposed
        found = merged.get(key)
        merged[key] = replace(found, reading=merge(found.reading, each.reading)) if found else each
    return list(merged.values())


def span_of(readings: Iterable[GroupReading]) -> tuple[int, int]:
    """When the first of these readings begins and the last one ends (Unix ms); (0, 0) for none."""
    spans = [(each.reading.start_ms, each.reading.end_ms) for each in readings if each.reading != EMPTY]
    return (min(start for start, _ in spans), max(end for _, end in spans)) if spans else (0, 0)


def kpi_of(kpi: Kpi, readings: Iterable[GroupReading], *, span: tuple[int, int] | None = None) -> Quantity:
    """The KPI over all these readings together; not exposed when there are some and none of their engines gives it.

    What is per second is so over `span` (Unix ms): that of the readings, or of the whole that they are a part of, so
    that the rates of the parts add up to that of the whole.
    """
    everything = list(readings)
    usable = giving(kpi, everything)
    if everything and not usable:
        return NOT_EXPOSED
    merged = merge_all(each.reading for each in usable)
    if merged != EMPTY:
        start_ms, end_ms = span or span_of(everything)
        merged = replace(merged, start_ms=start_ms, end_ms=end_ms)
    return kpi_quantity(kpi, merged)


def by_step(readings: Iterable[tuple[datetime, Reading]], window: Window) -> dict[datetime, Reading]:
    """Readings merged into the window's steps."""
    steps: dict[datetime, list[Reading]] = defaultdict(list)
    for at, reading in readings:
        steps[window.step_of(at)].append(reading)
    return {start: merge_all(parts) for start, parts in sorted(steps.items())}


def split(readings: Iterable[GroupReading], key: Callable[[Group], str]) -> dict[str, list[tuple[datetime, Reading]]]:
    """Group readings sorted into series, such as one per site or per tier."""
    series: dict[str, list[tuple[datetime, Reading]]] = defaultdict(list)
    for each in readings:
        series[key(each.group)].append((each.bucket_at, each.reading))
    return dict(sorted(series.items()))


# --- Rows --------------------------------------------------------------------------------------------------------------


def _rows(
    scope: Scope, ids: list[int] | None, window: Window, by: str = "scope_id"
) -> list[tuple[int, datetime, Reading]]:
    """(id, start of the interval, reading) from the widths that fit; at most four queries."""
    rows: list[tuple[int, datetime, Reading]] = []
    pieces = _pieces(window, scope)
    known = layouts_by_id()
    condition = "" if ids is None else " AND scope_id = ANY(%s)"
    with connection.cursor() as cursor:
        for width, start, end in pieces:
            cursor.execute(
                f"SELECT {by}, bucket_at, started_at, ended_at, measures, numbers FROM inference_kpis_rollup_{width}"
                f" WHERE scope = %s AND bucket_at >= %s AND bucket_at < %s{condition}",
                [int(scope), start, end, *([] if ids is None else [ids])],
            )
            rows += [
                (id_, at, Reading(as_ms(first), as_ms(last), codec.decode(measures, numbers, known)))
                for id_, at, first, last, measures, numbers in cursor.fetchall()
            ]
    return rows


def _pieces(window: Window, scope: Scope) -> list[tuple[str, datetime, datetime]]:
    """The window cut into stretches of days, hours and minutes that are rolled up already; one query when it is long."""
    if window.end - window.start <= BY_MINUTE_UP_TO:
        return [("minute", window.start, window.end)]
    hours_from = window.start.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT min(hour_at) FROM inference_kpis_hour_due WHERE scope = %(scope)s),"
            " (SELECT min(day_on) FROM inference_kpis_day_due WHERE scope = %(scope)s)",
            {"scope": int(scope)},
        )
        open_hour, open_day = cursor.fetchone()
    hours_to = max(
        hours_from, min(open_hour or window.end, window.end).astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    )
    pieces = [("hour", hours_from, hours_to), ("minute", hours_to, window.end)]
    if window.step >= DAY:
        days_from = start_of_day(local_day(window.start))
        days_to = max(
            days_from, min(start_of_day(open_day), hours_to) if open_day else start_of_day(local_day(hours_to))
        )
        pieces[0:1] = [("day", days_from, days_to), ("hour", days_to, hours_to)]
    return [piece for piece in pieces if piece[1] < piece[2]]
