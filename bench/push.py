"""Being pushed to, over HTTP: remote write against Prometheus' own receiver, JSON against PostgreSQL alone."""

from collections.abc import Iterator, Sequence
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory

from accounts.models import MachineKey
from bench import prometheus, sender, web
from bench.costs import tree_cpu_seconds
from bench.database import empty_database, postmaster
from bench.fleet import make_nodes, make_sites
from bench.pull import servers
from bench.report import Figure, Line, Note
from inference_kpis.fleet.models import Node, Site
from inference_kpis.push.models import KeySite

NODES, SCRAPES = 100, 9
# Scrapes that make series, and what is remembered of them, on both sides.
WARM_UP = 2
# Requests of one measured part.
PARTS = 5


def measure() -> Iterator[Line | Note]:
    with TemporaryDirectory() as name:
        yield from _measure_remote_write(Path(name))


def _measure_remote_write(folder: Path) -> Iterator[Line | Note]:
    paths = [f"/pushed-{number:05}/metrics" for number in range(NODES)]
    try:
        with servers(SCRAPES + 3) as address:
            requests = sender.record(_made(folder / "sender"), address, paths, SCRAPES)
        theirs = _cost_of_prometheus(_made(folder / "receiver"), requests)
    except prometheus.Unavailable as reason:
        yield Note(f"push: no comparison with Prometheus could be made, because {reason}.")
        return
    own, database = _cost_of_product(folder, paths, requests)
    both = Figure([a + b for a, b in zip(own.values, database.values, strict=True)], own.unit, own.decimals)
    yield Line("push: CPU a million samples, remote write", both, "Prometheus", theirs, 1.0)
    yield Line("  the web server's alone", own, "Prometheus", theirs)
    yield Line("  PostgreSQL's alone", database, "Prometheus", theirs)
    samples = sum(request.samples for request in requests)
    yield Note(
        f"{len(requests):,} recorded requests of a Prometheus that scraped {NODES} nodes, {samples:,} samples,"
        " sent to both one after the other"
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


def _cost_of_product(folder: Path, paths: Sequence[str], requests: Sequence[sender.Request]) -> tuple[Figure, Figure]:
    """CPU seconds a million samples of the web server and of PostgreSQL."""
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
                _replay(port, "/api/v1/write", part, headers)
                samples = sum(each.samples for each in part)
                spent.append(
                    (
                        (tree_cpu_seconds(pid) - before[0]) * 1e6 / samples,
                        (tree_cpu_seconds(postmaster()) - before[1]) * 1e6 / samples,
                    )
                )
    own, database = zip(*spent[1:], strict=True)
    return Figure(own, "CPU s", 2), Figure(database, "CPU s", 2)


def _key() -> str:
    """A key that may write for every site."""
    key, text = MachineKey.issue(name="bench", scopes=[MachineKey.Scope.WRITE_READINGS])
    KeySite.objects.bulk_create(KeySite(key=key, site=site) for site in Site.objects.all())
    return text


def _replay(port: int, path: str, requests: Sequence[sender.Request], headers: dict[str, str]) -> None:
    to = HTTPConnection("127.0.0.1", port, timeout=60)
    for request in requests:
        web.post(to, path, request.body, {**request.headers, **headers})
    to.close()
