"""Running totals of each group since it was first heard of: counters that never fall, whichever process is asked.

They grow by what a minute holds more than the version that it replaces, in the transaction of that roll-up, and by nothing
else; why, stands in docs/decisions/0008-totals-grow-with-the-roll-ups.md.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from inference_kpis.readings import codec
from inference_kpis.readings.algebra import MeasureValue
from inference_kpis.readings.arrays import array_text
from inference_kpis.readings.store import layouts_by_id


@dataclass(frozen=True, slots=True)
class Total:
    """All increases and distributions of a group from `counted_since` on."""

    counted_since: datetime
    measures: Mapping[str, MeasureValue]


def totals(group_ids: Collection[int] | None = None) -> dict[int, Total]:
    """The totals of these groups, or of all, by group id; two queries."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT group_id, counted_since, measures, numbers::text FROM inference_kpis_group_total"
            " WHERE %(ids)s::int[] IS NULL OR group_id = ANY(%(ids)s)",
            {"ids": None if group_ids is None else list(group_ids)},
        )
        rows = cursor.fetchall()
    known = layouts_by_id() if rows else {}
    return {
        group_id: Total(since, codec.decode(ids, _numbers(numbers), known)) for group_id, since, ids, numbers in rows
    }


@dataclass(frozen=True, slots=True)
class Gain:
    """What a group's total grows by: a row of increases and distributions, from `started_at` on."""

    started_at: datetime
    row: codec.Row


def add(gained: Mapping[int, Gain], shapes: codec.Shapes) -> None:
    """Add to the totals of groups, in the caller's transaction; only one caller may be at it at a time."""
    if not gained:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT group_id, counted_since, measures, numbers::text FROM inference_kpis_group_total"
            " WHERE group_id = ANY(%s)",
            [list(gained)],
        )
        before = {group_id: (since, (ids, _numbers(text))) for group_id, since, ids, text in cursor.fetchall()}
        rows: list[tuple[int, datetime, str, str]] = []
        for group_id, gain in sorted(gained.items()):
            since, row = gain.started_at, gain.row
            if group_id in before:
                since, so_far = before[group_id]
                row = shapes.merged([so_far, row])
            rows.append((group_id, since, array_text(row[0]), array_text(row[1])))
        cursor.execute(
            # As text, because arrays of different lengths do not fit into one array parameter.
            "INSERT INTO inference_kpis_group_total (group_id, counted_since, measures, numbers)"
            " SELECT id, since, measures::smallint[], numbers::numeric[]"
            " FROM unnest(%s::int[], %s::timestamptz[], string_to_array(%s, ' '), string_to_array(%s, ' '))"
            " AS grown (id, since, measures, numbers)"
            " ON CONFLICT (group_id) DO UPDATE SET measures = excluded.measures, numbers = excluded.numbers",
            [
                array_text(row[0] for row in rows),
                array_text(row[1] for row in rows),
                " ".join(row[2] for row in rows),
                " ".join(row[3] for row in rows),
            ],
        )


def _numbers(array: str) -> list[int]:
    return [*map(int, array[1:-1].split(","))]
