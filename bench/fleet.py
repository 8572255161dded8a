"""Fleets of any size: the demo's sites, vLLM nodes spread over them, and what such a node did."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from bench.exposition import exposition
from inference_kpis.demo.plan import SITES
from inference_kpis.engines import ENGINES, observe
from inference_kpis.fleet.models import Node, Site, Tier
from inference_kpis.protocols.exposition import parse
from inference_kpis.readings.algebra import Increase, Reading
from inference_kpis.readings.increases import CounterState, advance
from inference_kpis.readings.store import as_ms


def make_sites() -> list[Site]:
    """The demo's sites; those that are there already are left as they are."""
    return [Site.objects.get_or_create(key=entry["key"], defaults=entry)[0] for entry in SITES]


def make_nodes(
    sites: Sequence[Site], count: int, *, prefix: str = "node", url: str = "http://10.0.0.1:8000"
) -> list[Node]:
    """vLLM nodes that are up, on all sites in turn; each has a path of its own below `url`."""
    return Node.objects.bulk_create(
        Node(
            name=f"{prefix}-{number:05}",
            site=sites[number % len(sites)],
            engine="vllm",
            url=f"{url}/{prefix}-{number:05}/metrics",
            state=Node.State.UP,
            severity=Node.SEVERITY[Node.State.UP],
            power_watts=75,
            price_per_hour="0.62",
        )
        for number in range(count)
    )


def readings(count: int, start: datetime, interval: timedelta) -> list[Reading]:
    """What a vLLM server did in `count` intervals in a row, as the product reads it."""
    state: CounterState | None = None
    found: list[Reading] = []
    for step in range(count + 1):
        observation = observe(ENGINES["vllm"], parse(exposition(step), ENGINES["vllm"].wanted))
        moved = advance(state, observation, as_ms(start + step * interval))
        state = moved.state
        found += moved.readings.values()
    return found


# --- Many groups -----------------------------------------------------------------------------------------------------

ENGINES_USED = ("vllm", "sglang", "triton")
MODELS_USED = ("llama-3.1-8b", "mistral-7b", "qwen-2.5-7b")
SITES_USED = 30


@dataclass(frozen=True)
class Pulled:
    """A node and the models that it serves."""

    node: Node
    models: Sequence[str]


def make_many_sites(count: int = SITES_USED) -> list[Site]:
    """The demo's sites and as many more as it takes."""
    sites = make_sites()
    more = [
        Site(key=f"site-{number:02}", name=f"Site {number:02}", tier=Tier.EDGE) for number in range(len(sites), count)
    ]
    return [*sites, *Site.objects.bulk_create(more)][:count]


def make_varied_nodes(count: int) -> list[Pulled]:
    """Nodes on thirty sites with three engines; each serves all three models, so that any size has all 270 groups."""
    sites = make_many_sites()
    nodes = make_nodes(sites, count)
    for number, node in enumerate(nodes):
        node.engine = ENGINES_USED[number // len(sites) % len(ENGINES_USED)]
    Node.objects.bulk_update(nodes, ["engine"], batch_size=2000)
    return [Pulled(node, MODELS_USED) for node in nodes]


@lru_cache
def _of_engine(engine: str, end: datetime, interval: timedelta) -> Reading:
    (reading,) = readings(1, end - interval, interval)
    exposed = ENGINES[engine].exposes
    measures = {key: value for key, value in reading.measures.items() if key in exposed}
    return Reading(reading.start_ms, reading.end_ms, measures)


def pulled(nodes: Sequence[Pulled], end: datetime, interval: timedelta) -> Iterator[tuple[Node, str, Reading]]:
    """What a pull of each node at `end` brings: of the node itself, and of each of its models."""
    end_ms, covered_ms = as_ms(end), interval // timedelta(milliseconds=1)
    own = {"pulls": Increase(1, covered_ms), "successful_pulls": Increase(1, covered_ms)}
    for each in nodes:
        yield each.node, "", Reading(end_ms - covered_ms, end_ms, own)
        for name in each.models:
            yield each.node, name, _of_engine(each.node.engine, end, interval)
