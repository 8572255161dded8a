"""Fleets of any size: the demo's sites, vLLM nodes spread over them, and what such a node did."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from bench.exposition import exposition
from inference_kpis.demo.plan import SITES
from inference_kpis.engines import ENGINES, observe
from inference_kpis.fleet.models import Node, Site
from inference_kpis.protocols.exposition import parse
from inference_kpis.readings.algebra import Reading
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
