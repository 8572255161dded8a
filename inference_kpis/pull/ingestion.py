"""From fetched bodies to stored readings: decode, difference and store, in one transaction a batch."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import structlog
from django.db import connection, transaction
from psycopg.types.json import Jsonb

from inference_kpis.exceptions import KeyLost
from inference_kpis.fleet.egress import bytes_per_request_by_model
from inference_kpis.fleet.health import count_sites
from inference_kpis.fleet.models import Node
from inference_kpis.mappings.reading import Reader, readers_of
from inference_kpis.pull.client import Fetched, Target, fetch_all
from inference_kpis.pull.decoding import Pulled, decode
from inference_kpis.pull.history import RESTARTED, noted
from inference_kpis.pull.models import PullState
from inference_kpis.pull.schedule import Claim
from inference_kpis.pull.targets import target_of, where_pulls_may_go
from inference_kpis.readings import store
from inference_kpis.readings.algebra import Increase, Reading
from inference_kpis.readings.derived import completed, energy_and_cost
from inference_kpis.readings.increases import CounterState, OutOfOrder, advance
from inference_kpis.readings.remapping import carried_over
from inference_kpis.readings.store import as_datetime, as_ms

logger = structlog.get_logger(__name__)

# A hostile node could make up model names; what is beyond this is named as a problem and dropped.
MOST_MODELS = 50


def pull_claimed(claims: Sequence[Claim], now: datetime) -> int:
    """Pull these nodes and store what they gave; the number of pulls that were stored."""
    leases = {claim.node_id: claim.lease for claim in claims}
    nodes = {node.pk: node for node in Node.objects.filter(pk__in=leases).select_related("pull_tls")}
    targets, failed = [], []
    for node in nodes.values():
        try:
            targets.append(target_of(node, leases[node.pk]))
        except KeyLost as error:
            shut = Target(node.pk, leases[node.pk], node.url, node.pull_timeout_seconds)
            failed.append(Fetched(shut, as_ms(now), 0, problem=error.code))
    return store_fetched([*fetch_all(targets, where_pulls_may_go()), *failed], nodes)


def store_fetched(fetched: Sequence[Fetched], nodes: Mapping[int, Node]) -> int:
    """Decode and store what was fetched; the number of nodes whose lease still held.

    Should a node bring what nobody foresaw, the others are stored without it, and its failure on it.
    """
    readers = readers_of(nodes.values())
    try:
        return store_pulls(
            [decode(each, nodes[each.target.node_id], readers.get(each.target.node_id)) for each in fetched]
        )
    except Exception:
        logger.exception("batch_not_stored", nodes=len(fetched))
        return sum(_store_alone(each, nodes[each.target.node_id], readers.get(each.target.node_id)) for each in fetched)


def _store_alone(fetched: Fetched, node: Node, reader: Reader | None) -> int:
    try:
        return store_pulls([decode(fetched, node, reader)])
    except Exception:
        logger.exception("pull_not_stored", node=node.name)
        return store_pulls([Pulled(fetched, None, "not_stored")])


def store_pulls(pulled: Sequence[Pulled]) -> int:
    """Difference and store these pulls; the number of nodes whose lease still held.

    The node's counters change in the same transaction as the readings they gave, under a lock on its row: whatever is
    killed, a pull is stored whole or not at all. One whose lease went to somebody else is dropped, and so is one whose
    node was paused meanwhile.
    """
    by_node = {each.fetched.target.node_id: each for each in pulled}
    with transaction.atomic():
        states = list(
            PullState.objects.select_for_update(of=("self", "node"), no_key=True)
            .filter(node__in=by_node, leased_until__isnull=False)
            .filter(node__source=Node.Source.PULL, node__retired_at=None)
            .exclude(node__state=Node.State.PAUSED)
            .select_related("node__site")
            .order_by("node_id")
        )
        now = as_datetime(max((each.fetched.started_ms for each in pulled), default=0))
        states = [state for state in states if state.lease == by_node[state.node_id].fetched.target.lease]
        baselines = bytes_per_request_by_model()
        found: list[tuple[Node, str, Reading]] = []
        changed_nodes: list[Node] = []
        read_otherwise: list[PullState] = []
        for state in states:
            each = by_node[state.node_id]
            readings, problem, is_reset = _difference(state, each, baselines)
            found += [(state.node, name, reading) for name, reading in readings.items()]
            if each.observation and state.fingerprints != each.fingerprints:
                state.fingerprints = dict(each.fingerprints)
                read_otherwise.append(state)
            started_at = as_datetime(each.fetched.started_ms)
            is_changed = state.node.enter(Node.State.DOWN if problem else Node.State.UP, started_at, problem)
            if each.recognised and not problem:
                state.node.engine, is_changed = each.recognised, True
            if is_changed:
                changed_nodes.append(state.node)
            state.pulled_at = max(started_at, state.pulled_at or started_at)
            state.duration_ms, state.body_bytes = each.fetched.duration_ms, len(each.fetched.body)
            state.samples = each.samples
            dropped = each.observation.problems if each.observation else ()
            state.problems = list(dropped)
            if not problem:
                state.succeeded_at = state.pulled_at
            happened = {*dropped, problem, RESTARTED if is_reset else ""} - {""}
            state.history = noted(state.history, happened, each.fetched.started_ms)
        store.store_slots(store.slots_of(found))
        _save(states)
        if read_otherwise:
            PullState.objects.bulk_update(read_otherwise, ("fingerprints",))
        if changed_nodes:
            Node.objects.bulk_update(changed_nodes, ("engine", "state", "severity", "state_since", "problem"))
            count_sites({node.site_id for node in changed_nodes}, now)
    return len(states)


SAVE = """
UPDATE inference_kpis_pullstate p SET
    leased_until = NULL, pulled_at = n.pulled_at, duration_ms = n.duration_ms, body_bytes = n.body_bytes,
    samples = n.samples, problems = n.problems, counters = n.counters, succeeded_at = n.succeeded_at,
    history = n.history
FROM unnest(%s::bigint[], %s::timestamptz[], %s::int[], %s::int[], %s::int[], %s::jsonb[], %s::bytea[],
    %s::timestamptz[], %s::jsonb[])
    AS n (node_id, pulled_at, duration_ms, body_bytes, samples, problems, counters, succeeded_at, history)
WHERE p.node_id = n.node_id
"""


def _save(states: Sequence[PullState]) -> None:
    """Write what the pulls changed, and end their leases. As one plain statement: `bulk_update` took half of the time."""
    rows = [
        (
            *(s.node_id, s.pulled_at, s.duration_ms, s.body_bytes, s.samples, Jsonb(s.problems), s.counters),
            *(s.succeeded_at, Jsonb(s.history)),
        )
        for s in states
    ]
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(SAVE, [list(column) for column in zip(*rows, strict=True)])


def _difference(state: PullState, each: Pulled, baselines: Mapping[str, int]) -> tuple[dict[str, Reading], str, bool]:
    """The readings of this pull by model, its problem if any, and whether the node began to count anew.

    Moves `state.counters` on; saves nothing.
    """
    at_ms = each.fetched.started_ms
    previous_ms = as_ms(state.pulled_at) if state.pulled_at else at_ms - state.node.pull_interval_seconds * 1000
    if at_ms <= previous_ms:
        return {}, "out_of_order", False
    # One attempt may not reach back further than a reading may be long, however long nobody pulled.
    previous_ms = max(previous_ms, at_ms - int(store.LONGEST_READING.total_seconds() * 1000))
    attempt = {
        "pulls": Increase(1, at_ms - previous_ms),
        "successful_pulls": Increase(0 if each.problem else 1, at_ms - previous_ms),
    }
    if each.observation is None:
        return {"": Reading(previous_ms, at_ms, attempt)}, each.problem, False
    counters = CounterState.from_bytes(bytes(state.counters)) if state.counters else None
    if counters and at_ms - counters.at_ms > store.LONGEST_READING.total_seconds() * 1000:
        # Nobody knows when in so long a gap the work was done; counting starts anew.
        counters = None
    if counters:
        counters = carried_over(counters, state.fingerprints, each.fingerprints)
    try:
        step = advance(counters, each.observation, at_ms)
    except OutOfOrder:
        return {"": Reading(previous_ms, at_ms, attempt)}, "out_of_order", False
    state.counters = step.state.to_bytes()
    readings = dict(sorted(step.readings.items())[: MOST_MODELS + 1])
    own = readings.pop("", None) or Reading(previous_ms, at_ms, {})
    node = state.node
    added = energy_and_cost(own, power_watts=node.power_watts, price_per_hour=node.price_per_hour)
    readings[""] = Reading(own.start_ms, at_ms, {**own.measures, **added, **attempt})
    known = {
        "is_edge": node.is_edge,
        "is_costed": "cost" in added,
        "is_metered": any("energy" in reading.measures for reading in readings.values()),
    }
    whole = {
        name: completed(reading, **known, bytes_per_request=baselines.get(name)) for name, reading in readings.items()
    }
    return whole, "", step.is_reset
