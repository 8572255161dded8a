"""The same expositions go to Vigie and to a real Prometheus: both say the same of them.

Four nodes are scraped every 15 seconds for half an hour. Those of the second site have other histogram bounds, and one
of them restarts on the way. Prometheus reads what was scraped as blocks, so that no time passes. A rate may differ by
two intervals of its window, since Prometheus extrapolates to the edges of one; a quantile lies in the same bucket.
"""

import random
import subprocess
from bisect import bisect_left
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from config.launcher.bootstrap import find_prometheus
from inference_kpis.catalogue import KPIS
from inference_kpis.fleet.models import Node
from inference_kpis.readings.algebra import merge_all
from inference_kpis.readings.queries import GroupReading, Window, group_readings, kpi_of, node_readings
from inference_kpis.readings.rollups import roll_up_touched
from inference_kpis.readings.statistics import kpi_quantity
from inference_kpis.readings.store import as_ms
from tests.factories import NodeFactory, SiteFactory, scheduled
from tests.inference_kpis import prometheus as real
from tests.inference_kpis.pulls import at, pull
from tests.inference_kpis.push.senders import Sent, scrape

pytestmark = pytest.mark.django_db
INTERVAL, FIRST, LAST = 15, 7, 1807
WINDOW = Window(at(300), at(1500), timedelta(minutes=1))
TOLERANCE = 2 * INTERVAL / WINDOW.seconds
BOUNDS = {"lyon": (0.1, 0.25, 0.5, 1.0, 2.5, 5.0), "paris": (0.05, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4)}
QUANTILES = {"e2e_latency_p50": 0.5, "e2e_latency_p95": 0.95, "e2e_latency_p99": 0.99}


class Server:
    """An inference server whose load and latencies are its own, and the same in every run."""

    def __init__(self, node: Node, seed: int) -> None:
        self.node, self.bounds, self.chance = node, BOUNDS[node.site.key], random.Random(seed)
        self.busy = 5 + 9 * seed
        self.restart(at(-3600).timestamp())

    def restart(self, started_at: float) -> None:
        self.started_at, self.failed, self.total = started_at, 0, 0.0
        self.counts = [0] * (len(self.bounds) + 1)

    def serve(self) -> None:
        for _ in range(self.chance.randint(self.busy, 2 * self.busy)):
            seconds = self.chance.lognormvariate(-1.0, 0.9)
            self.counts[bisect_left(self.bounds, seconds)] += 1
            self.total += seconds
            self.failed += self.chance.random() < 0.03

    def exposition(self) -> bytes:
        requests = sum(self.counts)
        lines = [
            f'vllm:request_success_total{{model_name="m",finished_reason="stop"}} {requests - self.failed}',
            f'vllm:request_success_total{{model_name="m",finished_reason="error"}} {self.failed}',
            f"process_start_time_seconds {self.started_at}",
            f'vllm:e2e_request_latency_seconds_sum{{model_name="m"}} {self.total!r}',
        ]
        below = 0
        for bound, count in zip((*self.bounds, "+Inf"), self.counts, strict=True):
            below += count
            lines.append(f'vllm:e2e_request_latency_seconds_bucket{{model_name="m",le="{bound}"}} {below}')
        return ("\n".join(lines) + "\n").encode()


@pytest.fixture
def servers() -> list[Server]:
    sites = [SiteFactory(key=key, name=key) for key in BOUNDS]
    nodes = [NodeFactory(site=site, name=f"{site.key}-{number}") for site in sites for number in (1, 2)]
    for node in nodes:
        scheduled(node, at(0))
    return [Server(node, seed) for seed, node in enumerate(nodes, 1)]


@pytest.fixture
def prometheus(servers: list[Server], tmp_path: Path) -> Iterator[str]:
    """Both have seen the same: Vigie pulled it, and Prometheus has it as blocks."""
    scraped: list[Sent] = []
    for second in range(FIRST, LAST + 1, INTERVAL):
        for server in servers:
            server.serve()
            if second == FIRST + 50 * INTERVAL and server is servers[-1]:
                server.restart(at(second - 4).timestamp())
                server.serve()
        bodies = {server.node: server.exposition() for server in servers}
        pull(bodies, second)
        for node, body in bodies.items():
            scraped += scrape(node.name, body, as_ms(at(second)), site=node.site.key)
    while roll_up_touched(at(7200)):
        pass
    write_blocks(scraped, tmp_path)
    with real.prometheus(tmp_path, "global: {scrape_interval: 15s}") as address:
        yield address


def write_blocks(scraped: list[Sent], folder: Path) -> None:
    """What was scraped as the blocks of a Prometheus that keeps its data in this folder."""
    by_name: dict[str, list[str]] = {}
    for labels, samples in scraped:
        pairs = ",".join(f'{key}="{value}"' for key, value in labels.items() if key != "__name__")
        for value, at_ms, _ in samples:
            line = f"{labels['__name__']}{{{pairs}}} {value!r} {at_ms / 1000}"
            by_name.setdefault(labels["__name__"], []).append(line)
    text = "\n".join(line for lines in by_name.values() for line in lines)
    (folder / "scraped.txt").write_text(f"{text}\n# EOF\n")
    program = find_prometheus()
    assert program, "There is no Prometheus. `make test` fetches it on Debian; elsewhere put it on the path."
    command = [Path(program).with_name("promtool"), "tsdb", "create-blocks-from", "openmetrics", "--quiet"]
    subprocess.run([*command, folder / "scraped.txt", folder / "data"], check=True, capture_output=True)


def answer(address: str, query: str) -> float:
    """The one number that Prometheus gives at the end of the window."""
    [found] = real.ask(address, query, at=WINDOW.end)
    return float(found["value"][1])


def rate(name: str, **labels: str) -> str:
    """The query of the rate over the window."""
    matchers = ",".join(f'{label}="{value}"' for label, value in labels.items())
    return f"rate({name}{{{matchers}}}[{WINDOW.seconds:.0f}s])"


def of_site(readings: list[GroupReading], key: str) -> list[GroupReading]:
    return [each for each in readings if each.group.site_key == key]


def assert_same_bucket(mine: float | None, theirs: float, bounds: tuple[float, ...]) -> None:
    assert mine is not None
    assert bisect_left(bounds, mine) == bisect_left(bounds, theirs), (mine, theirs)
    # Within the bucket as well: both interpolate, and what one counts more at the edges is little.
    assert mine == pytest.approx(theirs, rel=TOLERANCE)


def test_both_say_the_same(prometheus: str, servers: list[Server]) -> None:
    readings = group_readings(WINDOW)
    assert_same_rates(prometheus, readings)
    for site, bounds in BOUNDS.items():
        for key, quantile in QUANTILES.items():
            mine = kpi_of(KPIS[key], of_site(readings, site))
            rates = rate("vllm:e2e_request_latency_seconds_bucket", site=site)
            theirs = answer(prometheus, f"histogram_quantile({quantile}, sum by (le) ({rates}))")
            assert not mine.is_approximate
            assert_same_bucket(mine.value and mine.value / 1000, theirs, bounds)
    assert_same_of_each_node(prometheus, servers)
    assert_whole_fleet_lies_between(readings)


def assert_same_rates(prometheus: str, readings: list[GroupReading]) -> None:
    for site in ("", *BOUNDS):
        some = of_site(readings, site) if site else readings
        labels = {"site": site} if site else {}
        theirs = answer(prometheus, f"sum({rate('vllm:request_success_total', **labels)})")
        assert kpi_of(KPIS["request_rate"], some).value == pytest.approx(theirs, rel=TOLERANCE)
        failed = answer(prometheus, f"sum({rate('vllm:request_success_total', finished_reason='error', **labels)})")
        assert kpi_of(KPIS["success_ratio"], some).value == pytest.approx(100 * (1 - failed / theirs), abs=0.2)


def assert_same_of_each_node(prometheus: str, servers: list[Server]) -> None:
    """The one that restarted included."""
    by_node = node_readings([server.node.pk for server in servers], WINDOW)
    for server in servers:
        merged = merge_all(reading for _, reading in by_node[server.node.pk])
        mine = kpi_quantity(KPIS["e2e_latency_p95"], merged).value
        rates = rate("vllm:e2e_request_latency_seconds_bucket", instance=server.node.name)
        theirs = answer(prometheus, f"histogram_quantile(0.95, sum by (le) ({rates}))")
        assert_same_bucket(mine and mine / 1000, theirs, server.bounds)


def assert_whole_fleet_lies_between(readings: list[GroupReading]) -> None:
    """Prometheus cannot add histograms of different bounds; the answer over both lies between those of each."""
    for key in QUANTILES:
        of_all = kpi_of(KPIS[key], readings)
        of_each = [kpi_of(KPIS[key], of_site(readings, site)).value for site in BOUNDS]
        assert of_all.is_approximate
        assert min(of_each) <= of_all.value <= max(of_each)  # type: ignore[type-var, operator]
