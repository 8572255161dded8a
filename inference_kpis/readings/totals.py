"""Running totals of each group since it was first heard of: counters that never fall, whichever process is asked.

They grow by what a minute holds more than the version that it replaces, in the transaction of that roll-up, and by nothing
else; why, stands in docs/decisions/0008-totals-grow-with-the-roll-ups.md.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from inference_kpis.readings import codec
from inference_kpis.readings.algebra import EMPTY, MeasureValue, Reading, merge
from inference_kpis.readings.store import as_datetime, layout_ids, layouts_by_id


@dataclass(frozen=True, slots=True)
class Total:
    """All increases and distributions of a group from `counted_since` on."""

    counted_since: datetime
    measures: Mapping[str, MeasureValue]


def totals(group_ids: Collection[int] | None = None) -> dict[int, Total]:
    """The totals of these groups, or of all, by group id; two queries."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT group_id, counted_since, measures, numbers FROM inference_kpis_group_total"
            " WHERE %(ids)s::int[] IS NULL OR group_id = ANY(%(ids)s)",
            {"ids": None if group_ids is None else list(group_ids)},
        )
        rows = cursor.fetchall()
    known = layouts_by_id() if rows else {}
    return {
        group_id: Total(since, codec.decode(ids, [int(number) for number in numbers], known))
        for group_id, since, ids, numbers in rows
    }


def add(gained: Mapping[int, Reading]) -> None:
    """Add to the totals of groups, in the caller's transaction; only one caller may be at it at a time."""
    found = totals(gained)
    rows = []
    for group_id, reading in sorted(gained.items()):
        if not reading.measures:
            continue
        before = found.get(group_id)
        so_far = Reading(reading.start_ms, reading.end_ms, before.measures) if before else EMPTY
        since = before.counted_since if before else as_datetime(reading.start_ms)
        rows.append((group_id, since, merge(so_far, reading).measures))
    layouts = layout_ids(bounds for _, _, measures in rows for bounds in codec.layouts_of(measures))
    written = []
    for group_id, since, measures in rows:
        ids, numbers = codec.encode(measures, layouts)
        written.append({"id": group_id, "since": since.isoformat(), "measures": ids, "numbers": numbers})
    with connection.cursor() as cursor:
        # As JSON, because arrays of different lengths do not fit into one array parameter.
        cursor.execute(
            "INSERT INTO inference_kpis_group_total (group_id, counted_since, measures, numbers)"
            " SELECT id, since, measures, numbers FROM jsonb_to_recordset(%s::jsonb)"
            " AS grown (id integer, since timestamptz, measures smallint[], numbers numeric[])"
            " ON CONFLICT (group_id) DO UPDATE SET measures = excluded.measures, numbers = excluded.numbers",
            [json.dumps(written)],
        )
