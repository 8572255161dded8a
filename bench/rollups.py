"""Roll-ups as they run: nodes pulled in turn between ticks, so that a tick sees a few nodes of every group."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from time import process_time

from django.db import transaction

from bench.database import backend_cpu_seconds, empty_database
from bench.fleet import Pulled, make_varied_nodes, pulled
from bench.report import Figure, Line, Note
from inference_kpis.readings import store
from inference_kpis.readings.rollups import roll_up_touched

NODES = 1000
INTERVAL, TICK = timedelta(seconds=15), timedelta(seconds=2)
# Rounds of pulls: the first minute makes tables and cells and is not counted.
WARMING, COUNTED = 4, 12
# Of the store's CPU time; six times that when every touched group was made anew at each tick.
LIMIT = 2.5


def measure() -> Iterator[Line | Note]:
    """CPU time of roll-ups for 1,000 pulls of 1,000 nodes, against that of storing them."""
    with empty_database():
        nodes = [Pulled(each.node, each.models[:1]) for each in make_varied_nodes(NODES)]
        start = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=2)
        rounds = [rolled_and_stored(nodes, start + number * INTERVAL) for number in range(WARMING + COUNTED)]
    rolled, stored = zip(*rounds[WARMING:], strict=True)
    thousand = 1000 / NODES
    yield Line(
        "roll-ups: 1,000 pulls of 1,000 nodes",
        Figure([seconds * thousand for seconds in rolled], "CPU s", 3),
        "store",
        Figure([seconds * thousand for seconds in stored], "CPU s", 3),
        LIMIT,
    )
    yield Note(f"a tick every {TICK.seconds} s; 30 sites, 3 engines, 3 models; CPU here and in PostgreSQL")


def rolled_and_stored(nodes: Sequence[Pulled], start: datetime) -> tuple[float, float]:
    """CPU seconds of rolling up and of storing one pull of every node, spread over an interval."""
    rolled = stored = 0.0
    ticks = INTERVAL / TICK
    for tick in range(-(-INTERVAL // TICK)):
        part = nodes[round(tick * len(nodes) / ticks) : round((tick + 1) * len(nodes) / ticks)]
        end = start + tick * TICK
        before = _cpu()
        with transaction.atomic():
            store.store_slots(store.slots_of(pulled(part, end, INTERVAL)))
        between = _cpu()
        roll_up_touched(end + TICK)
        stored += between - before
        rolled += _cpu() - between
    return rolled, stored


def _cpu() -> float:
    return process_time() + backend_cpu_seconds()
