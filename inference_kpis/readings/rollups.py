"""Rolling readings up: minutes from raw readings, hours from minutes, days from hours; nodes into groups into the fleet.

A roll-up is always recomputed whole from the level below, never added to, so that a late, repeated or repaired reading
cannot be counted twice. What has to be recomputed is rows, written in the transaction that stored the readings.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import IntEnum
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection, transaction

from inference_kpis.readings import codec, partitions, totals
from inference_kpis.readings.algebra import EMPTY, Reading, growth, merge, spread
from inference_kpis.readings.store import (
    LONGEST_READING,
    MINUTE_MS,
    as_datetime,
    as_ms,
    copy_rows,
    layouts_by_id,
)

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
# An hour is rolled up this long after its end, when the pulls that were under way are in.
GRACE = timedelta(seconds=30)
MOST_TOUCHED_AT_ONCE = 20_000
ONE_AT_A_TIME = 0x56494749


class Scope(IntEnum):
    FLEET = 0
    GROUP = 1
    NODE = 2


@dataclass(frozen=True, slots=True)
class Cell:
    """Where a roll-up belongs."""

    scope: Scope
    scope_id: int
    model_id: int
    bucket_at: datetime


@dataclass(frozen=True, slots=True)
class Rolled:
    cell: Cell
    group_id: int
    started_at: datetime
    ended_at: datetime
    row: codec.Row

    def reading(self, layouts: Mapping[int, codec.Bounds]) -> Reading:
        return Reading(as_ms(self.started_at), as_ms(self.ended_at), codec.decode(*self.row, layouts))


def roll_up_touched(now: datetime) -> int:
    """Recompute what new readings touched; the number of minute cells of nodes. Returns 0 while another one is at it."""
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


def _take_touched(cursor: Any) -> list[tuple[datetime, int, int]]:
    """Take rows out; those of a transaction still under way are not seen and stay for the next time."""
    cursor.execute(
        "WITH taken AS (DELETE FROM inference_kpis_touched WHERE ctid = ANY(ARRAY("
        "SELECT ctid FROM inference_kpis_touched LIMIT %s)) RETURNING minute_at, node_id, model_id)"
        " SELECT DISTINCT minute_at, node_id, model_id FROM taken",
        [MOST_TOUCHED_AT_ONCE],
    )
    return list(cursor.fetchall())


def _roll_minutes(cursor: Any, touched: Sequence[tuple[datetime, int, int]]) -> int:
    partitions.ensure({minute.astimezone(UTC).date() for minute, _, _ in touched})
    nodes = _node_minutes(cursor, touched)
    _write(cursor, "minute", nodes)
    minutes = sorted({rolled.cell.bucket_at for rolled in nodes})
    touched_groups = sorted({rolled.group_id for rolled in nodes})
    groups = _merged(
        _select(
            cursor,
            "minute",
            "scope = 2 AND group_id = ANY(%s) AND bucket_at = ANY(%s)",
            [touched_groups, minutes],
        ),
        lambda rolled: Cell(Scope.GROUP, rolled.group_id, 0, rolled.cell.bucket_at),
    )
    _add_to_totals(cursor, groups)
    _write(cursor, "minute", groups)
    fleet = _merged(
        _select(cursor, "minute", "scope = 1 AND bucket_at = ANY(%s)", [minutes]),
        lambda rolled: Cell(Scope.FLEET, 0, 0, rolled.cell.bucket_at),
    )
    _write(cursor, "minute", fleet)
    _make_due(cursor, "hour_due", "hour_at", [(_hour_of(r.cell.bucket_at), r.cell) for r in (*nodes, *groups, *fleet)])
    return len(nodes)


def _add_to_totals(cursor: Any, groups: Sequence[Rolled]) -> None:
    """Let the running totals follow: what each of these minutes holds more than the version that it replaces."""
    replaced = _select(
        cursor,
        "minute",
        "scope = 1 AND scope_id = ANY(%s) AND bucket_at = ANY(%s)",
        [sorted({each.cell.scope_id for each in groups}), sorted({each.cell.bucket_at for each in groups})],
    )
    known = layouts_by_id() if groups else {}
    before = {each.cell: each.reading(known) for each in replaced}
    gained: dict[int, Reading] = defaultdict(lambda: EMPTY)
    for each in groups:
        grown = growth(before.get(each.cell, EMPTY), each.reading(known))
        gained[each.group_id] = merge(gained[each.group_id], grown)
    totals.add(gained)


def _node_minutes(cursor: Any, touched: Sequence[tuple[datetime, int, int]]) -> list[Rolled]:
    """The touched minutes of nodes, each merged from the parts of the raw readings that fall into it.

    A minute stays in the group that it was first counted in: else a node that moves would leave it behind in the old one.
    """
    cursor.execute(
        "SELECT t.minute_at, r.node_id, r.model_id, coalesce(m.group_id, r.group_id),"
        " r.started_at, r.ended_at, r.measures, r.numbers"
        " FROM unnest(%s::timestamptz[], %s::int[], %s::int[]) AS t (minute_at, node_id, model_id)"
        " JOIN inference_kpis_reading r ON r.node_id = t.node_id AND r.model_id = t.model_id"
        # A millisecond, and not at once: what probes saw up to the start of the minute ends a hair after it.
        " AND r.ended_at >= t.minute_at + interval '1 ms' AND r.ended_at < t.minute_at + %s"
        " AND r.started_at < t.minute_at + %s"
        " LEFT JOIN inference_kpis_rollup_minute m ON m.scope = 2 AND m.scope_id = t.node_id"
        " AND m.bucket_at = t.minute_at AND m.model_id = t.model_id"
        " ORDER BY r.ended_at",
        [
            [row[0] for row in touched],
            [row[1] for row in touched],
            [row[2] for row in touched],
            LONGEST_READING + MINUTE,
            MINUTE,
        ],
    )
    rows = cursor.fetchall()
    known = layouts_by_id()
    layout_ids = {bounds: id_ for id_, bounds in known.items()}
    parts: dict[Cell, list[Rolled]] = defaultdict(list)
    for minute_at, node_id, model_id, group_id, started_at, ended_at, *row in rows:
        cell = Cell(Scope.NODE, node_id, model_id, minute_at)
        whole = Rolled(cell, group_id, started_at, ended_at, tuple(row))
        parts[cell].append(_part_in_minute(whole, known, layout_ids))
    return [_together(cell, of_cell[0].group_id, of_cell, known) for cell, of_cell in parts.items()]


def _part_in_minute(whole: Rolled, known: Mapping[int, codec.Bounds], layout_ids: Mapping[codec.Bounds, int]) -> Rolled:
    """What of a raw reading falls into the minute of its cell; most readings lie within one and are taken as they are."""
    minute_at = whole.cell.bucket_at
    if minute_at <= whole.started_at and whole.ended_at <= minute_at + MINUTE:
        return whole
    reading = whole.reading(known)
    minute_ms = as_ms(minute_at)
    part = next(part for part in spread(reading, MINUTE_MS) if minute_ms <= part.start_ms < minute_ms + MINUTE_MS)
    start, end = as_datetime(part.start_ms), as_datetime(part.end_ms)
    return Rolled(whole.cell, whole.group_id, start, end, codec.encode(part.measures, layout_ids))


def _merged(parts: Iterable[Rolled], cell_of: Callable[[Rolled], Cell]) -> list[Rolled]:
    """Merge the parts that share a cell."""
    gathered: dict[Cell, list[Rolled]] = defaultdict(list)
    for part in parts:
        gathered[cell_of(part)].append(part)
    known = layouts_by_id() if gathered else {}
    return [
        _together(cell, max(part.group_id for part in of_cell) if cell.scope else 0, of_cell, known)
        for cell, of_cell in gathered.items()
    ]


def _together(cell: Cell, group_id: int, parts: Sequence[Rolled], known: Mapping[int, codec.Bounds]) -> Rolled:
    started_at, ended_at = min(part.started_at for part in parts), max(part.ended_at for part in parts)
    return Rolled(cell, group_id, started_at, ended_at, codec.merge_rows((part.row for part in parts), known))


# --- Hours and days --------------------------------------------------------------------------------------------------


def _make_due(cursor: Any, table: str, column: str, due: Iterable[tuple[object, Cell]]) -> None:
    rows = sorted({(when, cell.scope, cell.scope_id, cell.model_id) for when, cell in due}, key=str)
    kind = "timestamptz" if column == "hour_at" else "date"
    cursor.execute(
        f"INSERT INTO inference_kpis_{table} SELECT * FROM unnest(%s::{kind}[], %s::smallint[], %s::int[], %s::int[])"
        " ON CONFLICT DO NOTHING",
        [list(column_values) for column_values in zip(*rows, strict=True)] if rows else [[], [], [], []],
    )


def _roll_due_hours(cursor: Any, now: datetime) -> int:
    """Hours that are over, from their minutes; at most an hour's worth of cells is taken at a time."""
    due = _take_due(cursor, "hour_due", "hour_at", _hour_of(now - GRACE))
    rolled: list[Rolled] = []
    for hour_at, cells in due.items():
        rolled += _sum_up(cursor, "minute", cells, hour_at, hour_at + HOUR)
    _write(cursor, "hour", rolled)
    _make_due(cursor, "day_due", "day_on", [(local_day(r.cell.bucket_at), r.cell) for r in rolled])
    return len(rolled)


def _roll_due_days(cursor: Any, now: datetime) -> int:
    """Days of the company's time zone that are over, from their hours."""
    due = _take_due(cursor, "day_due", "day_on", local_day(now - HOUR - GRACE))
    rolled: list[Rolled] = []
    for day, cells in due.items():
        rolled += _sum_up(cursor, "hour", cells, start_of_day(day), start_of_day(day + timedelta(days=1)))
    _write(cursor, "day", rolled)
    return len(rolled)


def _take_due(cursor: Any, table: str, column: str, before: object) -> dict[Any, list[tuple[int, int, int]]]:
    cursor.execute(
        f"DELETE FROM inference_kpis_{table} WHERE {column} < %s RETURNING {column}, scope, scope_id, model_id",
        [before],
    )
    due: dict[Any, list[tuple[int, int, int]]] = defaultdict(list)
    for when, scope, scope_id, model_id in cursor.fetchall():
        due[when].append((scope, scope_id, model_id))
    return due


def _sum_up(
    cursor: Any, width: str, cells: Sequence[tuple[int, int, int]], start: datetime, end: datetime
) -> list[Rolled]:
    """Merge, for each cell, its finer roll-ups of [start, end)."""
    parts = _select(
        cursor,
        width,
        "(scope, scope_id, model_id) IN (SELECT * FROM unnest(%s::smallint[], %s::int[], %s::int[]))"
        " AND bucket_at >= %s AND bucket_at < %s",
        [*([cell[i] for cell in cells] for i in range(3)), start, end],
    )
    return _merged(parts, lambda part: Cell(part.cell.scope, part.cell.scope_id, part.cell.model_id, start))


def _hour_of(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def local_day(moment: datetime) -> date:
    """The day of this moment in the company's time zone."""
    return moment.astimezone(ZoneInfo(settings.TIME_ZONE)).date()


def start_of_day(day: date) -> datetime:
    """Midnight in the company's time zone; days have 23 or 25 hours when clocks change."""
    return datetime.combine(day, time.min, ZoneInfo(settings.TIME_ZONE))


# --- Tables ----------------------------------------------------------------------------------------------------------


def _select(cursor: Any, width: str, condition: str, values: Sequence[object]) -> list[Rolled]:
    cursor.execute(
        "SELECT scope, scope_id, model_id, bucket_at, group_id, started_at, ended_at, measures, numbers"
        f" FROM inference_kpis_rollup_{width} WHERE {condition}",
        list(values),
    )
    return [
        Rolled(Cell(Scope(scope), scope_id, model_id, bucket_at), group_id, started_at, ended_at, (ids, numbers))
        for scope, scope_id, model_id, bucket_at, group_id, started_at, ended_at, ids, numbers in cursor.fetchall()
    ]


def _write(cursor: Any, width: str, rolled: Sequence[Rolled]) -> None:
    """Replace these cells."""
    if not rolled:
        return
    table, staged = f"inference_kpis_rollup_{width}", f"staged_{width}"
    cursor.execute(f"CREATE TEMP TABLE IF NOT EXISTS {staged} (LIKE {table}) ON COMMIT DELETE ROWS")
    cursor.execute(f"TRUNCATE {staged}")
    copy_rows(cursor, staged, ("scope", "scope_id", "model_id", "bucket_at"), map(_row, rolled))
    cursor.execute(
        f"INSERT INTO {table} SELECT * FROM {staged} ON CONFLICT (scope, scope_id, bucket_at, model_id) DO UPDATE SET"
        " started_at = excluded.started_at, ended_at = excluded.ended_at, group_id = excluded.group_id,"
        " measures = excluded.measures, numbers = excluded.numbers"
    )


def _row(rolled: Rolled) -> tuple[object, ...]:
    cell = rolled.cell
    leading = int(cell.scope), cell.scope_id, cell.model_id, cell.bucket_at
    return (*leading, rolled.started_at, rolled.ended_at, rolled.group_id, *rolled.row)
