"""Putting collections together: what a node showed at one moment, however many requests brought it.

A sender spreads one scrape over several requests and sends them side by side; only a whole collection can be told what
a counter grew by or where the buckets of a histogram stand. So points wait, in the state that is committed with the
answer, until their collection is whole, and are then differenced once. docs/decisions/0006-collections-are-put-together-first.md
has the reasons. Values in, values out: the caller locks, stores and commits.
"""

import math
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

import orjson

from inference_kpis.catalogue import Kind
from inference_kpis.engines import Engine, Plan, plan_for
from inference_kpis.engines.engine import PROCESS_START
from inference_kpis.protocols.points import Buckets, Point, Series
from inference_kpis.readings.algebra import Reading
from inference_kpis.readings.increases import MOST_SERIES, SAME_START_MS, advance
from inference_kpis.readings.observation import Observation, series_digest

UP = "up"
# No label can have this name, and no value that counts is this one.
DIGEST, OTHER = "~", "~"
# Points of one collection may differ by this much: some senders read the clock once per instrument.
SPREAD_MS = 500
# How long a collection waits for series that the one before had.
GRACE_MS = 10_000
# How long the parts of a histogram that stay away hold back those that come.
LOOKBACK_MS = 300_000
# Nobody knows when in a longer gap the work was done; counting starts anew.
LONGEST_GAP_MS = 3_600_000
# Moments that are remembered as settled; those that wait, and their points, before the oldest is settled as it is;
# and moments that may wait at all.
MOST_REMEMBERED = 100
MOST_PENDING = 100
MOST_WAITING = 50_000
MOST_RECEIVED = 500

Value = float | Buckets


class Entry(NamedTuple):
    """What a series showed: `value` is None where it ended; `start_ms` is when it began to count, 0 where unknown.

    For deltas `value` is their total since `start_ms`, and `since_ms` when the newest of them began; 0 for others.
    """

    value: Value | None
    start_ms: int = 0
    since_ms: int = 0


class Total(NamedTuple):
    """The deltas of a series so far, added up since `start_ms`, the last of them ending at `end_ms`."""

    end_ms: int
    value: Value
    start_ms: int


@dataclass(slots=True)
class Collection:
    """The points of one moment, by series; `received_ms` is when the first of them came."""

    received_ms: int
    entries: dict[str, Entry] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Settled:
    """A whole collection: the readings it gave by model, and whether the node could be scraped, where that is said."""

    at_ms: int
    previous_ms: int | None
    readings: Mapping[str, Reading]
    is_up: bool | None
    problems: tuple[str, ...]


@dataclass(slots=True)
class Stream:
    """What is known of one sender's series of a node.

    `last` has each series as last seen, `expected` those that the newest settled collection had, `settled` its time and
    those before it, each with the series that were missing then, and `totals` the deltas added up. `absent` says since
    when a series of `last` has not come, 0 where its sender said that it ended.
    """

    at_ms: int | None = None
    last: dict[str, Entry] = field(default_factory=dict)
    expected: set[str] = field(default_factory=set)
    settled: dict[int, list[str]] = field(default_factory=dict)
    pending: dict[int, Collection] = field(default_factory=dict)
    totals: dict[str, Total] = field(default_factory=dict)
    absent: dict[str, int] = field(default_factory=dict)

    @property
    def settled_ms(self) -> int | None:
        """The newest moment that is settled."""
        return max(self.settled, default=None)

    @property
    def settle_by_ms(self) -> int | None:
        """When the oldest pending collection has waited long enough; None when nothing waits."""
        oldest = min(self.pending, default=None)
        return None if oldest is None else self.pending[oldest].received_ms + GRACE_MS

    def to_bytes(self) -> bytes:
        """Everything; of the expected series, which are nearly those of `last`, only where the two differ.

        Compressed, because the keys of series are long and alike: PostgreSQL would do it at several times the cost.
        """
        text = orjson.dumps(
            {
                "at": self.at_ms,
                "last": self.last,
                "expected": sorted(self.expected - self.last.keys()),
                "idle": sorted(self.last.keys() - self.expected),
                "settled": [[at, missing] for at, missing in self.settled.items()],
                "pending": [[at, each.received_ms, each.entries] for at, each in self.pending.items()],
                "totals": self.totals,
                "absent": self.absent,
            },
            default=tuple,
        )
        return zlib.compress(text, 1)

    @classmethod
    def from_bytes(cls, text: bytes) -> "Stream":
        # Streams that were written before they were compressed are JSON as it is.
        found = orjson.loads(text if text.startswith(b"{") else zlib.decompress(text))
        return cls(
            found["at"],
            _entries(found["last"]),
            {*found["expected"], *found["last"].keys() - set(found["idle"])},
            dict(found["settled"]),
            {at: Collection(received, _entries(entries)) for at, received, entries in found["pending"]},
            {key: Total(end, _value(value), start) for key, (end, value, start) in found["totals"].items()},
            found["absent"],
        )


def _entries(found: Mapping[str, Any]) -> dict[str, Entry]:
    return {
        key: Entry(None if value is None else _value(value), start, since)
        for key, (value, start, since) in found.items()
    }


def _value(found: Any) -> Value:
    return Buckets(tuple(found[0]), tuple(found[1]), found[2]) if isinstance(found, list) else found


@lru_cache(maxsize=20_000)
def series_key(series: Series) -> str:
    """The series as text that no two of them share."""
    return orjson.dumps([series.name, series.labels]).decode()


@lru_cache(maxsize=20_000)
def series_of(key: str) -> tuple[str, dict[str, str]]:
    """Name and labels of a key; nobody may change them."""
    name, labels = orjson.loads(key)
    return name, dict(labels)


# --- Receiving -------------------------------------------------------------------------------------------------------


def receive(stream: Stream, key: str, point: Point, now_ms: int) -> str:
    """Take a point into its collection: '' when it was new, `repeated`, or the code of why it is refused."""
    entry = Entry(point.value, point.start_ms)
    newest = stream.settled_ms
    is_late = newest is not None and point.at_ms <= newest
    if point.is_delta and point.value is not None:
        known = stream.totals.get(key)
        if known and point.at_ms <= known.end_ms:
            return "repeated"
        if is_late or (known and point.start_ms < known.end_ms - SPREAD_MS):
            return "out_of_order"
        if not known and len(stream.totals) >= MOST_SERIES:
            return "too_many_series"
        total = _added(known, point.value, point)
        stream.totals[key] = total
        entry = Entry(total.value, total.start_ms, point.start_ms)
    if is_late:
        return _receive_late(stream, key, entry, point.at_ms)
    collection = stream.pending.get(point.at_ms)
    held = collection.entries.get(key) if collection else None
    if held:
        return "repeated" if held == entry else "conflict"
    if collection is None:
        if len(stream.pending) >= MOST_RECEIVED:
            return "too_many_moments"
        collection = stream.pending[point.at_ms] = Collection(now_ms)
    if len(collection.entries) >= MOST_SERIES:
        return "too_many_series"
    collection.entries[key] = entry
    return ""


def _added(known: Total | None, value: Value, point: Point) -> Total:
    """The total after a delta. A histogram whose bounds changed begins anew with it."""
    if known is None:
        return Total(point.at_ms, value, point.start_ms)
    if isinstance(value, Buckets):
        before = known.value
        if not isinstance(before, Buckets) or before.bounds != value.bounds:
            return Total(point.at_ms, value, point.start_ms)
        cumulative = tuple(map(int.__add__, before.cumulative, value.cumulative))
        return Total(point.at_ms, Buckets(value.bounds, cumulative, before.sum + value.sum), known.start_ms)
    if isinstance(known.value, Buckets):
        return Total(point.at_ms, value, point.start_ms)
    return Total(point.at_ms, known.value + value, known.start_ms)


def _receive_late(stream: Stream, key: str, entry: Entry, at_ms: int) -> str:
    """A point of a moment that is settled: there already, or missing then and too late now.

    Nothing a counter counted is lost with it: the next point of the series carries it, and is waited for. A series that
    is seen for the first time starts from here, so that its past is not taken for an increase.
    """
    missing = stream.settled.get(at_ms)
    if missing is None:
        return "out_of_order"
    if (key in stream.last or key in stream.expected) and key not in missing:
        return "repeated"
    if entry.value is not None and key not in stream.last and len(stream.last) < MOST_SERIES:
        stream.last[key] = entry
        for later, absent in stream.settled.items():
            if later > at_ms and key not in absent:
                absent.append(key)
    if key in stream.last:
        stream.expected.add(key)
    return "out_of_order"


# --- Settling --------------------------------------------------------------------------------------------------------


def settle(stream: Stream, engine: Engine, now_ms: int) -> Iterator[Settled]:
    """Difference every collection that is whole, or has waited long enough, oldest first."""
    while stream.pending:
        entries, at_ms, is_ready = _oldest(stream, now_ms)
        if not is_ready:
            return
        yield _settled(stream, engine, entries, at_ms)


def _oldest(stream: Stream, now_ms: int) -> tuple[dict[str, Entry], int, bool]:
    """The oldest pending collection, the moment of its last point, and whether it may be settled."""
    times = sorted(stream.pending)
    entries: dict[str, Entry] = {}
    taken = 0
    for at_ms in times:
        found = stream.pending[at_ms].entries
        if at_ms >= times[0] + SPREAD_MS or not entries.keys().isdisjoint(found):
            break
        entries.update(found)
        taken += 1
    # A delta that is not there means that nothing happened, so nobody waits for it.
    is_whole = bool(stream.expected) and entries.keys() - stream.totals.keys() == stream.expected
    later = {key for at_ms in times[taken:] for key in stream.pending[at_ms].entries}
    is_overtaken = bool(later) and stream.expected <= entries.keys() | later
    has_waited = stream.pending[times[0]].received_ms + GRACE_MS <= now_ms
    is_full = len(times) > MOST_PENDING or sum(len(each.entries) for each in stream.pending.values()) > MOST_WAITING
    return entries, times[taken - 1], is_whole or is_overtaken or has_waited or is_full


def _settled(stream: Stream, engine: Engine, entries: Mapping[str, Entry], at_ms: int) -> Settled:
    """Difference one collection against the state, and move the state on."""
    previous_ms = stream.settled_ms
    missing = sorted(stream.expected - entries.keys())
    stream.pending = {time: each for time, each in stream.pending.items() if time > at_ms}
    stream.settled[at_ms] = missing
    _forget(stream, at_ms)
    seen = {key: entry for key, entry in entries.items() if entry.value is not None}
    stream.expected = seen.keys() - stream.totals.keys()
    is_up = next((entry.value != 0 for key, entry in seen.items() if _name(key) == UP), None)
    shape = shape_of(engine)
    # Deltas are added up here and know of no process; its start would say that they began anew.
    passed_over = {UP, PROCESS_START} if stream.totals else {UP}
    seen = {key: entry for key, entry in seen.items() if _name(key) not in passed_over}
    _keep_absent(stream, entries, missing, at_ms)
    seen = _without_broken(stream, seen, shape, at_ms)
    if all(_name(key) == PROCESS_START for key in seen):
        return Settled(at_ms, previous_ms, {}, is_up, ())
    if stream.at_ms is not None and at_ms - stream.at_ms > LONGEST_GAP_MS:
        stream.at_ms = None
        stream.last = {key: entry for key, entry in stream.last.items() if key in stream.totals}
    readings, problems = _advanced(stream, engine, shape, seen, at_ms)
    return Settled(at_ms, previous_ms, readings, is_up, problems)


def _forget(stream: Stream, at_ms: int) -> None:
    """Keep the state small whatever is sent: old moments, and deltas of series that nobody sends any more."""
    while len(stream.settled) > 1 and (
        len(stream.settled) > MOST_REMEMBERED or sum(map(len, stream.settled.values())) > MOST_SERIES
    ):
        del stream.settled[min(stream.settled)]
    if len(stream.totals) > MOST_SERIES // 2:
        stream.totals = {key: total for key, total in stream.totals.items() if total.end_ms >= at_ms - LONGEST_GAP_MS}


def _advanced(
    stream: Stream, engine: Engine, shape: "Shape", seen: dict[str, Entry], at_ms: int
) -> tuple[dict[str, Reading], tuple[str, ...]]:
    """What happened since the collection before, by model, and the problems on the way."""
    carried = _carried(stream, shape, seen)
    earlier = _observed(engine, carried | _before(stream, shape, seen, at_ms))
    observation = _observed(engine, carried | seen)
    started, started_before = observation.started_at_ms, earlier.started_at_ms
    if started and started_before and started > started_before + SAME_START_MS:
        # What another process showed is not carried into this one.
        stream.last = {}
        observation = _observed(engine, seen)
    base_ms = _base(stream, shape, seen, at_ms)
    state = None if base_ms is None else advance(None, earlier, base_ms).state
    step = advance(state, observation, at_ms)
    stream.at_ms = at_ms
    stream.last = _remembered(stream, shape, seen)
    stream.absent = {key: since for key, since in stream.absent.items() if key in stream.last}
    return step.readings, observation.problems


def _before(stream: Stream, shape: "Shape", seen: Mapping[str, Entry], at_ms: int) -> dict[str, Entry]:
    """What these series showed before: as last seen, nothing where they began since, or the same where nobody knows.

    A series that is new beside others of its name counts from 0, as in a pull: a label set, such as that of an error,
    is shown from its first event on. Where all series of a name are new, a label was changed under them.
    """
    since_ms = at_ms - LONGEST_GAP_MS if stream.at_ms is None else stream.at_ms - SPREAD_MS
    continuing = {_name(key) for key in seen.keys() & stream.last.keys()}
    measured = {measure for key in stream.last for measure in shape.measures.get(_name(key), ())}
    before: dict[str, Entry] = {}
    for key, entry in seen.items():
        name = _name(key)
        held = stream.last.get(key)
        if name in shape.levels:
            # Nothing is differenced from them; they are there so that the same models are seen before and after.
            before[key] = entry
        elif held is not None:
            before[key] = _held(held, entry)
        elif entry.since_ms or since_ms <= entry.start_ms < at_ms:
            before[key] = _zero(entry)
        elif stream.at_ms is None or (name not in continuing and measured & shape.measures.get(name, frozenset())):
            before[key] = entry
    return before


def _held(held: Entry, entry: Entry) -> Entry:
    """What a known series showed before this entry."""
    if entry.since_ms:
        began_anew = entry.start_ms != held.start_ms
    else:
        began_anew = held.start_ms > 0 and entry.start_ms > held.start_ms + SAME_START_MS
    if began_anew:
        return _zero(entry)
    now, then = entry.value, held.value
    if isinstance(now, Buckets) != isinstance(then, Buckets):
        return entry
    if isinstance(now, Buckets) and isinstance(then, Buckets) and now.bounds != then.bounds:
        # A coarser scale keeps some of the bounds; other bounds say nothing of what was counted within them before.
        return Entry(_coarser(then, now.bounds)) if set(now.bounds) <= set(then.bounds) else entry
    return held


def _zero(entry: Entry) -> Entry:
    value = entry.value
    return Entry(Buckets(value.bounds, (0,) * len(value.cumulative), 0.0) if isinstance(value, Buckets) else 0.0)


def _coarser(buckets: Buckets, bounds: tuple[float, ...]) -> Buckets:
    at = dict(zip(buckets.bounds, buckets.cumulative, strict=False))
    return Buckets(bounds, (*(at[bound] for bound in bounds), buckets.cumulative[-1]), buckets.sum)


def _base(stream: Stream, shape: "Shape", seen: Mapping[str, Entry], at_ms: int) -> int | None:
    """From when on the increases are: the collection before, or the beginning of all of them, if that was after it."""
    begins = [entry.since_ms or entry.start_ms for key, entry in seen.items() if _name(key) not in shape.levels]
    if stream.at_ms is None:
        return min((begin for begin in begins if at_ms - LONGEST_GAP_MS <= begin < at_ms), default=None)
    earliest = min(begins, default=0)
    return earliest if stream.at_ms + SPREAD_MS < earliest < at_ms else stream.at_ms


def _carried(stream: Stream, shape: "Shape", seen: Mapping[str, Entry]) -> dict[str, Entry]:
    """Series that others of their name left behind in this collection: they stand where they stood.

    Levels do not stand still unseen, and the buckets of a histogram that is there belong to its layout of before.
    """
    names = {_name(key) for key in seen}
    families = {_family(key, shape) for key in seen}
    return {
        key: entry
        for key, entry in stream.last.items()
        if key not in seen
        and _name(key) in names
        and _name(key) not in shape.levels
        and _family(key, shape) not in families
    }


def _remembered(stream: Stream, shape: "Shape", seen: Mapping[str, Entry]) -> dict[str, Entry]:
    """Each series as last seen, those of this collection first, as many as may be remembered."""
    families = {_family(key, shape) for key in seen}
    gone = {key: entry for key, entry in stream.last.items() if key not in seen and _family(key, shape) not in families}
    room = max(MOST_SERIES - len(seen), 0)
    return {**seen, **dict(list(gone.items())[:room])}


def _keep_absent(stream: Stream, entries: Mapping[str, Entry], missing: Iterable[str], at_ms: int) -> None:
    for key, entry in entries.items():
        if entry.value is not None:
            stream.absent.pop(key, None)
        elif key in stream.last:
            stream.absent[key] = 0
    for key in missing:
        stream.absent.setdefault(key, at_ms)


def _without_broken(stream: Stream, seen: dict[str, Entry], shape: "Shape", at_ms: int) -> dict[str, Entry]:
    """Without the histograms of which a part did not come: they are taken whole or not at all."""
    awaited = [key for key, since_ms in stream.absent.items() if since_ms and at_ms - since_ms <= LOOKBACK_MS]
    broken = {family for key in awaited if (family := _family(key, shape)) != key}
    return {key: entry for key, entry in seen.items() if _family(key, shape) not in broken} if broken else seen


def _name(key: str) -> str:
    return series_of(key)[0]


def _family(key: str, shape: "Shape") -> str:
    """The histogram that a series is a part of; of any other series, the series itself."""
    whole = shape.parts.get(_name(key))
    return key if whole is None else _histogram_key(key, whole)


@lru_cache(maxsize=20_000)
def _histogram_key(key: str, whole: str) -> str:
    """What the parts of one histogram have in common."""
    labels = series_of(key)[1].items()
    return series_key(Series(whole, tuple(pair for pair in labels if pair[0] != "le"))) + " "


@dataclass(frozen=True, slots=True)
class Shape:
    """What an engine reads: names of levels, of the parts of histograms with that of the whole, the measures of each
    sample name, and labels.

    `models` are labels that name a model, `apart` those that tell repeated series apart, and `selecting` those whose
    values decide whether a series counts, with the values that do.
    """

    levels: frozenset[str]
    parts: Mapping[str, str]
    measures: Mapping[str, frozenset[str]]
    models: frozenset[str]
    apart: frozenset[str]
    selecting: Mapping[str, frozenset[str]]


@lru_cache(maxsize=1000)
def shape_of(engine: Engine) -> Shape:
    """The shape of an engine; computed once."""
    levels: set[str] = set()
    parts: dict[str, str] = {}
    apart: set[str] = set()
    measures: dict[str, frozenset[str]] = {}
    selecting: dict[str, frozenset[str]] = {}
    for each in engine.sources:
        for series in (series for alternative in each.alternatives for series in alternative):
            names = {series.name}
            if each.kind is Kind.DISTRIBUTION:
                found = {f"{series.name}_bucket": series.name, f"{series.name}_sum": series.name}
                parts |= found
                names |= found.keys()
            elif each.kind is Kind.LEVEL:
                levels |= {series.name, *series.per}
            for name in names:
                measures[name] = measures.get(name, frozenset()) | {each.measure}
            apart.update(series.one_per)
            for label, values in (*series.only.items(), *series.never.items()):
                selecting[label] = selecting.get(label, frozenset()) | values
    models = frozenset(engine.model_labels)
    return Shape(frozenset(levels), parts, measures, models, frozenset(apart), selecting)


def reduced(series: Series, shape: Shape) -> Series:
    """The series with what its engine asks of its labels, and a digest of all of them.

    Some servers put keys and addresses of people into labels; none of that is kept.
    """
    kept: list[tuple[str, str]] = []
    for label, value in series.labels:
        if label in shape.models or label == "le":
            kept.append((label, value))
        elif label in shape.selecting:
            kept.append((label, value if value in shape.selecting[label] else OTHER))
        elif label in shape.apart:
            kept.append((label, series_digest(value)))
    whole = orjson.dumps([pair for pair in series.labels if pair[0] != "le"]).decode()
    return Series(series.name, (*kept, (DIGEST, series_digest(whole))))


def _observed(engine: Engine, entries: Mapping[str, Entry]) -> Observation:
    """What the engine says of the entries, as if an exposition showed them."""
    shown = {key: entry.value for key, entry in entries.items() if entry.value is not None}
    layouts = tuple((key, value.bounds if isinstance(value, Buckets) else None) for key, value in shown.items())
    values: list[float] = []
    for value in shown.values():
        if isinstance(value, Buckets):
            values += (*value.cumulative, value.sum, value.cumulative[-1])
        else:
            values.append(value)
    return _plan(engine, layouts).observe(values)


@lru_cache(maxsize=500)
def _plan(engine: Engine, layouts: tuple[tuple[str, tuple[float, ...] | None], ...]) -> Plan:
    """How an engine reads these series, some of which are histograms in one piece; remembered, as scrapes repeat them."""
    return plan_for(engine, (each for key, bounds in layouts for each in _shown(key, bounds)))


def _shown(key: str, bounds: tuple[float, ...] | None) -> Iterator[tuple[str, dict[str, str]]]:
    """Name and labels of the samples under which an exposition would show a series."""
    name, labels = series_of(key)
    if bounds is None:
        yield name, labels
        return
    yield from ((f"{name}_bucket", {**labels, "le": repr(bound)}) for bound in (*bounds, math.inf))
    yield f"{name}_sum", labels
    yield f"{name}_count", labels
