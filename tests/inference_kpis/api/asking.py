"""Asking the API as a machine, and a small fleet with readings to ask about."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction
from django.test import Client

from accounts.models import MachineKey
from inference_kpis.fleet.models import Node
from inference_kpis.readings import store
from inference_kpis.readings.algebra import Distribution, Increase, Level, MeasureValue, Reading
from inference_kpis.readings.queries import exposed_by
from inference_kpis.readings.rollups import roll_up_touched
from tests.factories import NodeFactory, SiteFactory, machine_key

Ask = Callable[..., Any]
# The current minute as it was when the tests began: what is stored before it is in every window up to now.
NOW = datetime.now(UTC).replace(second=0, microsecond=0)
BOUNDS = (0.1, 0.5)


def reader(client: Client) -> Ask:
    """Ask an address below /api/v1/ with a key that may read."""
    _, text = machine_key(scopes=[MachineKey.Scope.READ_KPIS])

    def ask(address: str, /, *, headers: dict[str, str] | None = None, **parameters: Any) -> Any:
        sent = {"Authorization": f"Bearer {text}", **(headers or {})}
        path = address if address.startswith("http") else f"/api/v1/{address}"
        return client.get(path, parameters, headers=sent)

    return ask


def minute(
    node: Node, minutes_ago: int, requests: int, model: str = "llama", **more: MeasureValue
) -> tuple[Node, str, Reading]:
    """What a node did in one whole minute, as far as its engine tells: a tenth of the requests failed, half were slow."""
    end = store.as_ms(NOW - timedelta(minutes=minutes_ago - 1))
    measures = {
        "requests": Increase(requests, 60_000),
        "failed_requests": Increase(requests // 10, 60_000),
        "output_tokens": Increase(requests * 7, 60_000),
        "pulls": Increase(4, 60_000),
        "successful_pulls": Increase(4, 60_000),
        "queue_depth": Level(2000 * 60_000, 60_000, 0, 4000, 2000, end),
        "e2e_latency": Distribution({BOUNDS: (requests // 2, requests - requests // 2, 0)}, requests * 200_000, 60_000),
        **more,
    }
    given = {key: value for key, value in measures.items() if key in exposed_by([node.engine])}
    return node, model, Reading(end - 60_000, end, given)


def store_minutes(*minutes: tuple[Node, str, Reading]) -> None:
    """Store what nodes did, and roll it up."""
    with transaction.atomic():
        store.store_slots(store.slots_of(minutes))
    roll_up_touched(NOW + timedelta(minutes=1))


def store_minute(*args: Any, **kwargs: Any) -> None:
    """Store one minute, and roll it up."""
    store_minutes(minute(*args, **kwargs))


def small_fleet() -> dict[str, Node]:
    """Two sites, two engines, two models, ten minutes of readings."""
    lyon = SiteFactory(key="lyon", name="Lyon", tier="edge")
    paris = SiteFactory(key="paris", name="Paris", tier="central")
    nodes = {
        "lyon-1": NodeFactory(name="lyon-1", site=lyon, engine="vllm"),
        "lyon-2": NodeFactory(name="lyon-2", site=lyon, engine="triton"),
        "paris-1": NodeFactory(name="paris-1", site=paris, engine="vllm"),
    }
    store_minutes(
        *(minute(nodes["lyon-1"], ago, 60 * ago) for ago in range(1, 11)),
        *(minute(nodes["lyon-1"], ago, 30, "mistral") for ago in range(1, 11)),
        *(minute(nodes["lyon-2"], ago, 120) for ago in range(1, 11)),
        *(minute(nodes["paris-1"], ago, 600) for ago in range(1, 11) if ago != 5),
    )
    return nodes
