"""Storing pushed series: points of remote write and OTLP, put together, differenced and stored.

What is acknowledged is committed: either as readings, or in the state of its stream, where it waits for the rest of its
collection.
"""

import zlib
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from django.db import connection, transaction
from psycopg.types.json import Jsonb

from accounts.models import MachineKey
from inference_kpis.engines.recognition import recognise
from inference_kpis.fleet.egress import bytes_per_request_by_model
from inference_kpis.fleet.health import count_sites
from inference_kpis.fleet.models import Node
from inference_kpis.mappings.reading import Reader, Readers, reader_for, reader_of_version, readers_of
from inference_kpis.protocols.points import Point, Series
from inference_kpis.pull.ingestion import MOST_MODELS
from inference_kpis.push import assembly
from inference_kpis.push.assembly import UP, Settled, Stream
from inference_kpis.push.ingestion import known_models, writable_nodes
from inference_kpis.push.models import PushState
from inference_kpis.push.placing import placed, wanted_of
from inference_kpis.push.waiting import note_unknown
from inference_kpis.readings import store
from inference_kpis.readings.algebra import Increase, MeasureValue, Reading
from inference_kpis.readings.derived import completed, energy_and_cost
from inference_kpis.readings.store import as_datetime, as_ms

MOST_STREAMS = 8
# A stream that said nothing for so long no longer keeps others from giving the same measures.
TAKEN_OVER_AFTER = timedelta(seconds=60)
# A stream that said nothing for so long would start anew anyway; it makes room for others.
FORGOTTEN_AFTER = timedelta(hours=1)
# Who waits longer for a node that another request holds is asked to come back.
LOCK_TIMEOUT = "5s"


@dataclass
class PointReceipt:
    """What became of the points of a request, and of the readings that came whole with it.

    `passed_over` are points of series that the node's engine has no use for; `dropped` counts readings by code.
    """

    stored: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    taken: int = 0
    repeated: int = 0
    passed_over: int = 0
    refused: list[tuple[Point, str]] = field(default_factory=list)

    @property
    def codes(self) -> dict[str, int]:
        """How many points were refused, by code, most frequent first."""
        return dict(Counter(code for _, code in self.refused).most_common())


def ingest_points(points: Sequence[Point], *, key: MachineKey, now: datetime) -> PointReceipt:
    """Take the points of one request in one transaction. Sending the same request again changes nothing."""

    def nodes_of(names: set[str]) -> Mapping[str, Node]:
        nodes = writable_nodes(names, key, now)
        note_unknown(names - nodes.keys(), key, now)
        return nodes

    return ingest_points_of(points, nodes_of, now=now)


def ingest_points_of(
    points: Sequence[Point], nodes_of: Callable[[set[str]], Mapping[str, Node]], *, now: datetime
) -> PointReceipt:
    """Take points in one transaction, of the nodes that `nodes_of` locks and gives for names: theirs, by name.

    Taking the same points again changes nothing.
    """
    receipt = PointReceipt()
    by_place, receipt.refused = placed(points, now)
    with transaction.atomic():
        _wait_only_briefly()
        nodes = nodes_of({node for node, _ in by_place})
        readers = readers_of(nodes.values())
        welcome: dict[tuple[Node, str], list[tuple[str, Point]]] = {}
        for (name, stream), found in by_place.items():
            node = nodes.get(name)
            if node is None or node.source != Node.Source.PUSH:
                code = "unknown_node" if node is None else "pulled_node"
                receipt.refused += [(point, code) for _, point in found]
            elif not _recognise(node, found):
                receipt.refused += [(point, "not_recognised") for _, point in found]
            else:
                wanted = wanted_of(reader_for(node, readers).engine, found)
                receipt.passed_over += len(found) - len(wanted)
                if wanted:
                    welcome[node, stream] = wanted
        states = _states_for(welcome, receipt, now)
        _settle(states, welcome, readers, receipt, now)
        _count(receipt)
    return receipt


def settle_waiting(now: datetime) -> int:
    """Settle collections that have waited long enough for what did not come; the number of nodes."""
    receipt = PointReceipt()
    with transaction.atomic():
        waiting = PushState.objects.filter(settle_by__lte=now)
        # What a node that is pulled by now once pushed would count twice.
        waiting.exclude(node__source=Node.Source.PUSH).delete()
        nodes = list(
            Node.objects.filter(pk__in=waiting.values("node"))
            .select_for_update(of=("self",), no_key=True, skip_locked=True)
            .select_related("site")
            .order_by("pk")
        )
        if nodes:
            _settle(_states_of(nodes), {}, readers_of(nodes), receipt, now)
            _count(receipt)
    return len(nodes)


def _recognise(node: Node, found: Iterable[tuple[Series, Point]]) -> bool:
    """Whether the node's engine is known, by now at least: the names of its series tell it."""
    if not node.engine:
        node.engine = recognise(series.name for series, _ in found) or ""
        if node.engine:
            node.save(update_fields=["engine"])
    return bool(node.engine)


# --- State -----------------------------------------------------------------------------------------------------------


def _wait_only_briefly() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [LOCK_TIMEOUT])


def _states_for(
    welcome: dict[tuple[Node, str], list[tuple[str, Point]]], receipt: PointReceipt, now: datetime
) -> list[PushState]:
    """The states of all streams of these nodes, new ones added. What cannot have one leaves `welcome`."""
    states = _states_of({node.pk: node for node, _ in welcome}.values())
    for (node, stream), found in list(welcome.items()):
        here = [state for state in states if state.node_id == node.pk]
        if any(state.stream == stream for state in here):
            continue
        if all(point.series.name == UP for _, point in found):
            # Whether something else than this engine can be scraped says nothing of the node.
            receipt.passed_over += len(found)
            del welcome[node, stream]
            continue
        if len(here) >= MOST_STREAMS:
            forgotten = [state for state in here if state.settled_at and state.settled_at < now - FORGOTTEN_AFTER]
            PushState.objects.filter(pk__in=[state.pk for state in forgotten]).delete()
            states = [state for state in states if state not in forgotten]
            here = [state for state in here if state not in forgotten]
        if len(here) >= MOST_STREAMS:
            receipt.refused += [(point, "too_many_streams") for _, point in found]
            del welcome[node, stream]
            continue
        states.append(PushState.objects.create(node=node, stream=stream))
    return sorted(states, key=lambda state: (state.node_id, state.pk))


def _states_of(nodes: Iterable[Node]) -> list[PushState]:
    """The states of these nodes' streams, the older before the newer; one query. The nodes are locked already."""
    by_id = {node.pk: node for node in nodes}
    states = list(PushState.objects.filter(node__in=by_id).order_by("node_id", "pk"))
    for state in states:
        state.node = by_id[state.node_id]
    return states


def _stream_of(state: PushState, reader: Reader, now: datetime) -> tuple[Stream, list[Settled]]:
    """The stream as it was left, or a new one when the node's series are read otherwise by now.

    With a new one: what of the old one still waited and an earlier version of a mapping can read, settled as it is.
    """
    signature = _signature(reader)
    held, state.engine = state.engine, signature
    if not state.collected:
        return Stream(), []
    stream = Stream.from_bytes(bytes(state.collected))
    if held == signature:
        return stream, []
    earlier = _earlier_reader(held, reader)
    if earlier is None:
        return Stream(), []
    if earlier.fingerprints == reader.fingerprints and earlier.engine.wanted == reader.engine.wanted:
        return stream, []
    return Stream(), list(assembly.settle(stream, earlier.engine, as_ms(now) + assembly.GRACE_MS + 1))


def _earlier_reader(signature: str, reader: Reader) -> Reader | None:
    """The reader of another version of the same mapping; None when the signature is of something else."""
    mapping, _, version = signature.rpartition(":")
    if not reader.key or mapping != reader.key.rpartition(":")[0]:
        return None
    return reader_of_version(int(mapping.rpartition(":")[2]), int(version))


def _signature(reader: Reader) -> str:
    names = b" ".join(sorted(reader.engine.wanted))
    return reader.key or f"{reader.engine.key}:{zlib.crc32(names):08x}"


# --- Settling --------------------------------------------------------------------------------------------------------


def _settle(
    states: Sequence[PushState],
    welcome: Mapping[tuple[Node, str], Sequence[tuple[str, Point]]],
    readers: Readers,
    receipt: PointReceipt,
    now: datetime,
) -> None:
    """Give each stream its points, difference what is whole, store the readings and the states."""
    points_of = {(node.pk, stream): points for (node, stream), points in welcome.items()}
    models: dict[int, set[str]] | None = None
    baselines: Mapping[str, int] | None = None
    found: list[tuple[Node, str, Reading]] = []
    changed: list[PushState] = []
    heard: dict[int, tuple[Node, bool]] = {}
    for state in states:
        points = points_of.get((state.node_id, state.stream), ())
        if not points and not (state.settle_by and state.settle_by <= now):
            continue
        reader = reader_for(state.node, readers)
        stream, left = _stream_of(state, reader, now)
        _receive(stream, points, receipt, now)
        for settled in (*left, *assembly.settle(stream, reader.engine, as_ms(now))):
            others = _taken(state, states, settled)
            baselines = bytes_per_request_by_model() if baselines is None else baselines
            readings = _completed(state.node, settled, others, baselines)
            models = known_models(each.node for each in states) if models is None else models
            kept = _within_limit(readings, models.setdefault(state.node_id, set()))
            receipt.dropped["too_many_models"] += len(readings) - len(kept)
            found += [(state.node, name, reading) for name, reading in kept.items()]
            _remember(state, settled, readings)
            is_down = settled.is_up is False and "pulls" not in others
            heard[state.node_id] = state.node, is_down
        state.collected = stream.to_bytes()
        state.settle_by = None if stream.settle_by_ms is None else as_datetime(stream.settle_by_ms)
        changed.append(state)
    outcome = store.store_slots(store.slots_of(found) if found else ())
    receipt.stored += len(outcome.stored)
    receipt.dropped["conflict"] += len(outcome.conflicting)
    _save(changed)
    _mark(heard.values(), now)


SAVE = """
UPDATE inference_kpis_pushstate p SET
    engine = n.engine, collected = n.collected, measures = n.measures, problems = n.problems,
    settled_at = n.settled_at, settle_by = n.settle_by
FROM unnest(%s::bigint[], %s::text[], %s::bytea[], %s::jsonb[], %s::jsonb[], %s::timestamptz[], %s::timestamptz[])
    AS n (id, engine, collected, measures, problems, settled_at, settle_by)
WHERE p.id = n.id
"""


def _save(states: Sequence[PushState]) -> None:
    """Write the states, as one plain statement: `bulk_update` costs as much as differencing them did."""
    rows = [
        (s.pk, s.engine, s.collected, Jsonb(s.measures), Jsonb(s.problems), s.settled_at, s.settle_by) for s in states
    ]
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(SAVE, [list(column) for column in zip(*rows, strict=True)])


def _receive(stream: Stream, points: Iterable[tuple[str, Point]], receipt: PointReceipt, now: datetime) -> None:
    now_ms = as_ms(now)
    for key, point in points:
        code = assembly.receive(stream, key, point, now_ms)
        if not code:
            receipt.taken += 1
        elif code == "repeated":
            receipt.repeated += 1
        else:
            receipt.refused.append((point, code))


def _taken(state: PushState, states: Iterable[PushState], settled: Settled) -> set[str]:
    """The measures that an older stream of the node gives at this time."""
    since = as_datetime(settled.at_ms) - TAKEN_OVER_AFTER
    return {
        measure
        for other in states
        if other.node_id == state.node_id and other.pk < state.pk and other.settled_at and other.settled_at >= since
        for measure in other.measures
    }


def _completed(
    node: Node, settled: Settled, taken: Collection[str], baselines: Mapping[str, int]
) -> dict[str, Reading]:
    """The readings with what Vigie knows of the node, without the measures that another stream gives."""
    readings = dict(settled.readings)
    at_ms = settled.at_ms
    added: dict[str, MeasureValue] = {}
    start_ms = at_ms
    if readings:
        start_ms = min(reading.start_ms for reading in readings.values())
        own = readings.get("") or Reading(start_ms, at_ms, {})
        energy = energy_and_cost(own, power_watts=node.power_watts, price_per_hour=node.price_per_hour)
        added = {**own.measures, **energy}
    if settled.is_up is not None:
        previous_ms = settled.previous_ms or at_ms - node.pull_interval_seconds * 1000
        previous_ms = max(previous_ms, at_ms - assembly.LONGEST_GAP_MS)
        start_ms = start_ms if readings else previous_ms
        added["pulls"] = Increase(1, at_ms - previous_ms)
        added["successful_pulls"] = Increase(int(settled.is_up), at_ms - previous_ms)
    readings[""] = Reading(start_ms, at_ms, added)
    given = {key for reading in readings.values() for key in reading.measures}.union(taken)
    known = {"is_edge": node.is_edge, "is_costed": "cost" in given, "is_metered": "energy" in given}
    whole = {}
    for name, reading in readings.items():
        left = {key: value for key, value in reading.measures.items() if key not in taken}
        if left:
            own = replace(reading, measures=left)
            whole[name] = completed(own, **known, bytes_per_request=baselines.get(name))
    return whole


def _within_limit(readings: Mapping[str, Reading], known: set[str]) -> dict[str, Reading]:
    """The readings of as many models as a node may report; adds their names to the known ones."""
    kept = {}
    for name, reading in sorted(readings.items()):
        if name in known or len(known) < MOST_MODELS:
            known.add(name)
            kept[name] = reading
    return kept


def _remember(state: PushState, settled: Settled, readings: Mapping[str, Reading]) -> None:
    state.settled_at = as_datetime(settled.at_ms)
    if settled.readings:
        state.measures = sorted({key for reading in readings.values() for key in reading.measures})
        state.problems = list(settled.problems)


def _mark(heard: Iterable[tuple[Node, bool]], now: datetime) -> None:
    """Say which nodes are up, and which their sender cannot scrape."""
    changed = [
        node
        for node, is_down in heard
        # A pause is somebody's decision, and ends by one.
        if node.state != Node.State.PAUSED
        and node.enter(Node.State.DOWN if is_down else Node.State.UP, now, "scrape_failed" if is_down else "")
    ]
    if changed:
        Node.objects.bulk_update(changed, ("state", "severity", "state_since", "problem"))
        count_sites({node.site_id for node in changed}, now)


def _count(receipt: PointReceipt) -> None:
    happened = {"stored": receipt.stored, "repeated": receipt.repeated}
    for code, amount in sorted((receipt.dropped + Counter(receipt.codes)).items()):
        happened[code] = happened.get(code, 0) + amount
    for name, amount in happened.items():
        if amount:
            store.count(name, amount)
