"""Questions to a day of a large fleet: what the pages ask, merged in PostgreSQL, against the same rows read one by one.

One minute of all nodes goes through the product's store and roll-ups, and an hour of it is summed up by them; the other
minutes and hours of groups are copies of those, moved in time.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial

from django.db import connection, transaction

from bench.database import empty_database
from bench.fleet import make_varied_nodes, pulled
from bench.report import Figure, Line, Note, wall_seconds
from inference_kpis.catalogue import KPIS
from inference_kpis.dashboards.series import SPLITS, lines
from inference_kpis.readings import partitions, store
from inference_kpis.readings.queries import Window, group_readings, kpi_of
from inference_kpis.readings.rollups import HOUR, MINUTE, roll_up_touched

NODES, HOURS, MINUTES = 1000, 24, 90
ROUNDS, SLOW_ROUNDS = 15, 3
P95 = KPIS["e2e_latency_p95"]
# A row for each line and step instead of one for each group and minute is worth at least half.
LIMIT = 0.5


def measure() -> Iterator[Line | Note]:
    """Wall time of whole questions, decoding and KPI included."""
    with empty_database():
        now = datetime.now(UTC).replace(minute=30, second=0, microsecond=0)
        groups = seed(now)
        day, hour = Window.ending(now, timedelta(days=1)), Window.ending(now, HOUR)
        yield _line("questions: fleet p95 over 24 h", partial(fleet_p95, day), partial(kpi_one_by_one, day))
        yield _line("questions: p95 by site over 1 h", partial(p95_by_site, hour), partial(lines_one_by_one, hour))
        node_ids = node_ids_stored()
        yield Line(
            "questions: requests of the latest of 1,000 nodes",
            _figure(partial(latest_requests, node_ids), ROUNDS),
            "fleet p95 over 24 h",
            _figure(partial(fleet_p95, day), ROUNDS),
        )
    yield Note(f"{NODES:,} nodes, {groups} groups of site, engine and model; {HOURS} hours and {MINUTES} minutes")


def _line(what: str, ask: Callable[[], object], one_by_one: Callable[[], object]) -> Line:
    return Line(what, _figure(ask, ROUNDS), "row by row", _figure(one_by_one, SLOW_ROUNDS), LIMIT)


def _figure(ask: Callable[[], object], rounds: int) -> Figure:
    ask()
    return Figure([wall_seconds(ask) * 1000 for _ in range(rounds)], "ms", 1)


def fleet_p95(window: Window) -> float | None:
    return kpi_of(P95, group_readings(window, kpis=[P95], by=lambda _: None)).value


def kpi_one_by_one(window: Window) -> float | None:
    return kpi_of(P95, group_readings(window)).value


def p95_by_site(window: Window) -> object:
    split = SPLITS["site"]
    return lines(P95, group_readings(window, kpis=[P95], by=split.key), window, split)


def lines_one_by_one(window: Window) -> object:
    return lines(P95, group_readings(window), window, SPLITS["site"])


def node_ids_stored() -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT node_id FROM inference_kpis_latest")
        return [node_id for (node_id,) in cursor.fetchall()]


def latest_requests(node_ids: list[int]) -> object:
    """One number of each model's newest reading."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT node_id, model_id, ended_at, numbers[1] FROM inference_kpis_latest WHERE node_id = ANY(%s)",
            [node_ids],
        )
        return cursor.fetchall()


def seed(now: datetime, *, count: int = NODES, hours: int = HOURS, minutes: int = MINUTES) -> int:
    """Fill the current database with what lies up to `now`; the number of groups."""
    nodes = make_varied_nodes(count)
    past = now.replace(minute=0) - timedelta(hours=hours)
    for end in (past + MINUTE, now):
        with transaction.atomic():
            store.store_slots(store.slots_of(pulled(nodes, end, MINUTE)))
    while roll_up_touched(past + HOUR + MINUTE):
        pass
    partitions.ensure({(now - number * HOUR).date() for number in range(hours + 1)})
    with connection.cursor() as cursor:
        for width, unit, first, number in (
            ("minute", MINUTE, now - MINUTE, minutes),
            ("hour", HOUR, past, hours),
        ):
            sign = "-" if width == "minute" else "+"
            cursor.execute(
                f"INSERT INTO inference_kpis_rollup_{width} SELECT scope, scope_id, model_id, bucket_at {sign} n * %s,"
                f" started_at {sign} n * %s, ended_at {sign} n * %s, group_id, measures, numbers"
                f" FROM inference_kpis_rollup_{width}, generate_series(1, %s) AS n WHERE scope < 2 AND bucket_at = %s",
                [unit, unit, unit, number - 1, first],
            )
        cursor.execute("ANALYZE")
        cursor.execute("SELECT count(*) FROM inference_kpis_group")
        return int(cursor.fetchone()[0])
