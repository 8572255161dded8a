"""Readings in PostgreSQL: slots written once, the latest of each node, and the names behind the ids.

Everything here runs inside the caller's transaction; none of it is acknowledged before the caller commits.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from django.db import connection, transaction

from inference_kpis.fleet.models import Node
from inference_kpis.readings import codec, partitions
from inference_kpis.readings.algebra import MeasureValue, Reading
from inference_kpis.readings.arrays import BigintArrayDumper, SmallintArrayDumper
from inference_kpis.readings.derived import DERIVED

MINUTE_MS = 60_000
# What probes see of a node lies this far behind its whole millisecond, where pulled and pushed readings end: the two share
# a table and never a slot, so that neither can refuse the other.
PROBE_LANE_US = 1
# One reading may not reach further back than this, so that a minute knows which readings can concern it.
LONGEST_READING = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Slot:
    """A reading and where it belongs: one node and model, in the group that it was part of at that moment.

    `is_probe` says that the node did not tell it: probes have slots of their own, and nothing was heard of the node.
    """

    node_id: int
    model_id: int
    group_id: int
    reading: Reading
    is_probe: bool = False

    @property
    def end_us(self) -> int:
        """Where its slot is, in microseconds since 1970."""
        return self.reading.end_ms * 1000 + (PROBE_LANE_US if self.is_probe else 0)

    @property
    def key(self) -> tuple[int, int, int]:
        return self.node_id, self.model_id, self.end_us


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a batch: positions in it, by fate."""

    stored: list[int]
    repeated: list[int]
    conflicting: list[int]


def as_datetime(ms: int) -> datetime:
    """Milliseconds since 1970 as an aware UTC datetime, exactly."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)


def as_ms(moment: datetime) -> int:
    """An aware datetime as milliseconds since 1970, cut to the millisecond."""
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def _at_us(us: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)


def _as_us(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def slots_of(readings: Iterable[tuple[Node, str, Reading]], *, are_probes: bool = False) -> list[Slot]:
    """Readings of nodes and model names ('' is the node itself) in their slots; four queries when names are new."""
    found = list(readings)
    models = model_ids(name for _, name, _ in found)
    keys = [(node.site_id, node.engine, models[name]) for node, name, _ in found]
    groups = group_ids(keys)
    return [
        Slot(node.pk, key[2], groups[key], reading, are_probes)
        for (node, _, reading), key in zip(found, keys, strict=True)
    ]


def store_slots(slots: Sequence[Slot]) -> Outcome:
    """Write readings, each slot once.

    A slot that is there already is compared: measures that were missing are filled in, equal ones are a repeat, a
    different value or start is a conflict and changes nothing. A constant number of statements whatever the batch.
    """
    outcome = Outcome([], [], [])
    if not slots:
        return outcome
    layouts = layout_ids(bounds for slot in slots for bounds in codec.layouts_of(slot.reading.measures))
    partitions.ensure({as_datetime(slot.reading.end_ms).date() for slot in slots})
    first_of_key: dict[tuple[int, int, int], int] = {}
    for position, slot in enumerate(slots):
        first_of_key.setdefault(slot.key, position)
    inserted = _insert([slots[position] for position in first_of_key.values()], layouts)
    outcome.stored.extend(first_of_key[key] for key in inserted)
    if inserted:
        new = [slots[position] for position in outcome.stored]
        # A node that only probes speak of has fallen silent.
        _keep_latest(slot for slot in new if not slot.is_probe)
        _touch(new)
    rest = [
        position
        for position, slot in enumerate(slots)
        if first_of_key[slot.key] != position or slot.key not in inserted
    ]
    if rest:
        _meet_existing(slots, rest, layouts, outcome)
    return outcome


def _insert(slots: Sequence[Slot], layouts: Mapping[codec.Bounds, int]) -> set[tuple[int, int, int]]:
    """Insert what is not there yet; the keys that went in."""
    with connection.cursor() as cursor:
        _stage(cursor, slots, layouts)
        cursor.execute(
            "INSERT INTO inference_kpis_reading SELECT * FROM staged_reading ORDER BY node_id, model_id, ended_at"
            " ON CONFLICT DO NOTHING RETURNING node_id, model_id, ended_at"
        )
        if cursor.rowcount == len(slots):
            return {slot.key for slot in slots}
        return {(node, model, _as_us(ended_at)) for node, model, ended_at in cursor.fetchall()}


def _stage(cursor: Any, slots: Iterable[Slot], layouts: Mapping[codec.Bounds, int]) -> None:
    """Put these slots into a table of this session, from which one statement takes them."""
    cursor.execute(
        "CREATE TEMP TABLE IF NOT EXISTS staged_reading"
        " (LIKE inference_kpis_reading INCLUDING DEFAULTS) ON COMMIT DELETE ROWS"
    )
    cursor.execute("TRUNCATE staged_reading")
    copy_rows(cursor, "staged_reading", ("node_id", "model_id"), (_row(slot, layouts) for slot in slots))


def copy_rows(cursor: Any, table: str, leading: Sequence[str], rows: Iterable[tuple[object, ...]]) -> None:
    """COPY rows of `leading` integer columns (a `bucket_at` among them is a moment), then the payload columns."""
    columns = (*leading, "started_at", "ended_at", "group_id", "measures", "numbers")
    types = ["timestamptz" if column == "bucket_at" else "int4" for column in leading]
    types = ["int2" if column == "scope" else kind for column, kind in zip(leading, types, strict=True)]
    for dumper in (SmallintArrayDumper, BigintArrayDumper):
        cursor.adapters.register_dumper(None, dumper)
    with cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN (FORMAT BINARY)") as copy:
        copy.set_types([*types, "timestamptz", "timestamptz", "int4", "int2[]", "int8[]"])
        for row in rows:
            copy.write_row(row)


def _row(slot: Slot, layouts: Mapping[codec.Bounds, int]) -> tuple[Any, ...]:
    ids, numbers = codec.encode(slot.reading.measures, layouts)
    start, end = as_datetime(slot.reading.start_ms), _at_us(slot.end_us)
    return slot.node_id, slot.model_id, start, end, slot.group_id, ids, numbers


def _meet_existing(
    slots: Sequence[Slot], positions: Sequence[int], layouts: Mapping[codec.Bounds, int], outcome: Outcome
) -> None:
    """Compare with what stands in the slots, fill what was missing, and add each position to its fate."""
    existing = _read_for_update({slots[position].key for position in positions})
    filled: dict[tuple[int, int, int], Slot] = {}
    for position in positions:
        slot = slots[position]
        found = existing[slot.key]
        # What Vigie adds follows from the node at that moment, and may be another by the time of a repeat.
        new = {key: value for key, value in slot.reading.measures.items() if key not in DERIVED}
        differs = found.start_ms != slot.reading.start_ms or any(
            found.measures.get(key, value) != value for key, value in new.items()
        )
        if differs:
            outcome.conflicting.append(position)
        elif new.keys() <= found.measures.keys():
            outcome.repeated.append(position)
        else:
            existing[slot.key] = Reading(found.start_ms, found.end_ms, {**slot.reading.measures, **found.measures})
            filled[slot.key] = replace(slot, reading=existing[slot.key])
            outcome.stored.append(position)
    if filled:
        _replace(filled.values(), layouts)
        _keep_latest(slot for slot in filled.values() if not slot.is_probe)
        _touch_minutes(filled.values())


def _read_for_update(keys: Collection[tuple[int, int, int]]) -> dict[tuple[int, int, int], Reading]:
    nodes, models, ends = zip(*sorted(keys), strict=True)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT r.node_id, r.model_id, r.started_at, r.ended_at, r.measures, r.numbers"
            " FROM unnest(%s::int[], %s::int[], %s::timestamptz[]) AS slot (node_id, model_id, ended_at)"
            " JOIN inference_kpis_reading r USING (node_id, model_id, ended_at) FOR UPDATE OF r",
            [list(nodes), list(models), [_at_us(end) for end in ends]],
        )
        rows = cursor.fetchall()
    known = layouts_by_id()
    return {
        (node, model, _as_us(end)): Reading(as_ms(start), as_ms(end), codec.decode(ids, numbers, known))
        for node, model, start, end, ids, numbers in rows
    }


def _replace(slots: Iterable[Slot], layouts: Mapping[codec.Bounds, int]) -> None:
    """Write the measures of slots that are there; their groups stay."""
    all_layouts = {**layouts, **{bounds: id_ for id_, bounds in layouts_by_id().items()}}
    with connection.cursor() as cursor:
        _stage(cursor, slots, all_layouts)
        cursor.execute(
            "UPDATE inference_kpis_reading r SET measures = s.measures, numbers = s.numbers FROM staged_reading s"
            " WHERE r.node_id = s.node_id AND r.model_id = s.model_id AND r.ended_at = s.ended_at"
        )


def _keep_latest(slots: Iterable[Slot]) -> None:
    """Copy each node's newest slot into the table of latest readings."""
    newest: dict[tuple[int, int], int] = defaultdict(int)
    for slot in slots:
        key = slot.node_id, slot.model_id
        newest[key] = max(newest[key], slot.reading.end_ms)
    keys = sorted((node, model, end) for (node, model), end in newest.items())
    if not keys:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO inference_kpis_latest"
            " SELECT r.* FROM unnest(%s::int[], %s::int[], %s::timestamptz[]) AS slot (node_id, model_id, ended_at)"
            " JOIN inference_kpis_reading r USING (node_id, model_id, ended_at)"
            " ON CONFLICT (node_id, model_id) DO UPDATE SET started_at = excluded.started_at,"
            " ended_at = excluded.ended_at, group_id = excluded.group_id, measures = excluded.measures,"
            " numbers = excluded.numbers WHERE inference_kpis_latest.ended_at <= excluded.ended_at",
            [[key[0] for key in keys], [key[1] for key in keys], [as_datetime(key[2]) for key in keys]],
        )


def _touch(slots: Iterable[Slot]) -> None:
    """Say which readings have to be added to the roll-ups."""
    rows = sorted((slot.reading.start_ms // MINUTE_MS * MINUTE_MS, *slot.key) for slot in slots)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO inference_kpis_touched"
            " SELECT * FROM unnest(%s::timestamptz[], %s::int[], %s::int[], %s::timestamptz[])",
            [
                [as_datetime(row[0]) for row in rows],
                [row[1] for row in rows],
                [row[2] for row in rows],
                [_at_us(row[3]) for row in rows],
            ],
        )


def _touch_minutes(slots: Iterable[Slot]) -> None:
    """Say which minutes of nodes have to be made anew, because readings in them are not what they were."""
    rows = sorted(
        {
            (minute, slot.node_id, slot.model_id)
            for slot in slots
            for minute in range(slot.reading.start_ms // MINUTE_MS, (slot.reading.end_ms - 1) // MINUTE_MS + 1)
        }
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO inference_kpis_touched (minute_at, node_id, model_id)"
            " SELECT * FROM unnest(%s::timestamptz[], %s::int[], %s::int[])",
            [[as_datetime(row[0] * MINUTE_MS) for row in rows], [row[1] for row in rows], [row[2] for row in rows]],
        )


@dataclass(frozen=True, slots=True)
class Latest:
    """The newest reading of one node and model."""

    node_id: int
    model_id: int
    ended_at: datetime
    measures: dict[str, MeasureValue]


def latest_of(node_ids: Collection[int]) -> list[Latest]:
    """The newest reading of each model of these nodes; one query."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT node_id, model_id, ended_at, measures, numbers FROM inference_kpis_latest"
            " WHERE node_id = ANY(%s) ORDER BY node_id, model_id",
            [list(node_ids)],
        )
        rows = cursor.fetchall()
    known = layouts_by_id() if rows else {}
    return [Latest(node, model, end, codec.decode(ids, numbers, known)) for node, model, end, ids, numbers in rows]


def count(name: str, amount: int = 1) -> None:
    """Add to a running count, such as the conflicts that were refused."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO inference_kpis_ingest_count VALUES (%s, %s) ON CONFLICT (name)"
            " DO UPDATE SET amount = inference_kpis_ingest_count.amount + excluded.amount",
            [name, amount],
        )


def version() -> int:
    """Grows whenever a roll-up changed or a node fell silent; 0 before the first one. What live pages compare."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT version FROM inference_kpis_rollup_version")
        return int(cursor.fetchone()[0])


# --- Names and ids ---------------------------------------------------------------------------------------------------
# Rows behind these are added and never changed, so a process may remember them; but only once they are committed.

_layout_ids: dict[codec.Bounds, int] = {}
_group_ids: dict[tuple[int, str, int], int] = {}
_model_ids: dict[str, int] = {}


def forget_ids() -> None:
    """Drop what this process remembers, for tests that empty the tables."""
    for known in (_layout_ids, _group_ids, _model_ids):
        known.clear()


def layout_ids(layouts: Iterable[codec.Bounds]) -> dict[codec.Bounds, int]:
    """The id of each layout, added where new."""
    wanted = set(layouts)
    found = {bounds: _layout_ids[bounds] for bounds in wanted & _layout_ids.keys()}
    with connection.cursor() as cursor:
        for bounds in sorted(wanted - found.keys()):
            cursor.execute(
                "INSERT INTO inference_kpis_layout (bounds) VALUES (%s) ON CONFLICT DO NOTHING", [list(bounds)]
            )
            cursor.execute("SELECT id FROM inference_kpis_layout WHERE bounds = %s::float8[]", [list(bounds)])
            found[bounds] = cursor.fetchone()[0]
    transaction.on_commit(lambda: _layout_ids.update(found))
    return found


def layouts_by_id() -> dict[int, codec.Bounds]:
    """Every layout; one query."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, bounds FROM inference_kpis_layout")
        return {id_: tuple(bounds) for id_, bounds in cursor.fetchall()}


GroupKey = tuple[int, str, int]  # site, engine, model
Key = TypeVar("Key", bound=tuple[Any, ...])


def group_ids(keys: Iterable[GroupKey]) -> dict[GroupKey, int]:
    """The id of each group of nodes that share site, engine and model, added where new; two queries for new ones."""
    return _ids_of(set(keys), _group_ids, "group", {"site_id": "bigint", "engine": "text", "model_id": "bigint"})


def model_ids(names: Iterable[str]) -> dict[str, int]:
    """The id of each served model's name ('' is the node itself), added where new; two queries for new ones."""
    known = {(name,): id_ for name, id_ in _model_ids.items()}
    found = _ids_of({(name,) for name in names}, known, "servedmodel", {"name": "text"})
    ids = {name: id_ for (name,), id_ in found.items()}
    transaction.on_commit(lambda: _model_ids.update(ids))
    return ids


def _ids_of(keys: set[Key], known: dict[Key, int], table: str, columns: dict[str, str]) -> dict[Key, int]:
    found = {key: known[key] for key in keys & known.keys()}
    missing = sorted(keys - found.keys())
    if missing:
        names = ", ".join(columns)
        rows = "SELECT * FROM unnest(" + ", ".join(f"%s::{kind}[]" for kind in columns.values()) + ")"
        values = [list(column) for column in zip(*missing, strict=True)]
        with connection.cursor() as cursor:
            cursor.execute(f"INSERT INTO inference_kpis_{table} ({names}) {rows} ON CONFLICT DO NOTHING", values)
            cursor.execute(f"SELECT {names}, id FROM inference_kpis_{table} WHERE ({names}) IN ({rows})", values)
            found |= {row[:-1]: row[-1] for row in cursor.fetchall()}
        transaction.on_commit(lambda: known.update(found))
    return found
