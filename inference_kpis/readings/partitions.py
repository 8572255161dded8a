"""Daily partitions: made ahead, dropped when they age out, and made at once should one be missing after a long stop."""

from collections.abc import Collection
from datetime import date, timedelta

from django.conf import settings
from django.db import connection, transaction

DAYS_AHEAD = 3
READING, MINUTE = "inference_kpis_reading", "inference_kpis_rollup_minute"

_known_days: set[date] = set()


def ensure(days: Collection[date]) -> None:
    """Make sure that readings of these days (UTC) have a table to go to."""
    missing = set(days) - _known_days
    for day in sorted(missing):
        for table in (READING, MINUTE):
            _make(table, day)
            # A reading that ends just after midnight also touches the minutes before it.
            _make(table, day - timedelta(days=1))
    if missing:
        transaction.on_commit(lambda: _known_days.update(missing))


def forget_days() -> None:
    """Drop what this process remembers, for tests that empty the database."""
    _known_days.clear()


def keep(today: date) -> list[str]:
    """Make the coming days and drop what is past its retention; the names of the dropped tables."""
    for table in (READING, MINUTE):
        for offset in range(-1, DAYS_AHEAD + 1):
            _make(table, today + timedelta(days=offset))
    return _drop_before(READING, today - timedelta(days=settings.RAW_RETENTION_DAYS)) + _drop_before(
        MINUTE, today - timedelta(days=settings.MINUTE_RETENTION_DAYS)
    )


def _make(table: str, day: date) -> None:
    """One transaction-scoped lock, so that two workers that miss the same day do not collide."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s)", [f"{table}_{day:%Y%m%d}"])
        if cursor.fetchone()[0] is not None:
            return
        with transaction.atomic():
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [table])
            # DDL takes no bind parameters; both values are ours: a constant and a date.
            cursor.execute(
                f"CREATE TABLE IF NOT EXISTS {table}_{day:%Y%m%d} PARTITION OF {table}"
                f" FOR VALUES FROM ('{day} 00:00+00') TO ('{day + timedelta(days=1)} 00:00+00')"
            )


def _drop_before(table: str, first_kept: date) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = %s::regclass", [table])
        limit = f"{table}_{first_kept:%Y%m%d}"
        names = sorted(name for (name,) in cursor.fetchall() if name < limit)
        for name in names:
            cursor.execute(f"DROP TABLE {name}")
    _known_days.difference_update({day for day in _known_days if day < first_kept})
    return names
