"""Partitions of readings and roll-ups: made ahead, dropped when they age out, and made at once should one be missing.

Readings and minutes lie in a table a day, hours in one a month, days in one a year. What is dropped is older than its
retention to the last row, so a little more than that is kept.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.conf import settings
from django.db import connection, transaction

DAYS_AHEAD = 3

_known_days: set[date] = set()


def _following_month(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


@dataclass(frozen=True)
class Partitioned:
    """A table in parts: the first day of the part that a day is in, that of the next part, and how parts are named."""

    table: str
    retention: str
    first_day: Callable[[date], date]
    next_part: Callable[[date], date]
    suffix: str

    def name(self, day: date) -> str:
        return f"{self.table}_{self.first_day(day).strftime(self.suffix)}"

    def day_of(self, name: str) -> date:
        """The first day of the part of this name (UTC)."""
        return datetime.strptime(name.rpartition("_")[2], self.suffix).replace(tzinfo=UTC).date()

    def dropped_on(self, name: str) -> date:
        """The day on which the part of this name is dropped: its last day is past its retention."""
        return self.next_part(self.day_of(name)) + timedelta(days=self.retention_days)

    @property
    def retention_days(self) -> int:
        return int(getattr(settings, self.retention))

    def first_kept(self, today: date) -> date:
        """The first day of the oldest part that is not over its retention."""
        return self.first_day(today - timedelta(days=self.retention_days))


def _daily(table: str, retention: str) -> Partitioned:
    return Partitioned(table, retention, lambda day: day, lambda day: day + timedelta(days=1), "%Y%m%d")


READING = _daily("inference_kpis_reading", "RAW_RETENTION_DAYS")
MINUTE = _daily("inference_kpis_rollup_minute", "MINUTE_RETENTION_DAYS")
HOUR = Partitioned(
    "inference_kpis_rollup_hour", "HOUR_RETENTION_DAYS", lambda day: day.replace(day=1), _following_month, "%Y%m"
)
DAY = Partitioned(
    "inference_kpis_rollup_day",
    "DAY_RETENTION_DAYS",
    lambda day: day.replace(month=1, day=1),
    lambda year: year.replace(year=year.year + 1),
    "%Y",
)
ALL = (READING, MINUTE, HOUR, DAY)


def ensure(days: Collection[date]) -> None:
    """Make sure that readings of these days (UTC) and their roll-ups have tables to go to."""
    missing = set(days) - _known_days
    for day in sorted(missing):
        for of in ALL:
            make(of, day)
            # A reading that ends just after midnight also touches the minutes before it, and a day begins before it in UTC.
            make(of, day - timedelta(days=1))
    if missing:
        transaction.on_commit(lambda: _known_days.update(missing))


def forget_days() -> None:
    """Drop what this process remembers, for tests that empty the database."""
    _known_days.clear()


def keep(today: date) -> list[str]:
    """Make the coming parts and drop what is past its retention; the names of the dropped tables."""
    make_ahead(ALL, today)
    return [name for of in ALL for name in _drop_before(of, of.first_kept(today))]


def make_ahead(tables: Sequence[Partitioned], today: date) -> None:
    """Make the parts around today and the one after them."""
    for of in tables:
        for offset in range(-1, DAYS_AHEAD + 1):
            make(of, today + timedelta(days=offset))
        if of.first_day(today) != today:
            make(of, of.next_part(of.first_day(today)))


def make(of: Partitioned, day: date) -> None:
    """Make the part of this day; one transaction-scoped lock, so that two workers that miss the same do not collide."""
    with connection.cursor() as cursor:
        name, first = of.name(day), of.first_day(day)
        cursor.execute("SELECT to_regclass(%s)", [name])
        if cursor.fetchone()[0] is not None:
            return
        with transaction.atomic():
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [of.table])
            # DDL takes no bind parameters; all values are ours: constants and dates.
            cursor.execute(
                f"CREATE TABLE IF NOT EXISTS {name} PARTITION OF {of.table}"
                f" FOR VALUES FROM ('{first} 00:00+00') TO ('{of.next_part(first)} 00:00+00')"
            )


def _drop_before(of: Partitioned, first_kept: date) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = %s::regclass", [of.table])
        limit = of.name(first_kept)
        names = sorted(name for (name,) in cursor.fetchall() if name < limit)
        for name in names:
            cursor.execute(f"DROP TABLE {name}")
    _known_days.difference_update({day for day in _known_days if day < first_kept})
    return names
