"""Being pushed to, over HTTP: remote write against Prometheus' own receiver, JSON against PostgreSQL alone."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time, timedelta
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import orjson

from accounts.models import MachineKey
from bench import ingest, prometheus, sender, web
from bench.costs import tree_cpu_seconds
from bench.database import empty_database, postmaster
from bench.fleet import make_nodes, make_sites, readings
from bench.ingest import INTERVAL, Timed
from bench.pull import servers
from bench.report import Figure, Line, Note
from inference_kpis.catalogue import MEASURES
from inference_kpis.fleet.models import Node, Site
from inference_kpis.push.models import KeySite
from inference_kpis.readings import store
from inference_kpis.readings.algebra import Distribution, Increase, Level, Reading

NODES, SCRAPES = 60, 9
# Scrapes that make series, and what is remembered of them, on both sides.
WARM_UP = 2
# Parts that are measured on their own.
PARTS = 5
BATCH, BATCHES = 1000, 12
# Through HTTP, checked and idempotent, against rows that are ready-made.
STAGED_LIMIT, COPY_LIMIT = 0.6, 0.25


def measure() -> Iterator[Line | Note]:
    with TemporaryDirectory() as name:
        yield from _measure_remote_write(Path(name))
        with empty_database():
            yield from _measure_json(Path(name))


def _measure_remote_write(folder: Path) -> Iterator[Line | Note]:
    paths = [f"/pushed-{number:05}/metrics" for number in range(NODES)]
    try:
        with servers(SCRAPES + 3) as address:
            requests = sender.record(_made(folder / "sender"), address, paths, SCRAPES)
        theirs = _cost_of_prometheus(_made(folder / "receiver"), requests)
    except prometheus.Unavailable as reason:
        yield Note(f"push: no comparison with Prometheus could be made, because {reason}.")
        return
    own, database, refused = _cost_of_product(folder, paths, requests)
    both = Figure([a + b for a, b in zip(own.values, database.values, strict=True)], own.unit, own.decimals)
    yield Line("push: CPU a million samples, remote write", both, "Prometheus", theirs, 1.0)
    yield Line("  the web server's alone", own, "Prometheus", theirs)
    yield Line("  PostgreSQL's alone", database, "Prometheus", theirs)
    samples = sum(request.samples for request in requests)
    yield Note(
        f"{len(requests):,} recorded requests of a Prometheus that scraped {NODES} nodes, {samples:,} samples,"
        f" sent to both one after the other; {refused} requests of which something was refused"
    )


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _parts(requests: Sequence[sender.Request]) -> list[Sequence[sender.Request]]:
    """The requests to warm up with, and then equal parts."""
    start = len(requests) * WARM_UP // SCRAPES
    size = (len(requests) - start) // PARTS
    return [requests[:start], *(requests[start + n * size : start + (n + 1) * size] for n in range(PARTS))]


def _cost_of_prometheus(folder: Path, requests: Sequence[sender.Request]) -> Figure:
    configuration = "global: {scrape_interval: 1h}\n"
    with prometheus.running(folder, configuration, "--web.enable-remote-write-receiver") as receiver:
        spent = []
        for part in _parts(requests):
            before = tree_cpu_seconds(receiver.pid)
            _replay(receiver.port, "/api/v1/write", part, {})
            spent.append((tree_cpu_seconds(receiver.pid) - before) * 1e6 / sum(each.samples for each in part))
    return Figure(spent[1:], "CPU s", 2)


def _cost_of_product(
    folder: Path, paths: Sequence[str], requests: Sequence[sender.Request]
) -> tuple[Figure, Figure, int]:
    """CPU seconds a million samples of the web server and of PostgreSQL, and how many requests were refused in part."""
    refused = 0
    with empty_database():
        nodes = make_nodes(make_sites(), len(paths), prefix="pushed")
        for node, path in zip(nodes, paths, strict=True):
            node.name, node.source, node.url = path, Node.Source.PUSH, ""
        Node.objects.bulk_update(nodes, ("name", "source", "url"))
        headers = {"Authorization": f"Bearer {_key()}"}
        spent = []
        with web.serving(folder / "web.log") as (pid, port):
            for part in _parts(requests):
                before = tree_cpu_seconds(pid), tree_cpu_seconds(postmaster())
                refused += _replay(port, "/api/v1/write", part, headers)
                samples = sum(each.samples for each in part)
                spent.append(
                    (
                        (tree_cpu_seconds(pid) - before[0]) * 1e6 / samples,
                        (tree_cpu_seconds(postmaster()) - before[1]) * 1e6 / samples,
                    )
                )
    own, database = zip(*spent[1:], strict=True)
    return Figure(own, "CPU s", 2), Figure(database, "CPU s", 2), refused


def _key() -> str:
    """A key that may write for every site."""
    key, text = MachineKey.issue(name="bench", scopes=[MachineKey.Scope.WRITE_READINGS])
    KeySite.objects.bulk_create(KeySite(key=key, site=site) for site in Site.objects.all())
    return text


def _replay(port: int, path: str, requests: Sequence[sender.Request], headers: dict[str, str]) -> int:
    """Send them; of how many something was refused."""
    to = HTTPConnection("127.0.0.1", port, timeout=60)
    answers = [web.post(to, path, request.body, {**request.headers, **headers}) for request in requests]
    to.close()
    return sum(status == 400 for status, _ in answers)


# --- JSON ------------------------------------------------------------------------------------------------------------


def _measure_json(folder: Path) -> Iterator[Line | Note]:
    """Batches through HTTP, each beside PostgreSQL's own two ways to store the rows that it became."""
    start = datetime.combine(datetime.now(UTC) - timedelta(days=1), time.min, UTC)
    nodes = make_nodes(make_sites(), BATCH, prefix="json")
    Node.objects.update(source=Node.Source.PUSH, url="")
    series = readings(BATCHES, start, INTERVAL)
    headers = {"Authorization": f"Bearer {_key()}", "Content-Type": "application/json"}
    posted, copied, staged = Timed(), Timed(), Timed()
    model = store.model_ids(["model"])["model"]
    with web.serving(folder / "json.log") as (_, port):
        to = HTTPConnection("127.0.0.1", port, timeout=60)
        for reading in series:
            body = orjson.dumps({"readings": [_as_json(node.name, reading) for node in nodes]})
            began = perf_counter()
            said = orjson.loads(web.post(to, "/api/v1/readings", body, headers)[1])
            posted.wall.append(perf_counter() - began)
            if said["stored"] != BATCH:
                raise RuntimeError(f"Only {said['stored']} of {BATCH} readings were stored: {said['refused'][:1]}")
            rows = ingest.rows_of(store.as_datetime(reading.end_ms), model)
            for _ in range(ingest.COPIES):
                ingest.make_twins()
                copied.run(partial(ingest.copy, "copied", rows))
                staged.run(partial(ingest.copy_staged, rows))
        to.close()
    del posted.wall[0]
    samples = BATCH * ingest.samples_in(series[0])
    figure = posted.a_second(samples)
    what = f"push: JSON, batches of {BATCH:,} readings"
    yield Line(what, figure, "COPY staged, INSERT … ON CONFLICT", staged.a_second(samples), STAGED_LIMIT, "at least")
    yield Line("  against bare COPY", figure, "COPY", copied.a_second(samples), COPY_LIMIT, "at least")
    yield Note(f"a batch of {len(body) / 1e6:.1f} MB; COPY is given its rows ready-made, over the same kind of socket")


def _as_json(node: str, reading: Reading) -> dict[str, object]:
    """The reading as its sender would write it."""
    groups: dict[str, dict[str, object]] = {"increases": {}, "levels": {}, "distributions": {}}
    for key, value in reading.measures.items():
        quanta = MEASURES[key].from_quanta
        match value:
            case Increase(amount):
                groups["increases"][key] = quanta(amount)
            case Level(last=last):
                groups["levels"][key] = quanta(last)
            case Distribution(counts, total):
                ((bounds, found),) = counts.items()
                groups["distributions"][key] = {"bounds": bounds, "counts": found, "sum": quanta(total)}
    start, end = store.as_datetime(reading.start_ms), store.as_datetime(reading.end_ms)
    return {"node": node, "model": "model", "start": start.isoformat(), "end": end.isoformat(), **groups}
