"""Storing readings: the product's store against PostgreSQL's own COPY of the same rows into the same kind of table.

A sample is one stored scalar (what a counter grew by, what a gauge showed, the sum of a histogram) or one bucket's count.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from functools import partial
from time import perf_counter, process_time

from django.db import connection, transaction

from bench.database import backend_cpu_seconds, empty_database
from bench.fleet import make_nodes, make_sites, readings
from bench.report import Figure, Line, Note
from inference_kpis.readings import store
from inference_kpis.readings.algebra import Distribution, Reading
from inference_kpis.readings.rollups import roll_up_touched
from inference_kpis.readings.store import Slot

# Readings a batch → batches: what a large push brings, and what the pull of fifty nodes brings.
LARGE, SMALL = 1000, 50
BATCHES = {LARGE: 16, SMALL: 60}
# A COPY is over so soon that one batch of it is less than the clock of the system can tell.
COPIES = 8
INTERVAL = timedelta(seconds=15)
# Idempotent, with the latest readings and the roll-ups' to-do list: a dozen times a bare COPY of ready-made rows at most.
LIMIT = 0.08
NARROW_LIMIT = 0.25
NARROW_SERIES, NARROW_INSTANTS = 1000, 200
NARROW = """
CREATE TABLE narrow (
    series integer NOT NULL, measured_at timestamptz NOT NULL, value double precision NOT NULL,
    PRIMARY KEY (series, measured_at)
);
INSERT INTO narrow SELECT s, to_timestamp(i * 15), random()
FROM generate_series(1, %s) AS i, generate_series(1, %s) AS s;
"""


def samples_in(reading: Reading) -> int:
    """Scalars and bucket counts."""
    return sum(
        1 + sum(map(len, value.counts.values())) if isinstance(value, Distribution) else 1
        for value in reading.measures.values()
    )


@dataclass
class Timed:
    """Batches stored in one way: wall seconds of each, CPU seconds of all here and in PostgreSQL."""

    wall: list[float] = field(default_factory=list)
    own_cpu: float = 0.0
    server_cpu: float = 0.0

    def run(self, act: Callable[[], object]) -> None:
        server, own, wall = backend_cpu_seconds(), process_time(), perf_counter()
        with transaction.atomic():
            act()
        self.wall.append(perf_counter() - wall)
        self.own_cpu += process_time() - own
        self.server_cpu += backend_cpu_seconds() - server

    @property
    def cpu_ms(self) -> float:
        """CPU milliseconds of a batch, here and in PostgreSQL."""
        return (self.own_cpu + self.server_cpu) * 1000 / len(self.wall)

    @property
    def share_here(self) -> float:
        return self.own_cpu / (self.own_cpu + self.server_cpu)

    def a_second(self, samples: int) -> Figure:
        return Figure([samples / 1000 / seconds for seconds in self.wall], "k samples/s")

    def a_core(self, samples: int) -> Figure:
        return Figure([samples / self.cpu_ms], "k samples/CPU s")


def measure() -> Iterator[Line | Note]:
    """Wall and CPU by size of batch, what idempotency alone costs, roll-ups, and bytes on disk."""
    with empty_database():
        for days_ago, (size, count) in enumerate(BATCHES.items(), start=1):
            start = datetime.combine(datetime.now(UTC) - timedelta(days=days_ago), time.min, UTC)
            yield from _measure_batches(size, count, start)
        yield from _measure_bytes()


def _measure_batches(size: int, count: int, start: datetime) -> Iterator[Line | Note]:
    nodes = make_nodes(make_sites(), size, prefix=f"batch-{size}")
    series = readings(count, start, INTERVAL)
    with transaction.atomic():
        batches = [store.slots_of((node, "model", reading) for node in nodes) for reading in series]
    ways = timed_ways(batches, start)
    stored, copied, staged, rolled = ways.values()
    samples, limit = size * samples_in(series[0]), LIMIT if size == LARGE else None
    what = f"ingest: batches of {size:,} readings"
    yield Line(what, stored.a_second(samples), "COPY", copied.a_second(samples), limit, "at least")
    yield Line(
        "  a core, PostgreSQL's included", stored.a_core(samples), "COPY", copied.a_core(samples), limit, "at least"
    )
    yield Line("  COPY staged, INSERT … ON CONFLICT", staged.a_second(samples), "COPY", copied.a_second(samples))
    yield Line(
        "  roll-ups of each batch", Figure([rolled.cpu_ms], "CPU ms"), "store", Figure([stored.cpu_ms], "CPU ms")
    )
    yield Note(
        f"{samples // size} samples a reading; {stored.share_here:.0%} of the store's CPU here, the rest in PostgreSQL;"
        " COPY is given its rows ready-made"
    )


def timed_ways(batches: Sequence[Sequence[Slot]], start: datetime) -> dict[str, Timed]:
    """Each batch stored in each way, one after the other; the first batch, which makes tables, is not counted."""
    ways = {name: Timed() for name in ("store", "copy", "staged", "roll up")}
    for position, batch in enumerate(batches):
        ways["store"].run(partial(store.store_slots, batch))
        rows = rows_of(store.as_datetime(batch[0].reading.end_ms), batch[0].model_id)
        for _ in range(COPIES):
            make_twins()
            ways["copy"].run(partial(copy, "copied", rows))
            ways["staged"].run(partial(copy_staged, rows))
        ways["roll up"].run(partial(roll_up_touched, start))
        if position == 0:
            ways = {name: Timed() for name in ways}
    return ways


def make_twins() -> None:
    """Empty tables like that of the readings: the same key, the same check, the same partitioning."""
    with connection.cursor() as cursor:
        for twin in ("copied", "merged"):
            cursor.execute(f"DROP TABLE IF EXISTS {twin}")
            cursor.execute(
                f"CREATE TABLE {twin} (LIKE inference_kpis_reading INCLUDING ALL) PARTITION BY RANGE (ended_at)"
            )
            cursor.execute(f"CREATE TABLE {twin}_all PARTITION OF {twin} DEFAULT")
        cursor.execute("DROP TABLE IF EXISTS staged_rows")
        cursor.execute("CREATE TEMP TABLE staged_rows (LIKE inference_kpis_reading) ON COMMIT DELETE ROWS")


def rows_of(ended_at: datetime, model_id: int) -> bytes:
    """The stored rows of a moment and model in COPY's binary format."""
    with (
        connection.cursor() as cursor,
        cursor.copy(
            "COPY (SELECT * FROM inference_kpis_reading WHERE ended_at = %s AND model_id = %s) TO STDOUT (FORMAT BINARY)",
            [ended_at, model_id],
        ) as rows,
    ):
        return b"".join(map(bytes, rows))


def copy(table: str, rows: bytes) -> None:
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN (FORMAT BINARY)") as into:
        into.write(rows)


def copy_staged(rows: bytes) -> None:
    copy("staged_rows", rows)
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO merged SELECT * FROM staged_rows ON CONFLICT DO NOTHING")


def _measure_bytes() -> Iterator[Line]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sum(pg_total_relation_size(inhrelid)) FROM pg_inherits"
            " WHERE inhparent = 'inference_kpis_reading'::regclass"
        )
        size = float(cursor.fetchone()[0])
        cursor.execute("SELECT count(*) FROM inference_kpis_reading")
        samples = cursor.fetchone()[0] * samples_in(readings(1, datetime.now(UTC), INTERVAL)[0])
        cursor.execute(NARROW, [NARROW_INSTANTS, NARROW_SERIES])
        cursor.execute("SELECT pg_total_relation_size('narrow')")
        narrow = cursor.fetchone()[0] / (NARROW_SERIES * NARROW_INSTANTS)
    yield Line(
        "ingest: bytes a sample, indexes included",
        Figure([size / samples], "bytes", 1),
        "one row a sample",
        Figure([narrow], "bytes", 1),
        NARROW_LIMIT,
    )
