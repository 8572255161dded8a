"""A real worker over the real broker pulls a real server: whatever is killed, nothing is lost and nothing counted twice."""

import os
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from signal import SIGKILL
from urllib.parse import urlsplit

import pytest
import redis
from django.conf import settings
from django.db import connection, transaction

from config.launcher.places import ROOT
from config.launcher.processes import Child, kill_group, wait_until
from inference_kpis.fleet.models import Node
from inference_kpis.pull.models import PullState
from inference_kpis.pull.tasks import dispatch_due_pulls
from inference_kpis.readings.queries import Window, group_readings
from inference_kpis.readings.rollups import roll_up_touched
from inference_kpis.readings.store import as_ms
from tests.factories import NodeFactory, SiteFactory, scheduled
from tests.inference_kpis.expositions import vllm
from tests.inference_kpis.readings.storing import rows, stored

pytestmark = [pytest.mark.worker, pytest.mark.django_db(transaction=True)]
NODES = 6
LIMIT_SECONDS = 60
WAITS_FOR_ME = "SELECT 1 FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"


class Inference:
    """Servers behind one port, `/0` to `/5`, that serve requests between `work` and `rest` and count them.

    While `is_open` is not set their answers wait; `waiting` says how many do.
    """

    def __init__(self) -> None:
        self.counts = [100 * number for number in range(1, NODES + 1)]
        self.lock = threading.Lock()
        self.is_gone = threading.Event()
        self.is_busy = False
        self.is_open = threading.Event()
        self.is_open.set()
        self.waiting = self.port = 0
        self.up()
        threading.Thread(target=self._serve_requests, daemon=True).start()

    def _serve_requests(self) -> None:
        while not self.is_gone.wait(0.01):
            with self.lock:
                if self.is_busy:
                    self.counts = [count + number for number, count in enumerate(self.counts, 1)]

    def work(self) -> None:
        self.is_busy = True

    def rest(self) -> datetime:
        """From the moment that is returned on, no count changes."""
        with self.lock:
            self.is_busy = False
        return datetime.now(UTC)

    def up(self) -> None:
        self.server = Server(("127.0.0.1", self.port), Handler)
        self.server.inference = self
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def down(self) -> None:
        self.server.shutdown()
        self.server.server_close()


class Server(ThreadingHTTPServer):
    daemon_threads = True
    inference: Inference

    def handle_error(self, *_: object) -> None:
        """Whoever asked was killed meanwhile."""


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        inference = self.server.inference
        body = vllm(inference.counts[int(self.path[1:])])
        inference.waiting += 1
        inference.is_open.wait(LIMIT_SECONDS)
        inference.waiting -= 1
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Quiet."""


class Worker(Child):
    """A Celery worker on the queue, the broker and the database of this test."""

    def kill(self) -> None:
        """End it and its children without a word."""
        assert self.process is not None
        kill_group(self.process.pid, SIGKILL)
        self.process.wait()


@pytest.fixture
def inference() -> Iterator[Inference]:
    inference = Inference()
    yield inference
    inference.is_gone.set()
    inference.down()


@pytest.fixture
def worker(transactional_db: None, inference: Inference, tmp_path: Path) -> Iterator[Worker]:
    command = [
        *(sys.executable, "-m", "celery", "-A", "config", "worker", "--concurrency", "1", "--loglevel", "WARNING"),
        *("-Q", settings.CELERY_TASK_DEFAULT_QUEUE, "--without-mingle", "--without-gossip"),
    ]
    database = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}")
    environment = {
        **os.environ,
        "DATABASE_URL": database.geturl(),
        "VIGIE_DEMO_ENDPOINTS": f"127.0.0.1:{inference.port}",
        "VIGIE_PULL_BATCH_SIZE": "2",
    }
    flush_broker()
    worker = Worker("worker", command, environment, tmp_path / "worker.log", 0, ROOT)
    worker.start()
    yield worker
    worker.kill()
    flush_broker()


def flush_broker() -> None:
    with redis.Redis.from_url(settings.REDIS_URL) as broker:
        broker.flushdb()


@pytest.fixture
def nodes(transactional_db: None, inference: Inference) -> list[Node]:
    site, intervals = SiteFactory(), {"pull_interval_seconds": 1, "pull_timeout_seconds": 2}
    urls = [f"http://127.0.0.1:{inference.port}/{number}" for number in range(NODES)]
    nodes = [NodeFactory(site=site, url=url, **intervals) for url in urls]
    for node in nodes:
        scheduled(node, datetime.now(UTC))
    return nodes


def until(is_so: Callable[[], bool], worker: Worker) -> None:
    """Nudge the worker, as beat does, until it is so."""

    def nudge() -> bool:
        dispatch_due_pulls.apply_async(expires=1.0)
        return is_so()

    assert wait_until(nudge, LIMIT_SECONDS, pause=0.1), worker.last_words(40)


def all_pulled_since(moment: datetime) -> bool:
    return not PullState.objects.exclude(pulled_at__gt=moment).exists()


def all_are(state: Node.State) -> bool:
    return not Node.objects.exclude(state=state).exists()


def requests_of(node: Node) -> list[int]:
    """The increases of a node's requests, from one pull to the next, each starting where the one before ended."""
    counting = [reading for reading in stored(node) if "requests" in reading.measures]
    assert [each.start_ms for each in counting[1:]] == [each.end_ms for each in counting[:-1]]
    return [each.measures["requests"].amount for each in counting]


def rolled_up_requests(now: datetime) -> int:
    roll_up_touched(now)
    rolled = group_readings(Window(now - timedelta(hours=1), now + timedelta(minutes=1), timedelta(minutes=1)))
    return sum(each.reading.measures["requests"].amount for each in rolled if "requests" in each.reading.measures)


def test_kills_lose_nothing_and_count_nothing_twice(inference: Inference, worker: Worker, nodes: list[Node]) -> None:
    until(lambda: all_are(Node.State.UP), worker)
    first = list(inference.counts)
    inference.work()
    until(lambda: all(len(requests_of(node)) > 2 for node in nodes), worker)
    for fault in (kill_while_fetching, kill_while_storing, flush_while_fetching):
        fault(inference, worker)
    at_rest = inference.rest()
    until(lambda: all_pulled_since(at_rest), worker)
    grown = [last - before for before, last in zip(first, inference.counts, strict=True)]
    found = [requests_of(node) for node in nodes]
    assert [sum(each) for each in found] == grown
    assert min(min(each) for each in found) >= 0
    assert rolled_up_requests(datetime.now(UTC)) == sum(grown) > 0


def kill_while_fetching(inference: Inference, worker: Worker) -> None:
    inference.is_open.clear()
    until(lambda: inference.waiting > 0, worker)
    worker.kill()
    inference.is_open.set()
    worker.start()


def kill_while_storing(inference: Inference, worker: Worker) -> None:
    inference.is_open.clear()
    until(lambda: inference.waiting > 0, worker)
    with transaction.atomic(), connection.cursor() as cursor:
        # Readings are written by then, and the counters that they came from not yet.
        cursor.execute("LOCK TABLE inference_kpis_touched IN ACCESS EXCLUSIVE MODE")
        inference.is_open.set()
        until(lambda: bool(rows(WAITS_FOR_ME)), worker)
        worker.kill()
    worker.start()


def flush_while_fetching(inference: Inference, worker: Worker) -> None:
    inference.is_open.clear()
    until(lambda: inference.waiting > 0, worker)
    flush_broker()
    inference.is_open.set()


def test_a_server_that_dies_is_down_until_it_is_back(inference: Inference, worker: Worker, nodes: list[Node]) -> None:
    until(lambda: all_are(Node.State.UP), worker)
    first = list(inference.counts)
    inference.work()
    until(lambda: all(len(requests_of(node)) > 2 for node in nodes), worker)
    at_rest = inference.rest()
    until(lambda: all_pulled_since(at_rest), worker)
    inference.down()
    died_ms, before = as_ms(datetime.now(UTC)), list(inference.counts)
    until(lambda: all_are(Node.State.DOWN), worker)
    for node in Node.objects.all():
        pulls = {each.end_ms for each in stored(node) if died_ms <= each.end_ms <= as_ms(node.state_since)}
        assert (len(pulls) <= 2, node.problem) == (True, "connection_failed")
    inference.counts = [number for number in range(NODES)]  # it counts from nothing again
    inference.up()
    until(lambda: all_are(Node.State.UP), worker)
    grown = [last - start + new for start, last, new in zip(first, before, inference.counts, strict=True)]
    found = [requests_of(node) for node in nodes]
    assert [sum(each) for each in found] == grown
    assert min(min(each) for each in found) >= 0
    assert rolled_up_requests(datetime.now(UTC)) == sum(grown)
