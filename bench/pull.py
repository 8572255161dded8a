"""Pulling: CPU seconds for 1,000 expositions fetched, decoded, differenced and stored, against Prometheus on the same servers."""

import gc
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

from django.conf import settings
from django.db import connection
from django.test import override_settings

from bench import prometheus
from bench.costs import memory_mb
from bench.database import backend_cpu_seconds, cpu_seconds, empty_database
from bench.fleet import make_nodes, make_sites
from bench.report import Figure, Line, Note
from config.launcher.places import ROOT
from inference_kpis.fleet.models import Node
from inference_kpis.pull.ingestion import pull_claimed
from inference_kpis.pull.models import PullState
from inference_kpis.pull.schedule import Claim, claim_due
from inference_kpis.readings.rollups import roll_up_touched

NODES = 1000
WARM_UP_ROUNDS, ROUNDS = 2, 4
# Bodies that a server can tell apart; more than there are rounds, so that counters only grow.
STEPS = 60
INTERVAL_SECONDS = 5
# Of the worker and its database together, which do what Prometheus does in one process.
LIMIT = 1.0
# As `make run` starts them: forked, below one parent.
WORKERS = 2
MEMORY_LIMIT = 0.2


def measure() -> Iterator[Line | Note]:
    """Both in rounds of the same number of scrapes, after the same rounds to warm up."""
    with servers(STEPS) as address:
        own, database, rolled, memory = _measure_product(address)
        try:
            theirs, their_memory = _measure_prometheus(address)
        except prometheus.Unavailable as reason:
            yield Note(f"pull: no comparison with Prometheus could be made, because {reason}.")
            yield Line("pull: CPU for 1,000 expositions, worker", own, "with its database", _sum(own, database))
            yield Note(f"the workers take {memory}.")
            return
    yield Line("pull: CPU for 1,000 expositions, worker", own, "Prometheus", theirs)
    yield Line("pull: the same with PostgreSQL's", _sum(own, database), "Prometheus", theirs, LIMIT)
    yield Line("  PostgreSQL's alone", database, "Prometheus", theirs)
    yield Line("  memory of the workers, PSS", memory, "Prometheus", their_memory, MEMORY_LIMIT)
    yield Line("  roll-ups of these readings, on top", rolled, "Prometheus", theirs)
    yield Note(
        f"{NODES} nodes, {ROUNDS * NODES:,} expositions each after {WARM_UP_ROUNDS * NODES} to warm up, over loopback, gzip"
    )


def _sum(one: Figure, other: Figure) -> Figure:
    return Figure([a + b for a, b in zip(one.values, other.values, strict=True)], one.unit, one.decimals)


@contextmanager
def servers(steps: int) -> Iterator[str]:
    """A process that answers for any number of servers; its `host:port`."""
    command = [sys.executable, "-m", "bench.server", str(steps)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield f"127.0.0.1:{int(process.stdout.readline())}"
        process.stdin.close()


def _measure_product(address: str) -> tuple[Figure, Figure, Figure, Figure]:
    """CPU of the worker, of its PostgreSQL process, and of both for rolling up, per 1,000 expositions; and memory."""
    # As a worker does when it starts.
    gc.freeze()
    with empty_database(), override_settings(DEMO_ENDPOINTS=frozenset({address})):
        start = datetime.now(UTC)
        nodes = make_nodes(make_sites(), NODES, prefix="vigie", url=f"http://{address}")
        PullState.objects.bulk_create(PullState(node=node, next_pull_at=start) for node in nodes)
        spent: list[tuple[float, float, float]] = []
        for number in range(WARM_UP_ROUNDS + ROUNDS):
            due_at = start + number * timedelta(seconds=nodes[0].pull_interval_seconds)
            own, server = _cpu_of(partial(pull_round, due_at))
            spent.append((own, server, sum(_cpu_of(partial(roll_up_touched, datetime.now(UTC))))))
        assert Node.objects.filter(state=Node.State.UP).count() == NODES
        interval = timedelta(seconds=nodes[0].pull_interval_seconds)
        memory = _memory_of_workers([start + (len(spent) + number) * interval for number in range(WARM_UP_ROUNDS)])
    columns = zip(*spent[WARM_UP_ROUNDS:], strict=True)
    worker, database, roll_ups = (Figure([s * 1000 / NODES for s in column], "CPU s", 2) for column in columns)
    return worker, database, roll_ups, Figure([memory], "MB")


def _memory_of_workers(rounds: Sequence[datetime]) -> float:
    """Megabytes of forked workers and their parent, after they pulled all nodes at these times."""
    pids = {os.getpid()}
    with ProcessPoolExecutor(WORKERS, mp_context=get_context("fork")) as pool:
        for due_at in rounds:
            claims = claim_due(due_at)
            # Nobody may share this process's connection.
            connection.close()
            size = settings.PULL_BATCH_SIZE
            pids |= set(pool.map(_pull_batch, [claims[at : at + size] for at in range(0, len(claims), size)]))
        return sum(map(memory_mb, pids))


def _pull_batch(claims: Sequence[Claim]) -> int:
    """Pull these nodes; the process that did."""
    pull_claimed(claims, datetime.now(UTC))
    return os.getpid()


def pull_round(due_at: datetime) -> int:
    """Claim what is due and pull it in the batches of the product; the number of pulls that were stored."""
    claims = claim_due(due_at)
    size = settings.PULL_BATCH_SIZE
    return sum(pull_claimed(claims[at : at + size], datetime.now(UTC)) for at in range(0, len(claims), size))


def _cpu_of(act: Callable[[], object]) -> tuple[float, float]:
    """CPU seconds of this process and of its PostgreSQL process."""
    own, server = time.process_time(), backend_cpu_seconds()
    act()
    return time.process_time() - own, backend_cpu_seconds() - server


def _measure_prometheus(address: str) -> tuple[Figure, Figure]:
    """CPU of the whole process, scrape by scrape as its own clock has it, per 1,000 scrapes; and memory."""
    paths = [f"/prometheus-{number:05}/metrics" for number in range(NODES)]
    with TemporaryDirectory() as name:
        folder = Path(name)
        with prometheus.running(folder, prometheus.scraping(address, paths, INTERVAL_SECONDS)) as found:
            pid = found.pid
            before = _answered(address)
            _await_answers(address, before + WARM_UP_ROUNDS * NODES)
            values = []
            for _ in range(ROUNDS):
                answered, cpu = _answered(address), cpu_seconds(pid)
                _await_answers(address, answered + NODES)
                values.append((cpu_seconds(pid) - cpu) * 1000 / (_answered(address) - answered))
            memory = memory_mb(pid)
    return Figure(values, "CPU s", 2), Figure([memory], "MB")


def _answered(address: str) -> int:
    with urllib.request.urlopen(f"http://{address}/answered") as response:
        return int(response.read())


def _await_answers(address: str, count: int) -> None:
    """Wait until so many answers were given. Raises `Unavailable` when they do not come."""
    limit = time.monotonic() + 30 + count / NODES * INTERVAL_SECONDS * 3
    while _answered(address) < count:
        if time.monotonic() > limit:
            raise prometheus.Unavailable("it stopped scraping")
        time.sleep(0.1)
