"""Pages of growing fleets: the same rows on the screen, so the same queries and nearly the same time, whatever the size.

Each size has a database of its own, filled through the product's store and roll-ups; all sizes are asked in turn, at
the moment that they were filled up to.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import time_machine
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from bench.database import empty_database
from bench.fleet import make_nodes, make_sites, readings
from bench.report import Figure, Line, Note, wall_seconds
from inference_kpis.fleet.health import count_health
from inference_kpis.fleet.models import Node
from inference_kpis.readings import partitions, store
from inference_kpis.readings.algebra import Increase, Reading
from inference_kpis.readings.rollups import roll_up_touched
from readiness.demo.company import load_company
from readiness.demo.people import load_people

SIZES = (100, 1000, 10_000)
ROUNDS, REQUESTS = 5, 6
LIMIT = 1.5
# The fleet page shows five minutes; the others show what there is of an hour.
MINUTES_STORED = 6
# How often those minutes are repeated further back, which fills the tables without further calculation.
REPEATS = 3
NODES_DOWN = 4
VISITOR = "tomas@demo.example"
ONE_MINUTE = timedelta(minutes=1)


def seed(size: int, now: datetime, *, minutes: int = MINUTES_STORED, repeats: int = REPEATS) -> None:
    """Fill the current database: the demo company, `size` nodes, and a reading a minute up to `now` of each."""
    now = now.replace(second=0, microsecond=0)
    sites = make_sites()
    with TemporaryDirectory() as folder, transaction.atomic():
        people = load_people(Path(folder) / "people.json")
        load_company(people, {site.key: site for site in sites}, now)
    nodes = make_nodes(sites, size)
    Node.objects.filter(pk__in=[node.pk for node in nodes[:NODES_DOWN]]).update(state=Node.State.DOWN, severity=0)
    for reading in readings(minutes, now - minutes * ONE_MINUTE, ONE_MINUTE):
        own = Reading(
            reading.start_ms, reading.end_ms, {"pulls": Increase(4, 60_000), "successful_pulls": Increase(4, 60_000)}
        )
        with transaction.atomic():
            store.store_slots(
                store.slots_of((node, name, each) for node in nodes for name, each in (("", own), ("model", reading)))
            )
    while roll_up_touched(now):
        pass
    _repeat(minutes, repeats, now)
    count_health(now)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _repeat(minutes: int, repeats: int, now: datetime) -> None:
    """Copy the minutes of nodes, groups and the fleet to earlier times."""
    partitions.ensure({(now - minutes * (repeats + 1) * ONE_MINUTE).date(), now.date()})
    for number in range(1, repeats + 1):
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO inference_kpis_rollup_minute"
                " SELECT scope, scope_id, model_id, bucket_at - shift, started_at - shift, ended_at - shift,"
                " group_id, measures, numbers FROM inference_kpis_rollup_minute, (SELECT %s::interval AS shift) AS by"
                " WHERE bucket_at >= %s",
                [f"{number * minutes} minutes", now - minutes * ONE_MINUTE],
            )


def paths() -> dict[str, str]:
    """The pages by name; the node is the first one that is up."""
    node = Node.objects.filter(state=Node.State.UP).select_related("site").order_by("name")[0]
    return {
        "overview": reverse("readiness:overview"),
        "fleet": reverse("kpis:fleet"),
        "fleet as squares": f"{reverse('kpis:fleet')}?view=grid",
        "site": node.site.get_absolute_url(),
        "models": reverse("kpis:model_list"),
        "node detail": node.get_absolute_url(),
        "KPI detail": reverse("kpis:kpi_detail", args=["e2e_latency_p95"]),
        "KPI explorer": f"{reverse('kpis:kpi_explore')}?kpi=e2e_latency_p95&window=24h&compare=day",
        "wall screen": reverse("kpis:wall_screen"),
    }


def measure() -> Iterator[Line | Note]:
    """Median time and number of queries of each page by size, against the smallest fleet."""
    now = datetime.now(UTC)
    seconds: dict[tuple[str, int], list[float]] = {}
    queries: dict[tuple[str, int], int] = {}
    with empty_database(), _one_database_each(SIZES) as names:
        for size in SIZES:
            _use(names[size])
            seed(size, now)
        with time_machine.travel(now, tick=False):
            for _ in range(ROUNDS):
                for size in SIZES:
                    _use(names[size])
                    _ask(size, seconds, queries)
    for page in dict.fromkeys(page for page, _ in seconds):
        smallest = Figure([s * 1000 for s in seconds[page, SIZES[0]]], "ms", 1)
        for size in SIZES[1:]:
            figure = Figure([s * 1000 for s in seconds[page, size]], "ms", 1)
            yield Line(f"pages: {page}, {size:,} nodes", figure, f"{SIZES[0]} nodes", smallest, LIMIT)
        counts = [queries[page, size] for size in SIZES]
        most, fewest = Figure([max(counts)], "queries"), Figure([min(counts)], "queries")
        yield Line("  most queries of any size", most, "fewest", fewest, 1)
    yield Note(f"{ROUNDS * REQUESTS} requests of each page and size, signed in, whole pages, nothing cached")


def _ask(size: int, seconds: dict[tuple[str, int], list[float]], queries: dict[tuple[str, int], int]) -> None:
    client = Client()
    client.force_login(User.objects.get(email=VISITOR))
    for page, path in paths().items():
        with CaptureQueriesContext(connection) as captured:
            response = client.get(path)
        assert response.status_code == 200, f"{path}: {response.status_code}"
        queries[page, size] = len(captured)
        found = seconds.setdefault((page, size), [])
        found += (wall_seconds(partial(client.get, path)) for _ in range(REQUESTS))


@contextmanager
def _one_database_each(sizes: Sequence[int]) -> Iterator[dict[int, str]]:
    """Copies of the current, still empty database; their names by size. They are gone afterwards."""
    base, creation = connection.settings_dict["NAME"], connection.creation
    try:
        for size in sizes:
            creation.clone_test_db(suffix=str(size), verbosity=0, autoclobber=True)
        yield {size: creation.get_test_db_clone_settings(str(size))["NAME"] for size in sizes}
    finally:
        _use(base)
        for size in sizes:
            creation.destroy_test_db(suffix=str(size), verbosity=0)


def _use(name: str) -> None:
    """Go on with another database."""
    connection.close()
    connection.settings_dict["NAME"] = name
    store.forget_ids()
    partitions.forget_days()
