"""Daily partitions: made ahead, made on demand, dropped after their retention."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import date, timedelta

import pytest
from django.db import connection, transaction
from pytest_django import DjangoAssertNumQueries, DjangoCaptureOnCommitCallbacks, Settings

from inference_kpis.readings import partitions
from inference_kpis.readings.partitions import ALL, DAY, HOUR, MINUTE, READING, Partitioned

pytestmark = pytest.mark.django_db
# Far from the days that the installation made.
TODAY = date(2031, 3, 10)


@pytest.fixture(autouse=True)
def _remembering_nothing() -> Iterator[None]:
    partitions.forget_days()
    yield
    partitions.forget_days()


def parts_of(of: Partitioned) -> list[str]:
    """What the partitions from 2030 on are called after the table."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = %s::regclass", [of.table])
        return sorted(name.rpartition("_")[2] for (name,) in cursor.fetchall() if name.rpartition("_")[2] > "2030")


def days_of(of: Partitioned) -> set[date]:
    """The days from 2030 on that have a partition."""
    names = parts_of(of)
    return {date(int(name[:4]), int(name[4:6]), int(name[6:])) for name in names if name > "2030"}


def around(day: date, first: int, last: int) -> set[date]:
    return {day + timedelta(days=offset) for offset in range(first, last + 1)}


def test_it_works() -> None:
    partitions.keep(TODAY)
    assert days_of(READING) == days_of(MINUTE) == around(TODAY, -1, 3)


def test_hours_lie_in_months_and_days_in_years_the_next_one_made_ahead() -> None:
    partitions.keep(TODAY)
    assert (parts_of(HOUR), parts_of(DAY)) == (["203103", "203104"], ["2031", "2032"])
    partitions.keep(date(2031, 12, 30))
    assert (parts_of(HOUR)[-2:], parts_of(DAY)[-1]) == (["203112", "203201"], "2032")


def test_every_day_brings_the_next() -> None:
    partitions.keep(TODAY)
    partitions.keep(TODAY + timedelta(days=1))
    assert days_of(READING) == around(TODAY, -1, 4)


def test_making_them_again_changes_nothing() -> None:
    partitions.keep(TODAY)
    assert partitions.keep(TODAY) == []
    assert days_of(READING) == around(TODAY, -1, 3)


def test_a_missing_day_is_made_on_demand_with_the_one_before() -> None:
    """A reading that ends just after midnight touches minutes before it."""
    partitions.ensure({TODAY})
    assert days_of(READING) == days_of(MINUTE) == around(TODAY, -1, 0)


def test_each_table_is_kept_as_long_as_it_should_be(settings: Settings) -> None:
    settings.RAW_RETENTION_DAYS, settings.MINUTE_RETENTION_DAYS = 2, 4
    partitions.keep(TODAY)
    dropped = partitions.keep(TODAY + timedelta(days=5))
    assert days_of(READING) == around(TODAY, 3, 8)
    assert days_of(MINUTE) == around(TODAY, 1, 8)
    names = {f"{READING.table}_20310309", f"{READING.table}_20310312", f"{MINUTE.table}_20310310"}
    assert names <= set(dropped)
    assert f"{READING.table}_20310313" not in dropped


def test_months_and_years_go_when_their_last_day_is_past_its_retention(settings: Settings) -> None:
    settings.HOUR_RETENTION_DAYS, settings.DAY_RETENTION_DAYS = 40, 400
    partitions.ensure({TODAY})
    partitions.keep(date(2031, 5, 10))
    assert parts_of(HOUR)[0] == "203103"
    assert f"{HOUR.table}_203103" in partitions.keep(date(2031, 5, 11))
    partitions.keep(date(2033, 2, 3))
    assert parts_of(DAY)[0] == "2031"
    assert f"{DAY.table}_2031" in partitions.keep(date(2033, 2, 4))


def test_every_table_has_room_for_a_late_day() -> None:
    partitions.ensure({date(2031, 6, 1)})
    assert [len(parts_of(of)) for of in ALL] == [2, 2, 2, 1]


def test_a_day_ends_at_midnight_utc() -> None:
    partitions.ensure({TODAY})
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT pg_get_expr(relpartbound, oid) FROM pg_class WHERE relname = '{READING.table}_20310310'"
        )
        bounds = cursor.fetchone()[0]
        cursor.execute("SELECT '2031-03-10 00:00+00'::timestamptz::text, '2031-03-11 00:00+00'::timestamptz::text")
        first, end = cursor.fetchone()
    assert bounds == f"FOR VALUES FROM ('{first}') TO ('{end}')"


class Undone(Exception):
    """Something went wrong, and the transaction is rolled back."""


def make_and_undo(day: date) -> None:
    with suppress(Undone), transaction.atomic():
        partitions.ensure({day})
        raise Undone


def test_a_day_that_was_rolled_back_is_made_again(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    """What a process remembers has to be there."""
    with django_capture_on_commit_callbacks(execute=True):
        make_and_undo(TODAY)
    assert TODAY not in days_of(READING)
    partitions.ensure({TODAY})
    assert TODAY in days_of(READING)


def test_a_day_that_was_dropped_is_made_again(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        partitions.ensure({TODAY})
    partitions.keep(TODAY + timedelta(days=400))
    assert TODAY not in days_of(READING)
    partitions.ensure({TODAY})
    assert TODAY in days_of(READING)


def test_a_day_that_is_remembered_costs_no_query(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        partitions.ensure({TODAY})
    with django_assert_num_queries(0):
        partitions.ensure({TODAY})
