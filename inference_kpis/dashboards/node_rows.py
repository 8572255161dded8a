"""The rows of the fleet page: a page of nodes, each with its state, the age of its last reading and its KPIs."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from inference_kpis.catalogue import KPIS, Kpi
from inference_kpis.fleet.models import Node
from inference_kpis.readings import store
from inference_kpis.readings.algebra import merge_all
from inference_kpis.readings.queries import Window, exposed_by, node_readings
from inference_kpis.readings.statistics import Quantity, kpi_quantity

NODES_PER_PAGE = 50
RECENT = timedelta(minutes=5)
COLUMNS: tuple[Kpi, ...] = tuple(
    KPIS[key] for key in ("request_rate", "success_ratio", "e2e_latency_p95", "queue_depth")
)


@dataclass(frozen=True)
class NodeRow:
    node: Node
    heard_at: datetime | None
    quantities: tuple[tuple[Kpi, Quantity], ...]


def node_rows(nodes: Sequence[Node], now: datetime, kpis: Sequence[Kpi] = COLUMNS) -> list[NodeRow]:
    """Rows for these nodes; a constant number of queries, however many there are."""
    ids = [node.pk for node in nodes]
    readings = node_readings(ids, Window.ending(now, RECENT))
    heard = heard_at(ids)
    rows = []
    for node in nodes:
        merged = merge_all(reading for _, reading in readings.get(node.pk, ()))
        exposed = exposed_by([node.engine], merged.measures)
        quantities = tuple((kpi, kpi_quantity(kpi, merged, exposed=exposed)) for kpi in kpis)
        rows.append(NodeRow(node, heard.get(node.pk), quantities))
    return rows


def heard_at(node_ids: Collection[int]) -> dict[int, datetime]:
    """When the last reading of each of these nodes ended; two queries."""
    heard: dict[int, datetime] = {}
    for latest in store.latest_of(node_ids):
        heard[latest.node_id] = max(latest.ended_at, heard.get(latest.node_id, latest.ended_at))
    return heard
