"""Roll-ups say what the raw readings say, whenever and however often they are made."""

import random
from collections import defaultdict
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Any

import pytest
from django.db import connection, transaction
from pytest_django import Settings

from inference_kpis.fleet.models import Node
from inference_kpis.readings import cells, codec, rollups, store, totals
from inference_kpis.readings.algebra import (
    EMPTY,
    Distribution,
    Increase,
    MeasureValue,
    Reading,
    merge,
    merge_all,
    spread,
)
from inference_kpis.readings.cells import Scope
from inference_kpis.readings.rollups import ONE_AT_A_TIME, local_day, roll_up_touched, start_of_day
from inference_kpis.readings.store import as_datetime, as_ms
from tests.factories import NodeFactory, SiteFactory
from tests.inference_kpis.pulls import START, at
from tests.inference_kpis.readings.storing import level, put, reading, rows, stored

pytestmark = pytest.mark.django_db
LATER = at(3 * 86_400)


@pytest.fixture
def node() -> Node:
    return NodeFactory()


def rolled(width: str, scope: Scope) -> dict[tuple[int, datetime], Reading]:
    """The roll-ups of a width by id and start; models of one node are merged."""
    columns = "scope_id, bucket_at, started_at, ended_at, measures, numbers"
    layouts = store.layouts_by_id()
    found: dict[tuple[int, datetime], Reading] = defaultdict(lambda: EMPTY)
    for id_, bucket_at, start, end, ids, numbers in rows(
        f"SELECT {columns} FROM inference_kpis_rollup_{width} WHERE scope = %s", int(scope)
    ):
        part = Reading(as_ms(start), as_ms(end), codec.decode(ids, numbers, layouts))
        found[id_, bucket_at] = merge(found[id_, bucket_at], part)
    return dict(found)


def direct(readings: Iterable[Reading], start_of: Callable[[datetime], datetime]) -> dict[datetime, Reading]:
    """The same without a database: every raw reading cut into minutes, and those merged."""
    found: dict[datetime, list[Reading]] = defaultdict(list)
    for each in readings:
        for part in spread(each, 60_000):
            found[start_of(as_datetime(part.start_ms))].append(part)
    return {start: merge_all(parts) for start, parts in found.items()}


WIDTHS: dict[str, Callable[[datetime], datetime]] = {
    "minute": lambda moment: moment.replace(second=0, microsecond=0),
    "hour": lambda moment: moment.replace(minute=0, second=0, microsecond=0),
    "day": lambda moment: start_of_day(local_day(moment)),
}


def assert_equal_to_raw(*nodes: Node) -> None:
    """Every width and scope says what the raw readings of these nodes say."""
    for width, start_of in WIDTHS.items():
        raw = {node.pk: direct(stored(node), start_of) for node in nodes}
        expected = {(id_, start): whole for id_, by_start in raw.items() for start, whole in by_start.items()}
        assert rolled(width, Scope.NODE) == expected
        fleet: dict[tuple[int, datetime], Reading] = defaultdict(lambda: EMPTY)
        for (_, start), whole in expected.items():
            fleet[0, start] = merge(fleet[0, start], whole)
        assert rolled(width, Scope.FLEET) == dict(fleet)
        groups = rolled(width, Scope.GROUP)
        assert merge_all(groups.values()) == merge_all(fleet.values())


def some_readings(seed: int, count: int = 40) -> list[Reading]:
    """Readings of odd lengths back to back, over more than two hours."""
    numbers = random.Random(seed)
    end, found = 0.0, []
    for _ in range(count):
        length = numbers.randint(1, 400)
        end += length
        layout = ((0.5, 1.0), (0.25,))[numbers.randrange(2)]
        counts = tuple(numbers.randrange(9) for _ in range(len(layout) + 1))
        found.append(
            reading(
                end,
                length,
                requests=numbers.randrange(1000),
                queue_depth=level(numbers.randrange(5000), end, length),
                e2e_latency=Distribution({layout: counts}, numbers.randrange(10**6), length * 1000),
            )
        )
    return found


def test_it_works(node: Node) -> None:
    put(node, reading(15, requests=7), reading(75, length=30, requests=10))
    assert roll_up_touched(at(80)) == 2
    assert rolled("minute", Scope.FLEET) == {
        (0, START): Reading(as_ms(at(0)), as_ms(at(60)), {"requests": Increase(12, 30_000)}),
        (0, at(60)): Reading(as_ms(at(60)), as_ms(at(75)), {"requests": Increase(5, 15_000)}),
    }


def test_every_width_equals_a_direct_merge_of_what_was_read(node: Node) -> None:
    other, apart = NodeFactory(site=node.site), NodeFactory(engine="triton")
    put(node, *some_readings(1))
    put(node, *some_readings(2), model="n")
    put(other, *some_readings(3))
    put(apart, *some_readings(4))
    roll_up_touched(LATER)
    assert_equal_to_raw(node, other, apart)


def test_the_order_of_arrival_does_not_matter(node: Node) -> None:
    readings = some_readings(5)
    random.Random(6).shuffle(readings)
    for start in range(0, len(readings), 9):
        put(node, *readings[start : start + 9])
        roll_up_touched(LATER)
    assert_equal_to_raw(node)


def test_a_late_reading_repairs_every_width(node: Node) -> None:
    first, *rest = some_readings(7)
    put(node, *rest)
    roll_up_touched(LATER)
    put(node, first)
    assert roll_up_touched(LATER) > 0
    assert_equal_to_raw(node)


def test_a_measure_that_was_filled_in_counts_once(node: Node) -> None:
    put(node, reading(15, requests=7))
    roll_up_touched(LATER)
    put(node, reading(15, output_tokens=70))
    roll_up_touched(LATER)
    assert_equal_to_raw(node)


class Killed(Exception):
    """The process ended here."""


def roll_up_and_die(monkeypatch: pytest.MonkeyPatch, at_write: int) -> None:
    """A roll-up that ends before it writes so many tables; what it did until then is rolled back."""
    write, count = cells.write, 0

    def write_or_die(*args: Any) -> None:
        nonlocal count
        count += 1
        if count > at_write:
            raise Killed
        write(*args)

    with monkeypatch.context() as dying, suppress(Killed), transaction.atomic():
        dying.setattr(cells, "write", write_or_die)
        roll_up_touched(LATER)
        raise Killed


@pytest.mark.parametrize("seed", range(6))
def test_whatever_comes_when_roll_ups_say_what_the_raw_readings_say(
    node: Node, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Any order, repeated, in pieces, of nodes that move, with a few rows taken at a time, killed anywhere."""
    numbers = random.Random(seed)
    monkeypatch.setattr(rollups, "MOST_TOUCHED_AT_ONCE", numbers.choice([3, 7, 20_000]))
    nodes = [node, NodeFactory(site=node.site), NodeFactory(engine="triton")]
    deliveries = [(each, found) for each in nodes for found in some_readings(numbers.randrange(999), 14)]
    deliveries += numbers.sample(deliveries, 12)
    for each, found in list(deliveries):
        if numbers.random() < 0.3:
            some = dict(numbers.sample(sorted(found.measures.items()), 1))
            deliveries.append((each, Reading(found.start_ms, found.end_ms, some)))
    numbers.shuffle(deliveries)
    while deliveries:
        for each, found in deliveries[:5]:
            put(each, found)
        del deliveries[:5]
        if numbers.random() < 0.4:
            roll_up_and_die(monkeypatch, numbers.randrange(6))
        if numbers.random() < 0.6:
            roll_up_touched(numbers.choice([START, at(4000), LATER]))
        if numbers.random() < 0.2:
            moving = numbers.choice(nodes)
            moving.site = SiteFactory()
            moving.save()
    while roll_up_touched(LATER):
        pass
    assert_equal_to_raw(*nodes)
    assert total_of_groups() == merge_all(rolled("minute", Scope.FLEET).values()).measures["requests"]


def total_of_groups() -> MeasureValue:
    """The requests of all running totals together."""
    found = [Reading(0, 1, {"requests": total.measures["requests"]}) for total in totals.totals().values()]
    return merge_all(found).measures["requests"]


def test_a_minute_made_anew_leaves_out_what_waits(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reading that is not added yet is not in a minute that is made anew either, else it would be added twice."""
    put(node, reading(15, requests=7))
    roll_up_touched(at(20))
    put(node, reading(15, output_tokens=70))
    put(node, reading(30, requests=5))
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM inference_kpis_touched WHERE ended_at IS NULL RETURNING minute_at")
        cursor.execute("CREATE TEMP TABLE waiting AS SELECT * FROM inference_kpis_touched")
        cursor.execute("UPDATE inference_kpis_touched SET ended_at = NULL")
        cursor.execute("INSERT INTO inference_kpis_touched SELECT * FROM waiting")
    monkeypatch.setattr(rollups, "MOST_TOUCHED_AT_ONCE", 1)
    assert [roll_up_touched(at(40)) for _ in range(3)] == [1, 1, 0]
    roll_up_touched(LATER)
    assert_equal_to_raw(node)


@pytest.mark.parametrize("scope", Scope)
def test_an_extreme_that_was_taken_back_is_gone_everywhere(node: Node, scope: Scope) -> None:
    """A minute made anew after a raw reading is gone; nothing that could be added says so."""
    put(node, reading(15, requests=7, queue_depth=level(900, 15)), reading(30, requests=1, queue_depth=level(5, 30)))
    put(NodeFactory(site=node.site), reading(15, requests=2, queue_depth=level(7, 15)))
    roll_up_touched(at(40))
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM inference_kpis_reading WHERE node_id = %s AND ended_at = %s", [node.pk, at(15)])
        cursor.execute(
            "INSERT INTO inference_kpis_touched SELECT %s, node_id, model_id FROM inference_kpis_latest WHERE node_id = %s",
            [START, node.pk],
        )
    roll_up_touched(at(40))
    highest = [whole.measures["queue_depth"].maximum for whole in rolled("minute", scope).values()]  # type: ignore[union-attr]
    assert max(highest) == 7


def test_hours_that_are_over_are_taken_in_parts(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rollups, "MOST_CELLS_AT_ONCE", 2)
    monkeypatch.setattr(rollups, "CELLS_IN_MEMORY", 1)
    put(node, *some_readings(11))
    roll_up_touched(LATER)
    assert (len(rolled("hour", Scope.FLEET)), len(rolled("hour", Scope.NODE))) == (1, 0)
    for _ in range(12):
        roll_up_touched(LATER)
    assert_equal_to_raw(node)


@pytest.mark.parametrize(("width", "days"), [("hour", 3), ("day", 10)])
def test_what_the_finer_width_is_gone_of_stays_as_it_is(node: Node, settings: Settings, width: str, days: int) -> None:
    settings.MINUTE_RETENTION_DAYS, settings.HOUR_RETENTION_DAYS = 2, 9
    put(node, *some_readings(12))
    roll_up_touched(at(86_400 * 1.5))
    before = rolled(width, Scope.FLEET)
    finer = "minute" if width == "hour" else "hour"
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM inference_kpis_rollup_{finer} WHERE bucket_at > %s", [at(900)])
        cursor.execute("INSERT INTO inference_kpis_hour_due VALUES (%s, 0, 0, 0)", [START])
        cursor.execute("INSERT INTO inference_kpis_day_due VALUES (%s, 0, 0, 0)", [local_day(START)])
    roll_up_touched(at(86_400 * days))
    assert rolled(width, Scope.FLEET) == before


def everything() -> list[object]:
    widths = [rolled(width, scope) for width in WIDTHS for scope in Scope]
    return [*widths, rows("SELECT * FROM inference_kpis_rollup_version")]


def test_rolling_up_again_changes_nothing(node: Node) -> None:
    put(node, *some_readings(8))
    roll_up_touched(LATER)
    before = everything()
    assert roll_up_touched(LATER) == 0
    assert everything() == before


def test_a_minute_that_is_touched_again_stays_the_same(node: Node) -> None:
    put(node, *some_readings(9))
    roll_up_touched(LATER)
    before = everything()[:-1]
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO inference_kpis_touched SELECT bucket_at, scope_id, model_id"
            " FROM inference_kpis_rollup_minute WHERE scope = 2"
        )
    assert roll_up_touched(LATER) > 0
    assert everything()[:-1] == before


def test_the_version_grows_with_every_change_and_with_nothing_else(node: Node) -> None:
    assert store.version() == 0
    put(node, reading(15))
    for now, version in ((at(20), 1), (at(25), 1), (at(3629), 1), (at(3630), 2), (at(3700), 2), (LATER, 3), (LATER, 3)):
        roll_up_touched(now)
        assert store.version() == version
    assert rows("SELECT rolled_at FROM inference_kpis_rollup_version") == [LATER]


def test_an_hour_is_rolled_up_once_it_is_over(node: Node) -> None:
    put(node, reading(15, requests=3), reading(3615, requests=4))
    roll_up_touched(at(3629))
    assert rolled("hour", Scope.FLEET) == {}
    roll_up_touched(at(3630))
    assert list(rolled("hour", Scope.FLEET)) == [(0, START)]
    assert rows("SELECT DISTINCT hour_at FROM inference_kpis_hour_due") == [at(3600)]


@pytest.mark.parametrize(
    ("day", "starts_at", "hours"),
    [
        ("2026-10-24", datetime(2026, 10, 23, 22, tzinfo=UTC), 24),
        ("2026-10-25", datetime(2026, 10, 24, 22, tzinfo=UTC), 25),
        ("2026-10-26", datetime(2026, 10, 25, 23, tzinfo=UTC), 24),
        ("2026-03-29", datetime(2026, 3, 28, 23, tzinfo=UTC), 23),
    ],
)
def test_a_day_has_the_hours_of_the_companys_clocks(node: Node, day: str, starts_at: datetime, hours: int) -> None:
    """Paris sets its clocks; a request an hour makes their number visible."""
    first = starts_at - timedelta(hours=5)
    ends = [first + timedelta(hours=n, minutes=30) for n in range(hours + 10)]
    put(node, *(Reading(as_ms(end) - 9000, as_ms(end), {"requests": Increase(1, 9000)}) for end in ends))
    roll_up_touched(starts_at + timedelta(days=4))
    days = {local_day(at).isoformat(): (at, whole) for (_, at), whole in rolled("day", Scope.FLEET).items()}
    assert days[day][0] == starts_at
    assert days[day][1].measures["requests"] == Increase(hours, hours * 9000)


@pytest.mark.parametrize("change", ["site", "engine"])
def test_a_node_that_moves_within_a_minute_counts_once(node: Node, change: str) -> None:
    put(node, reading(15, requests=7))
    roll_up_touched(at(20))
    setattr(node, change, SiteFactory() if change == "site" else "triton")
    node.save()
    put(node, reading(30, requests=5), reading(90, requests=3))
    roll_up_touched(LATER)
    assert_equal_to_raw(node)
    assert len({id_ for id_, _ in rolled("hour", Scope.GROUP)}) == 2


def test_a_late_reading_of_a_node_that_moved_counts_once(node: Node) -> None:
    """The minute stays in its group, whichever group the reading that comes first in it belongs to."""
    put(node, reading(30, requests=5))
    roll_up_touched(at(40))
    node.site = SiteFactory()
    node.save()
    put(node, reading(15, requests=7))
    roll_up_touched(LATER)
    assert_equal_to_raw(node)


def test_a_mountain_of_touched_minutes_is_taken_in_parts(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rollups, "MOST_TOUCHED_AT_ONCE", 4)
    put(node, *(reading(60 * n, length=60, requests=n) for n in range(1, 11)))
    assert [roll_up_touched(at(700)) for _ in range(4)] == [4, 4, 2, 0]
    roll_up_touched(LATER)
    assert_equal_to_raw(node)


# --- Several at once -------------------------------------------------------------------------------------------------


def test_only_one_rolls_up_at_a_time(transactional_db: None) -> None:
    node = NodeFactory()
    put(node, reading(15, requests=7))
    is_held, may_end = Event(), Event()

    def hold() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [ONE_AT_A_TIME])
            is_held.set()
            may_end.wait(30)
        connection.close()

    with ThreadPoolExecutor() as others:
        others.submit(hold)
        assert is_held.wait(30)
        refused = roll_up_touched(at(20))
        may_end.set()
    assert (refused, store.version()) == (0, 0)
    assert roll_up_touched(at(20)) == 1


def test_two_at_once_count_nothing_twice(transactional_db: None) -> None:
    node = NodeFactory()
    put(node, *some_readings(10))

    def run() -> int:
        try:
            return roll_up_touched(LATER)
        finally:
            connection.close()

    with ThreadPoolExecutor() as others:
        counts = [future.result() for future in [others.submit(run) for _ in range(4)]]
    assert sorted(counts)[-1] == len(rolled("minute", Scope.NODE)) > 0
    assert_equal_to_raw(node)


def test_readings_under_way_are_rolled_up_the_next_time(transactional_db: None) -> None:
    node, other = NodeFactory(), NodeFactory()
    put(other, reading(-60))
    is_stored, may_commit = Event(), Event()

    def store_slowly() -> None:
        with transaction.atomic():
            put(node, reading(15, requests=7))
            is_stored.set()
            may_commit.wait(30)
        connection.close()

    with ThreadPoolExecutor() as others:
        others.submit(store_slowly)
        assert is_stored.wait(30)
        assert roll_up_touched(at(20)) == 1
        may_commit.set()
    assert roll_up_touched(at(20)) == 1
    assert (node.pk, START) in rolled("minute", Scope.NODE)
