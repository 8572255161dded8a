"""Storing a pushed batch: what is acknowledged is committed."""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction

from accounts.models import MachineKey
from inference_kpis.fleet.egress import bytes_per_request_by_model
from inference_kpis.fleet.health import count_sites
from inference_kpis.fleet.models import Node
from inference_kpis.pull.ingestion import MOST_MODELS
from inference_kpis.push.batch import PushedReading, Refusal, read_item
from inference_kpis.push.waiting import may_register, note_unknown, register_unknown
from inference_kpis.readings import store
from inference_kpis.readings.algebra import Reading
from inference_kpis.readings.derived import completed


@dataclass
class Receipt:
    """What became of a batch; `refused` holds each refused position and why."""

    stored: int = 0
    repeated: int = 0
    refused: list[tuple[int, Refusal]] = field(default_factory=list)


def ingest_batch(items: Sequence[object], *, key: MachineKey, now: datetime) -> Receipt:
    """Check and store readings in one transaction. Sending the same batch again changes nothing."""
    receipt = Receipt()
    oldest = now - timedelta(days=settings.RAW_RETENTION_DAYS - 1)
    understood: list[tuple[int, PushedReading]] = []
    for index, item in enumerate(items):
        try:
            understood.append((index, read_item(item, now=now, oldest=oldest)))
        except Refusal as refusal:
            receipt.refused.append((index, refusal))
    with transaction.atomic():
        nodes = writable_nodes({pushed.node for _, pushed in understood}, key, now)
        note_unknown({pushed.node for _, pushed in understood} - nodes.keys(), key, now)
        models = known_models(nodes.values())
        welcome: list[tuple[Node, PushedReading]] = []
        positions: list[int] = []
        for index, pushed in understood:
            try:
                welcome.append((_welcoming_node(pushed, nodes, models), pushed))
                positions.append(index)
            except Refusal as refusal:
                receipt.refused.append((index, refusal))
        slots = store.slots_of(_completed(welcome))
        outcome = store.store_slots(slots)
        receipt.stored, receipt.repeated = len(outcome.stored), len(outcome.repeated)
        receipt.refused += [(positions[at], Refusal("conflict")) for at in outcome.conflicting]
        receipt.refused.sort(key=lambda pair: pair[0])
        heard = {slots[at].node_id for at in outcome.stored}
        _mark_up([node for node in nodes.values() if node.pk in heard], now)
        _count(receipt)
    return receipt


def _completed(welcome: Sequence[tuple[Node, PushedReading]]) -> Iterable[tuple[Node, str, Reading]]:
    """The readings with what Vigie knows; one query.

    Cost and energy are known of the time for which the node's readings of the same batch tell them: asked of the batch
    alone, so that the same batch is the same again.
    """
    baselines = bytes_per_request_by_model()
    told: dict[tuple[int, str], list[tuple[int, int]]] = defaultdict(list)
    for node, pushed in welcome:
        for key in ("cost", "energy"):
            if key in pushed.reading.measures:
                told[node.pk, key].append((pushed.reading.start_ms, pushed.reading.end_ms))
    times = {key: _joined(spans) for key, spans in told.items()}
    for node, pushed in welcome:
        whole = completed(
            pushed.reading,
            is_edge=node.is_edge,
            is_costed=_overlaps(pushed.reading, times.get((node.pk, "cost"), [])),
            is_metered=_overlaps(pushed.reading, times.get((node.pk, "energy"), [])),
            bytes_per_request=baselines.get(pushed.model),
        )
        yield node, pushed.model, whole


def _joined(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same times as stretches that neither touch nor overlap, in order."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((start, end))
    return joined


def _overlaps(reading: Reading, stretches: Sequence[tuple[int, int]]) -> bool:
    """Whether any of these stretches shares time with the reading: the last one that begins before it ends does, or none."""
    at = bisect_left(stretches, (reading.end_ms,))
    return at > 0 and stretches[at - 1][1] > reading.start_ms


def writable_nodes(names: set[str], key: MachineKey, now: datetime) -> dict[str, Node]:
    """The nodes of these names on sites that the key may write for, locked in order so that batches take turns.

    A key that may register registers those that there are not.
    """
    found = _locked(names, key)
    if may_register(key) and names - found.keys():
        register_unknown(names - found.keys(), key, now)
        found |= _locked(names - found.keys(), key)
    return found


def _locked(names: Collection[str], key: MachineKey) -> dict[str, Node]:
    found = (
        Node.objects.in_service()
        .filter(name__in=names, site__in=key.sites.values("site"))
        .select_for_update(of=("self",), no_key=True)
        .select_related("site")
        .order_by("pk")
    )
    return {node.name: node for node in found}


def known_models(nodes: Iterable[Node]) -> dict[int, set[str]]:
    """The names of the models that these nodes have reported, by node."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT l.node_id, array_agg(m.name) FROM inference_kpis_latest l"
            " JOIN inference_kpis_servedmodel m ON m.id = l.model_id WHERE l.node_id = ANY(%s) GROUP BY l.node_id",
            [[node.pk for node in nodes]],
        )
        return {node_id: set(names) for node_id, names in cursor.fetchall()}


def _welcoming_node(pushed: PushedReading, nodes: dict[str, Node], models: dict[int, set[str]]) -> Node:
    """The node that takes this reading. Raises `Refusal`."""
    node = nodes.get(pushed.node)
    if node is None:
        raise Refusal("unknown_node")
    if node.source != Node.Source.PUSH:
        raise Refusal("pulled_node")
    known = models.setdefault(node.pk, set())
    if pushed.model not in known and len(known) >= MOST_MODELS:
        raise Refusal("too_many_models")
    known.add(pushed.model)
    return node


def _mark_up(nodes: Sequence[Node], now: datetime) -> None:
    # A pause is somebody's decision, and ends by one.
    changed = [node for node in nodes if node.state != Node.State.PAUSED and node.enter(Node.State.UP, now)]
    if changed:
        Node.objects.bulk_update(changed, ("state", "severity", "state_since", "problem"))
        count_sites({node.site_id for node in changed}, now)


def _count(receipt: Receipt) -> None:
    store.count("stored", receipt.stored)
    store.count("repeated", receipt.repeated)
    for code, amount in sorted(Counter(refusal.code for _, refusal in receipt.refused).items()):
        store.count(code, amount)
