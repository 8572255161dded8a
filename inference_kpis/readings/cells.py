"""Roll-ups as rows: what a cell is, and how cells are read and written, many at a time."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from enum import IntEnum
from typing import Any, NamedTuple

import psycopg
from django.db import connection

from inference_kpis.readings import codec
from inference_kpis.readings.algebra import Reading
from inference_kpis.readings.arrays import array_text
from inference_kpis.readings.store import as_ms, copy_rows

COLUMNS = "scope, scope_id, model_id, bucket_at, group_id, started_at, ended_at, measures, numbers"


class Scope(IntEnum):
    FLEET = 0
    GROUP = 1
    NODE = 2


SCOPES = tuple(Scope)


class Cell(NamedTuple):
    """Where a roll-up belongs."""

    scope: Scope
    scope_id: int
    model_id: int
    bucket_at: datetime


class Rolled(NamedTuple):
    """What a cell holds."""

    cell: Cell
    group_id: int
    started_at: datetime
    ended_at: datetime
    row: codec.Row

    def reading(self, layouts: Mapping[int, codec.Bounds]) -> Reading:
        return Reading(as_ms(self.started_at), as_ms(self.ended_at), codec.decode(*self.row, layouts))


def together(cell: Cell, group_id: int, parts: Sequence[Rolled], shapes: codec.Shapes) -> Rolled:
    """These parts as one, in this cell."""
    if len(parts) == 1:
        return Rolled(cell, group_id, parts[0].started_at, parts[0].ended_at, parts[0].row)
    started_at, ended_at = min(part.started_at for part in parts), max(part.ended_at for part in parts)
    return Rolled(cell, group_id, started_at, ended_at, shapes.merged(part.row for part in parts))


def fetch(query: str, values: Sequence[object]) -> list[Any]:
    """All rows of a query, asked for in PostgreSQL's binary format: long arrays arrive at a third of the cost."""
    with psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(query.encode(), values, binary=True)
        return cursor.fetchall()


def select(width: str, condition: str, values: Sequence[object]) -> list[Rolled]:
    """The roll-ups of a width that fulfil a condition."""
    return [*map(_rolled, fetch(f"SELECT {COLUMNS} FROM inference_kpis_rollup_{width} WHERE {condition}", values))]


def _rolled(row: Sequence[Any]) -> Rolled:
    scope, scope_id, model_id, bucket_at, group_id, started_at, ended_at, ids, numbers = row
    return Rolled(Cell(SCOPES[scope], scope_id, model_id, bucket_at), group_id, started_at, ended_at, (ids, numbers))


def read(width: str, cells: Collection[Cell]) -> dict[Cell, Rolled]:
    """Those of these cells that are there."""
    if not cells:
        return {}
    moments = [cell.bucket_at for cell in cells]
    found = fetch(
        f"SELECT {COLUMNS} FROM unnest(%s::int[], %s::int[], %s::int[], %s::timestamptz[]) AS wanted (a, b, c, d)"
        # One look into the index for each, whatever the planner thinks of a partition that grew since it was analysed.
        f" CROSS JOIN LATERAL (SELECT * FROM inference_kpis_rollup_{width} WHERE scope = a AND scope_id = b"
        " AND model_id = c AND bucket_at = d AND bucket_at BETWEEN %s AND %s OFFSET 0) AS cell",
        [*(array_text(column) for column in zip(*cells, strict=True)), min(moments), max(moments)],
    )
    return {each.cell: each for each in map(_rolled, found)}


def write(cursor: Any, width: str, rolled: Sequence[Rolled]) -> None:
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


def gathered(parts: Iterable[Rolled], shapes: codec.Shapes) -> list[Rolled]:
    """Parts of equal cells together."""
    found: dict[Cell, list[Rolled]] = {}
    for part in parts:
        found.setdefault(part.cell, []).append(part)
    return [
        together(cell, max(part.group_id for part in of) if cell.scope else 0, of, shapes) for cell, of in found.items()
    ]
