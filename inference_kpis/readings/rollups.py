"""Rolling readings up: minutes from raw readings, hours from minutes, days from hours; nodes into groups into the fleet.

A minute of a node holds exactly the stored readings that do not wait in the table of what was touched: taking a reading out
of it and adding its share to the minutes is one transaction, so nothing is missed and nothing counted twice. Groups and
the fleet grow by the same difference; hours and days are summed up whole when they are over or were repaired.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection, transaction

from inference_kpis.readings import cells, codec, partitions, totals
from inference_kpis.readings.algebra import EMPTY, Reading, difference, growth, spread
from inference_kpis.readings.arrays import array_text
from inference_kpis.readings.cells import Cell, Rolled, Scope, gathered, together
from inference_kpis.readings.store import LONGEST_READING, MINUTE_MS, as_datetime, as_ms, layouts_by_id

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
# An hour is rolled up this long after its end, when the pulls that were under way are in.
GRACE = timedelta(seconds=30)
MOST_TOUCHED_AT_ONCE = 20_000
# Hours and days that are over are many at once: minutes must not wait for all of them, nor memory hold them.
MOST_CELLS_AT_ONCE = 1000
CELLS_IN_MEMORY = 100
ONE_AT_A_TIME = 0x56494749


def roll_up_touched(now: datetime) -> int:
    """Bring roll-ups up to what is stored; the number of minute cells of nodes. Returns 0 while another one is at it."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [ONE_AT_A_TIME])
        if not cursor.fetchone()[0]:
            return 0
        touched = _take_touched(cursor)
        changed = 0
        if touched:
            changed = _roll_minutes(cursor, touched)
        hours = _roll_due_hours(cursor, now)
        days = _roll_due_days(cursor, now)
        if changed or hours or days:
            cursor.execute("UPDATE inference_kpis_rollup_version SET version = version + 1, rolled_at = %s", [now])
        return changed


# --- Minutes ---------------------------------------------------------------------------------------------------------

SlotKey = tuple[int, int, datetime]  # node, model, and where the reading ends


@dataclass(frozen=True, slots=True)
class Touched:
    """What waits: readings to be added to their minutes, and minutes of nodes to be made anew from all their readings."""

    readings: Collection[SlotKey]
    minutes: Collection[Cell]

    def __bool__(self) -> bool:
        return bool(self.readings or self.minutes)


@dataclass(frozen=True, slots=True)
class Change:
    """A cell as it is now, as it was, and what made one of the other; None where an extreme of a level was taken back."""

    now: Rolled
    before: Rolled | None
    more: Rolled | None


def _take_touched(cursor: Any) -> Touched:
    """Take rows out; those of a transaction still under way are not seen and stay for the next time."""
    cursor.execute(
        "DELETE FROM inference_kpis_touched WHERE ctid = ANY(ARRAY(SELECT ctid FROM inference_kpis_touched LIMIT %s))"
        " RETURNING minute_at, node_id, model_id, ended_at",
        [MOST_TOUCHED_AT_ONCE],
    )
    readings: set[SlotKey] = set()
    minutes: set[Cell] = set()
    for minute_at, node_id, model_id, ended_at in cursor.fetchall():
        if ended_at is None:
            minutes.add(Cell(Scope.NODE, node_id, model_id, minute_at))
        else:
            readings.add((node_id, model_id, ended_at))
    return Touched(readings, minutes)


def _roll_minutes(cursor: Any, touched: Touched) -> int:
    layouts = layouts_by_id()
    shapes = codec.Shapes(layouts)
    nodes = _node_changes(touched, shapes)
    partitions.ensure({change.now.cell.bucket_at.astimezone(UTC).date() for change in nodes})
    _write_minutes(cursor, nodes)
    groups = _following(nodes, _group_of, _nodes_of_groups, shapes)
    totals.add(_gains(groups, shapes), shapes)
    _write_minutes(cursor, groups)
    fleet = _following(groups, _fleet_of, _groups_of_fleet, shapes)
    _write_minutes(cursor, fleet)
    return len(nodes)


def _write_minutes(cursor: Any, changes: Sequence[Change]) -> None:
    """Write these minutes, and say that their hours have to follow."""
    if not changes:
        return
    cells.write(cursor, "minute", [change.now for change in changes])
    cursor.execute(
        "INSERT INTO inference_kpis_hour_due"
        " SELECT DISTINCT date_trunc('hour', bucket_at, 'UTC'), scope, scope_id, model_id FROM staged_minute"
        " ON CONFLICT DO NOTHING"
    )


def _node_changes(touched: Touched, shapes: codec.Shapes) -> list[Change]:
    """The minutes of nodes that change.

    A minute stays in the group that it was first counted in: else a node that moves would leave it behind in the old one.
    """
    added: dict[Cell, list[Rolled]] = defaultdict(list)
    for part in _parts(_new_readings(touched.readings), shapes):
        if part.cell not in touched.minutes:
            added[part.cell].append(part)
    anew: dict[Cell, list[Rolled]] = defaultdict(list)
    for part in _parts(_settled_readings(touched.minutes), shapes):
        if part.cell in touched.minutes:
            anew[part.cell].append(part)
    existing = cells.read("minute", added.keys() | anew.keys())
    return [
        *(_grown(cell, parts[0].group_id, parts, existing.get(cell), shapes) for cell, parts in added.items()),
        *(_made_anew(cell, parts, existing.get(cell), shapes) for cell, parts in anew.items()),
    ]


def _new_readings(keys: Iterable[SlotKey]) -> list[Any]:
    ordered = sorted(keys)
    if not ordered:
        return []
    ends = [key[2] for key in ordered]
    return cells.fetch(
        "SELECT node_id, model_id, group_id, started_at, ended_at, measures, numbers"
        " FROM unnest(%s::int[], %s::int[], %s::timestamptz[]) AS wanted (a, b, c)"
        " CROSS JOIN LATERAL (SELECT * FROM inference_kpis_reading WHERE node_id = a AND model_id = b AND ended_at = c"
        " AND ended_at BETWEEN %s AND %s OFFSET 0) AS reading ORDER BY ended_at",
        [*(array_text(key[i] for key in ordered) for i in range(3)), min(ends), max(ends)],
    )


def _settled_readings(minutes: Iterable[Cell]) -> list[Any]:
    """The readings that reach into these minutes, without those that still wait to be added."""
    ordered = list(minutes)
    if not ordered:
        return []
    return cells.fetch(
        "SELECT DISTINCT ON (r.ended_at, r.node_id, r.model_id)"
        " r.node_id, r.model_id, r.group_id, r.started_at, r.ended_at, r.measures, r.numbers"
        " FROM unnest(%s::timestamptz[], %s::int[], %s::int[]) AS t (minute_at, node_id, model_id)"
        " JOIN inference_kpis_reading r ON r.node_id = t.node_id AND r.model_id = t.model_id"
        # A millisecond, and not at once: what probes saw up to the start of the minute ends a hair after it.
        " AND r.ended_at >= t.minute_at + interval '1 ms' AND r.ended_at < t.minute_at + %s"
        " AND r.started_at < t.minute_at + %s"
        # In one statement with the readings: both are seen as of one moment.
        " WHERE NOT EXISTS (SELECT FROM inference_kpis_touched w WHERE w.node_id = r.node_id"
        " AND w.model_id = r.model_id AND w.ended_at = r.ended_at)"
        " ORDER BY r.ended_at, r.node_id, r.model_id",
        [
            [cell.bucket_at for cell in ordered],
            [cell.scope_id for cell in ordered],
            [cell.model_id for cell in ordered],
            LONGEST_READING + MINUTE,
            MINUTE,
        ],
    )


def _parts(readings: Iterable[Any], shapes: codec.Shapes) -> Iterable[Rolled]:
    """Raw readings cut into minutes; most lie within one and are taken as they are."""
    for node_id, model_id, group_id, started_at, ended_at, ids, numbers in readings:
        start_ms, end_ms = as_ms(started_at), as_ms(ended_at)
        first, last = start_ms // MINUTE_MS, (end_ms - 1) // MINUTE_MS
        edges = [start_ms, *(number * MINUTE_MS for number in range(first + 1, last + 1)), end_ms]
        moments = [started_at, *map(as_datetime, edges[1:-1]), ended_at]
        for number, row in enumerate(_cut((ids, numbers), edges, shapes)):
            cell = Cell(Scope.NODE, node_id, model_id, as_datetime((first + number) * MINUTE_MS))
            yield Rolled(cell, group_id, moments[number], moments[number + 1], row)


def _cut(row: codec.Row, edges: Sequence[int], shapes: codec.Shapes) -> list[codec.Row]:
    if len(edges) == 2:
        return [row]
    ids, numbers = row
    if len(edges) == 3:
        lengths = edges[1] - edges[0], edges[2] - edges[1]
        return [(ids, part) for part in shapes.of(row).cut_in_two(numbers, lengths, edges[1])]
    whole = Reading(edges[0], edges[-1], codec.decode(ids, numbers, shapes.layouts))
    return [codec.encode(part.measures, shapes.layout_ids) for part in spread(whole, MINUTE_MS)]


def _grown(cell: Cell, group_id: int, parts: Sequence[Rolled], before: Rolled | None, shapes: codec.Shapes) -> Change:
    more = together(cell, group_id, parts, shapes)
    if before is None:
        return Change(more, None, more)
    more = more._replace(group_id=before.group_id)
    return Change(together(cell, before.group_id, (before, more), shapes), before, more)


def _made_anew(cell: Cell, parts: Sequence[Rolled], before: Rolled | None, shapes: codec.Shapes) -> Change:
    if before is None:
        return _grown(cell, parts[0].group_id, parts, None, shapes)
    now = together(cell, before.group_id, parts, shapes)
    gained = difference(before.reading(shapes.layouts), now.reading(shapes.layouts))
    row = None if gained is None else codec.encode(gained.measures, shapes.layout_ids)
    return Change(now, before, None if row is None else now._replace(row=row))


def _following(
    changes: Iterable[Change],
    cell_of: Callable[[Rolled], Cell],
    finer: Callable[[Collection[Cell]], Iterable[Rolled]],
    shapes: codec.Shapes,
) -> list[Change]:
    """How the cells that these belong to change: by the same difference, or where it is not known, anew from `finer`."""
    by_cell: dict[Cell, list[Change]] = defaultdict(list)
    for change in changes:
        by_cell[cell_of(change.now)].append(change)
    existing = cells.read("minute", by_cell)
    found: list[Change] = []
    unknown: list[Cell] = []
    for cell, of_cell in by_cell.items():
        parts = [change.more for change in of_cell if change.more is not None]
        if len(parts) == len(of_cell):
            group_id = parts[0].group_id if cell.scope is Scope.GROUP else 0
            found.append(_grown(cell, group_id, parts, existing.get(cell), shapes))
        else:
            unknown.append(cell)
    anew = gathered((part._replace(cell=cell_of(part)) for part in finer(unknown)), shapes) if unknown else []
    return [*found, *(Change(now, existing.get(now.cell), None) for now in anew)]


def _group_of(rolled: Rolled) -> Cell:
    return Cell(Scope.GROUP, rolled.group_id, 0, rolled.cell.bucket_at)


def _fleet_of(rolled: Rolled) -> Cell:
    return Cell(Scope.FLEET, 0, 0, rolled.cell.bucket_at)


def _nodes_of_groups(groups: Collection[Cell]) -> Iterable[Rolled]:
    condition = "scope = 2 AND group_id = ANY(%s) AND bucket_at = ANY(%s)"
    found = cells.select(
        "minute", condition, [sorted({cell.scope_id for cell in groups}), sorted({cell.bucket_at for cell in groups})]
    )
    return (node for node in found if _group_of(node) in groups)


def _groups_of_fleet(fleet: Collection[Cell]) -> Iterable[Rolled]:
    return cells.select("minute", "scope = 1 AND bucket_at = ANY(%s)", [sorted(cell.bucket_at for cell in fleet)])


def _gains(groups: Iterable[Change], shapes: codec.Shapes) -> dict[int, totals.Gain]:
    """What the running totals of groups grow by: what each of these minutes holds more than the version that it replaces."""
    gained: dict[int, list[Rolled]] = defaultdict(list)
    for change in groups:
        if change.more is not None:
            row = shapes.of(change.more.row).without_levels(change.more.row[1])
        else:
            before = change.before.reading(shapes.layouts) if change.before else EMPTY
            grown = growth(before, change.now.reading(shapes.layouts))
            row = codec.encode(grown.measures, shapes.layout_ids)
        if row[0]:
            gained[change.now.group_id].append(change.now._replace(row=row))
    return {
        group_id: totals.Gain(min(part.started_at for part in parts), shapes.merged(part.row for part in parts))
        for group_id, parts in gained.items()
    }


# --- Hours and days --------------------------------------------------------------------------------------------------


def _make_days_due(cursor: Any, hours: Iterable[Rolled]) -> None:
    due = sorted(
        {(local_day(cell.bucket_at), (cell.scope, cell.scope_id, cell.model_id)) for cell in (r.cell for r in hours)}
    )
    cursor.execute(
        "INSERT INTO inference_kpis_day_due SELECT * FROM unnest(%s::date[], %s::smallint[], %s::int[], %s::int[])"
        " ON CONFLICT DO NOTHING",
        [[day for day, _ in due], *([int(key[i]) for _, key in due] for i in range(3))],
    )


def _roll_due_hours(cursor: Any, now: datetime) -> int:
    """Hours that are over, from their minutes."""
    oldest = now - timedelta(days=settings.MINUTE_RETENTION_DAYS)
    due = _take_due(cursor, "hour_due", "hour_at", oldest, _hour_of(now - GRACE))
    rolled = 0
    for hour_at, keys in due.items():
        for some in batched(keys, CELLS_IN_MEMORY):
            hours = _sum_up("minute", some, hour_at, hour_at + HOUR)
            cells.write(cursor, "hour", hours)
            _make_days_due(cursor, hours)
            rolled += len(hours)
    return rolled


def _roll_due_days(cursor: Any, now: datetime) -> int:
    """Days of the company's time zone that are over, from their hours."""
    oldest = local_day(now - timedelta(days=settings.HOUR_RETENTION_DAYS))
    due = _take_due(cursor, "day_due", "day_on", oldest, local_day(now - HOUR - GRACE))
    rolled = 0
    for day, keys in due.items():
        for some in batched(keys, CELLS_IN_MEMORY):
            days = _sum_up("hour", some, start_of_day(day), start_of_day(day + timedelta(days=1)))
            cells.write(cursor, "day", days)
            rolled += len(days)
    return rolled


Key = tuple[int, int, int]  # scope, scope_id, model_id


def _take_due(cursor: Any, table: str, column: str, oldest: object, before: object) -> dict[Any, list[Key]]:
    """What is over, the fleet and groups first. What its finer roll-ups are gone of stays as it is."""
    cursor.execute(
        f"DELETE FROM inference_kpis_{table} WHERE ctid = ANY(ARRAY(SELECT ctid FROM inference_kpis_{table}"
        f" WHERE {column} < %s ORDER BY {column}, scope LIMIT %s)) RETURNING {column}, scope, scope_id, model_id",
        [before, MOST_CELLS_AT_ONCE],
    )
    due: dict[Any, list[Key]] = defaultdict(list)
    for when, *key in sorted(cursor.fetchall()):
        if when > oldest:
            due[when].append(tuple(key))
    return due


def batched(keys: Sequence[Key], size: int) -> Iterable[Sequence[Key]]:
    return (keys[start : start + size] for start in range(0, len(keys), size))


def _sum_up(width: str, keys: Sequence[Key], start: datetime, end: datetime) -> list[Rolled]:
    """Merge, for each cell, its finer roll-ups of [start, end)."""
    parts = cells.select(
        width,
        "(scope, scope_id, model_id) IN (SELECT * FROM unnest(%s::smallint[], %s::int[], %s::int[]))"
        " AND bucket_at >= %s AND bucket_at < %s",
        [*([key[i] for key in keys] for i in range(3)), start, end],
    )
    at_start = (part._replace(cell=part.cell._replace(bucket_at=start)) for part in parts)
    return gathered(at_start, codec.Shapes(layouts_by_id()))


def _hour_of(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def local_day(moment: datetime) -> date:
    """The day of this moment in the company's time zone."""
    return moment.astimezone(ZoneInfo(settings.TIME_ZONE)).date()


def start_of_day(day: date) -> datetime:
    """Midnight in the company's time zone; days have 23 or 25 hours when clocks change."""
    return datetime.combine(day, time.min, ZoneInfo(settings.TIME_ZONE))
