"""Which demo nodes there are and where they listen: a file that is written once, so that addresses stay."""

import json
import random
import socket
from pathlib import Path
from typing import Any

SITES = (
    {"key": "lyon", "name": "Lyon", "region": "Auvergne-Rhône-Alpes", "tier": "edge"},
    {"key": "frankfurt", "name": "Frankfurt", "region": "Hessen", "tier": "edge"},
    {"key": "madrid", "name": "Madrid", "region": "Madrid", "tier": "edge"},
    {"key": "milano", "name": "Milano", "region": "Lombardia", "tier": "device"},
    {"key": "paris", "name": "Paris", "region": "Île-de-France", "tier": "region"},
    {"key": "dublin", "name": "Dublin", "region": "Leinster", "tier": "central"},
)


def _node(name: str, engine: str, model: str, **rest: Any) -> dict[str, Any]:
    return {"name": name, "site": name.rpartition("-")[0], "engine": engine, "model": model, **rest}


# `width` is the size of the model that is really computed, `clients` how many people ask it, `thinking` how much longer
# than others they think in between. Power and price are declared, not measured. `outage` and `restart` are seconds: how long a node is up, and how long it then is away.
# `distance_ms` is what the way to it and back would take; probes of the others compare with it.
NODES = (
    _node("lyon-01", "vllm", "hugo-small", width=40, clients=4, power_watts=75, price_per_hour=0.62),
    _node("lyon-02", "vllm", "hugo-small", width=40, clients=3, power_watts=75, price_per_hour=0.62),
    _node(
        "frankfurt-01", "vllm", "hugo-large", width=1500, clients=1, thinking=1.5, power_watts=140, price_per_hour=1.15
    ),
    _node("madrid-01", "triton", "vision-mini", width=48, clients=3, power_watts=40, price_per_hour=0.35),
    _node("madrid-02", "triton", "vision-mini", width=48, clients=2, power_watts=40, price_per_hour=0.35, restart=95),
    _node("milano-01", "generic", "keyword-spot", width=32, clients=2, power_watts=12, price_per_hour=0.08),
    _node("paris-01", "vllm", "hugo-small", width=56, clients=2, power_watts=210, price_per_hour=1.9),
    _node(
        "paris-02", "vllm", "hugo-small", width=56, clients=2, power_watts=210, price_per_hour=1.9, outage=100, away=45
    ),
    _node(
        *("dublin-01", "generic", "hugo-central"),
        width=64,
        clients=2,
        power_watts=300,
        price_per_hour=2.4,
        distance_ms=60,
    ),
    _node("dublin-02", "generic", "hugo-central", width=64, clients=1, power_watts=300, price_per_hour=2.4),
)
LOWEST_PORT, HIGHEST_PORT = 20_000, 32_000


def write(path: Path) -> None:
    """Write the plan, unless there is one."""
    if path.exists():
        return
    ports = free_ports(len(NODES))
    nodes = [{**node, "url": f"http://127.0.0.1:{port}/metrics"} for node, port in zip(NODES, ports, strict=True)]
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".new")
    temporary.write_text(json.dumps({"sites": SITES, "nodes": nodes}, ensure_ascii=False, indent=1))
    temporary.replace(path)


def free_ports(number: int) -> list[int]:
    """Ports on loopback that nobody listens on, below those that the kernel gives to clients."""
    found: list[int] = []
    for port in random.sample(range(LOWEST_PORT, HIGHEST_PORT), k=HIGHEST_PORT - LOWEST_PORT):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)):
                found.append(port)
        if len(found) == number:
            break
    return found
