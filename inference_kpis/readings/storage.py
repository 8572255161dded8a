"""What readings and roll-ups take on disk, and what their retention frees next; read from PostgreSQL's catalogue."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from django.db import connection

from inference_kpis.catalogue import MEASURES_BY_ID
from inference_kpis.readings import codec, partitions
from inference_kpis.readings.algebra import Distribution
from inference_kpis.readings.partitions import Partitioned
from inference_kpis.readings.store import layouts_by_id

# How many rows of a part tell what a row holds.
SAMPLED_ROWS = 200
WIDTHS: dict[str, Partitioned] = {
    "reading": partitions.READING,
    "minute": partitions.MINUTE,
    "hour": partitions.HOUR,
    "day": partitions.DAY,
}


@dataclass(frozen=True, slots=True)
class Stored:
    """One width. Rows are PostgreSQL's own estimate, None before it has looked; `samples` are scalars and bucket counts."""

    width: str
    retention_days: int
    bytes: int
    rows: int | None
    oldest_at: datetime | None
    newest_at: datetime | None
    numbers_per_row: float | None
    samples_per_row: float | None
    frees_bytes: int
    frees_on: date | None

    @property
    def numbers(self) -> int | None:
        """All stored numbers, about."""
        return None if self.rows is None or self.numbers_per_row is None else round(self.rows * self.numbers_per_row)

    @property
    def bytes_per_sample(self) -> float | None:
        """Indexes included."""
        if not self.rows or not self.samples_per_row:
            return None
        return self.bytes / (self.rows * self.samples_per_row)


@dataclass(frozen=True, slots=True)
class _Part:
    name: str
    bytes: int
    rows: int
    is_filled: bool


def stored() -> list[Stored]:
    """Every width; a constant number of queries, none of which reads more than a few hundred rows."""
    layouts = layouts_by_id()
    return [_stored(width, of, layouts) for width, of in WIDTHS.items()]


def _stored(width: str, of: Partitioned, layouts: dict[int, codec.Bounds]) -> Stored:
    parts = _parts(of)
    filled = [part for part in parts if part.is_filled]
    rows = [max(part.rows, 0) for part in filled]
    is_counted = all(part.rows >= 0 for part in filled)
    numbers, samples = _of_a_row(filled[-1].name, layouts) if filled else (None, None)
    oldest_at, newest_at = _span(of, [part.name for part in filled])
    return Stored(
        width,
        of.retention_days,
        sum(part.bytes for part in parts),
        sum(rows) if is_counted else None,
        oldest_at,
        newest_at,
        numbers,
        samples,
        filled[0].bytes if filled else 0,
        of.dropped_on(filled[0].name) if filled else None,
    )


def _parts(of: Partitioned) -> list[_Part]:
    """The parts of a table, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, pg_total_relation_size(oid), reltuples::bigint"
            " FROM pg_class WHERE oid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = %s::regclass)"
            " ORDER BY relname",
            [of.table],
        )
        found = cursor.fetchall()
        if not found:
            return []
        cursor.execute(f"SELECT {', '.join(f'EXISTS (SELECT FROM {name})' for name, _, _ in found)}")
        return [
            _Part(name, size, rows, is_filled)
            for (name, size, rows), is_filled in zip(found, cursor.fetchone(), strict=True)
        ]


def _of_a_row(part: str, layouts: dict[int, codec.Bounds]) -> tuple[float | None, float | None]:
    """Numbers and samples that a row of this part holds on average."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT measures, numbers FROM {part} LIMIT {SAMPLED_ROWS}")
        rows = cursor.fetchall()
    if not rows:
        return None, None
    known = [(ids, numbers) for ids, numbers in rows if all(id_ in MEASURES_BY_ID for id_ in ids)]
    samples = [
        sum(1 + sum(map(len, value.counts.values())) if isinstance(value, Distribution) else 1 for value in of.values())
        for of in (codec.decode(ids, numbers, layouts) for ids, numbers in known)
    ]
    return (
        sum(len(numbers) for _, numbers in rows) / len(rows),
        sum(samples) / len(samples) if samples else None,
    )


def _span(of: Partitioned, filled: list[str]) -> tuple[datetime | None, datetime | None]:
    """The first moment in the oldest part and the last in the newest."""
    if not filled:
        return None, None
    if of is partitions.READING:
        # Without an index by time; readings begin with their first day.
        with connection.cursor() as cursor:
            cursor.execute("SELECT max(ended_at) FROM inference_kpis_latest")
            return datetime.combine(of.day_of(filled[0]), time.min, UTC), cursor.fetchone()[0]
    with connection.cursor() as cursor:
        # Groups alone: an index has them in order of time.
        cursor.execute(
            f"SELECT (SELECT min(bucket_at) FROM {filled[0]} WHERE scope = 1),"
            f" (SELECT max(bucket_at) FROM {filled[-1]} WHERE scope = 1)"
        )
        oldest_at, newest_at = cursor.fetchone()
    return oldest_at, newest_at
