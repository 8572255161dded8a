"""From what counters show to what they grew by: once, at ingest, and for all that comes after.

The rules are those of Prometheus (`rate`, `increase`) without its extrapolation: a value below the previous one, a
series that was created since, or a process that started since, is a reset, after which the value itself is the
increase. If any bucket of a histogram fell, the whole histogram was reset.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from operator import sub
from typing import TypeVar

import orjson

from inference_kpis.catalogue import MEASURES
from inference_kpis.readings.algebra import Bounds, Distribution, Increase, Level, MeasureValue, Reading, fits
from inference_kpis.readings.observation import ModelObservation, Observation

# A hostile node could make its state grow without end; series beyond this are not counted, and named as a problem.
MOST_SERIES = 5000
# Process start times are printed with a fraction; two that differ by less are the same start.
SAME_START_MS = 1500

Value = TypeVar("Value")
Seen = Mapping[str, Mapping[str, Mapping[str, Value]]]  # model → measure → series


class OutOfOrder(Exception):
    """The observation is not newer than the state it should follow."""


@dataclass(frozen=True, slots=True)
class HistogramQuanta:
    bounds: tuple[float, ...]
    cumulative: tuple[int, ...]
    sum: int


@dataclass(frozen=True, slots=True)
class CounterState:
    """The counters of one node as last seen, in quanta: model → measure → series digest → value.

    `created_ms` has, by series digest, since when those count that say so.
    """

    at_ms: int
    started_at_ms: int | None = None
    counters: Mapping[str, Mapping[str, Mapping[str, int]]] = field(default_factory=dict)
    histograms: Mapping[str, Mapping[str, Mapping[str, HistogramQuanta]]] = field(default_factory=dict)
    created_ms: Mapping[str, int] = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        """Everything; bounds, which histograms share, once."""
        layouts: dict[Bounds, int] = {}
        histograms = {
            model: {
                key: {
                    series: [layouts.setdefault(h.bounds, len(layouts)), h.cumulative, h.sum]
                    for series, h in by_series.items()
                }
                for key, by_series in measures.items()
            }
            for model, measures in self.histograms.items()
        }
        return orjson.dumps([self.at_ms, self.started_at_ms, self.counters, histograms, self.created_ms, list(layouts)])

    @classmethod
    def from_bytes(cls, text: bytes) -> "CounterState":
        at_ms, started_at_ms, counters, raw, *rest = orjson.loads(text)
        # Older states have the bounds of each histogram beside it, and the oldest no times of creation.
        layouts = [tuple(bounds) for bounds in rest[1]] if len(rest) > 1 else []
        histograms = {
            model: {
                key: {
                    series: HistogramQuanta(layouts[bounds] if layouts else tuple(bounds), tuple(cumulative), total)
                    for series, (bounds, cumulative, total) in by_series.items()
                }
                for key, by_series in measures.items()
            }
            for model, measures in raw.items()
        }
        return cls(at_ms, started_at_ms, counters, histograms, *rest[:1])


@dataclass(frozen=True, slots=True)
class Advance:
    """The state after an observation, and what happened since the one before, by model.

    `is_reset` says that something that counts began anew in between.
    """

    state: CounterState
    readings: dict[str, Reading]
    is_reset: bool = False


def advance(state: CounterState | None, observation: Observation, at_ms: int) -> Advance:
    """Move the state on to an observation made at `at_ms`. Raises `OutOfOrder` when that is not after the state.

    The first observation gives no reading. A series that is new under a model and measure seen before counts from 0:
    engines show a label set, such as that of an error, only from its first event on. So does one of a measure that was
    not seen before, if it says that it was created since. One that is gone is remembered: should it return, it goes on
    from where it was, and from 0 only if it fell or was created anew meanwhile.
    """
    if state is not None and at_ms <= state.at_ms:
        raise OutOfOrder
    after = _state_of(observation, at_ms)
    if state is None:
        return Advance(after, {})
    restarted = (
        state.started_at_ms is not None
        and after.started_at_ms is not None
        and after.started_at_ms > state.started_at_ms + SAME_START_MS
    )
    # What was created anew counts from 0, whatever it has reached by now: as if it had not been seen before.
    anew = _created_anew(state, after)
    known = _without(state, anew) if anew else state
    is_reset = restarted or bool(anew) or _fell(state, after)
    readings = {}
    for model, seen in observation.models.items():
        grown = _measures(known, after, model, seen, at_ms, restarted=restarted)
        measures = {key: value for key, value in grown.items() if fits(value)}
        if len(measures) < len(grown):
            observation.problems += ("implausible",)
        if measures:
            readings[model] = Reading(state.at_ms, at_ms, measures)
    return Advance(after if restarted else _with_absent(state, after), readings, is_reset)


def _created_anew(before: CounterState, after: CounterState) -> frozenset[str]:
    """The series whose time of creation moved on; both times are of the node's clock."""
    return frozenset(
        series
        for series, created_ms in after.created_ms.items()
        if series in before.created_ms and created_ms > before.created_ms[series] + SAME_START_MS
    )


def _without(state: CounterState, gone: Collection[str]) -> CounterState:
    """The state without these series; their measures stay known."""

    def kept(seen: Seen[Value]) -> Seen[Value]:
        return {
            model: {
                key: {series: value for series, value in by_series.items() if series not in gone}
                for key, by_series in measures.items()
            }
            for model, measures in seen.items()
        }

    return replace(state, counters=kept(state.counters), histograms=kept(state.histograms))


def _fell(before: CounterState, after: CounterState) -> bool:
    """Whether any counter shows less than before."""
    return any(
        value < before.counters.get(model, {}).get(key, {}).get(series, 0)
        for model, measures in after.counters.items()
        for key, by_series in measures.items()
        for series, value in by_series.items()
    )


def _with_absent(before: CounterState, after: CounterState) -> CounterState:
    """The state after, with the series that were not shown this time, as long as there is room for them."""
    if _has_all(after.counters, before.counters) and _has_all(after.histograms, before.histograms):
        return replace(after, created_ms={**before.created_ms, **after.created_ms})
    counters = _united(before.counters, after.counters)
    histograms = _united(before.histograms, after.histograms)
    if (
        sum(len(series) for kind in (counters, histograms) for keys in kind.values() for series in keys.values())
        > MOST_SERIES
    ):
        return after
    return replace(
        after, counters=counters, histograms=histograms, created_ms={**before.created_ms, **after.created_ms}
    )


def _has_all(after: Seen[Value], before: Seen[Value]) -> bool:
    """Whether everything that was seen before is there again, as is usual."""
    nothing: Mapping[str, Mapping[str, Value]] = {}
    return all(
        by_series.keys() <= after.get(model, nothing).get(key, nothing).keys()
        for model, measures in before.items()
        for key, by_series in measures.items()
    )


def _united(before: Seen[Value], after: Seen[Value]) -> Seen[Value]:
    """Model → measure → series → value of both, where the same is in both that of `after`."""
    return {
        model: {
            key: {**before.get(model, {}).get(key, {}), **after.get(model, {}).get(key, {})}
            for key in {**before.get(model, {}), **after.get(model, {})}
        }
        for model in {**before, **after}
    }


def _state_of(observation: Observation, at_ms: int) -> CounterState:
    """The observation's cumulative values in quanta: rounding the totals, not the differences, lets no part get lost."""
    room = MOST_SERIES
    counters: dict[str, dict[str, dict[str, int]]] = {}
    histograms: dict[str, dict[str, dict[str, HistogramQuanta]]] = {}
    for model, seen in observation.models.items():
        for key, by_series in seen.counters.items():
            kept = dict(sorted(by_series.items())[: max(room, 0)])
            room -= len(by_series)
            to_quanta = MEASURES[key].to_quanta
            counters.setdefault(model, {})[key] = {series: to_quanta(value) for series, value in kept.items()}
        for key, states in seen.histograms.items():
            kept_states = dict(sorted(states.items())[: max(room, 0)])
            room -= len(states)
            histograms.setdefault(model, {})[key] = {
                series: HistogramQuanta(h.bounds, h.cumulative, MEASURES[key].to_quanta(h.sum))
                for series, h in kept_states.items()
            }
    if room < 0:
        observation.problems += ("too_many_series",)
    kept_series = {
        series for kind in (counters, histograms) for keys in kind.values() for all in keys.values() for series in all
    }
    created_ms = {series: at for series, at in observation.created_ms.items() if series in kept_series}
    return CounterState(at_ms, observation.started_at_ms, counters, histograms, created_ms)


def _measures(
    before: CounterState, after: CounterState, model: str, seen: ModelObservation, at_ms: int, *, restarted: bool
) -> dict[str, MeasureValue]:
    covered_ms = at_ms - before.at_ms
    measures: dict[str, MeasureValue] = {}
    known_counters = before.counters.get(model, {})
    for key, by_series in after.counters.get(model, {}).items():
        if key not in known_counters and not restarted:
            by_series = _begun(by_series, before, after)
            if not by_series:
                continue
        previous: Mapping[str, int] = {} if restarted else known_counters.get(key, {})
        grown = sum(_increase(previous.get(series, 0), value) for series, value in by_series.items())
        measures[key] = Increase(grown, covered_ms)
    known_histograms = before.histograms.get(model, {})
    for key, states in after.histograms.get(model, {}).items():
        if key not in known_histograms and not restarted:
            states = _begun(states, before, after)
        earlier: Mapping[str, HistogramQuanta] = {} if restarted else known_histograms.get(key, {})
        if states:
            measures[key] = _distribution(states, earlier, covered_ms)
    for key, value in seen.gauges.items():
        quanta = MEASURES[key].to_quanta(value)
        measures[key] = Level(quanta * covered_ms, covered_ms, quanta, quanta, quanta, at_ms)
    return measures


def _begun(by_series: Mapping[str, Value], before: CounterState, after: CounterState) -> Mapping[str, Value]:
    """Those that were created between the two observations: all that they count happened since."""
    return {
        series: value
        for series, value in by_series.items()
        if before.at_ms < after.created_ms.get(series, 0) <= after.at_ms
    }


def _increase(previous: int, value: int) -> int:
    return value - previous if value >= previous else value


def _distribution(
    states: Mapping[str, HistogramQuanta], earlier: Mapping[str, HistogramQuanta], covered_ms: int
) -> Distribution:
    """What these histograms grew by together. Adding series adds their counts, not the time they were watched."""
    by_bounds: dict[Bounds, list[tuple[int, ...]]] = {}
    total = 0
    for series, now in states.items():
        counts, grown = _histogram_increase(earlier.get(series), now)
        by_bounds.setdefault(now.bounds, []).append(counts)
        total += grown
    counts_of = {
        bounds: found[0] if len(found) == 1 else tuple(map(sum, zip(*found, strict=True)))
        for bounds, found in by_bounds.items()
    }
    return Distribution(counts_of, total, covered_ms)


def _histogram_increase(previous: HistogramQuanta | None, now: HistogramQuanta) -> tuple[tuple[int, ...], int]:
    """Counts per bucket since before, and by how much the sum grew."""
    grown, total = now.cumulative, now.sum
    if previous is not None and previous.bounds == now.bounds:
        since = tuple(map(sub, now.cumulative, previous.cumulative))
        if min(since) >= 0:
            grown, total = since, max(now.sum - previous.sum, 0)
    counts = tuple(map(sub, grown, (0, *grown)))
    if min(counts) < 0:
        # A bucket that grew less than the one below it is no histogram's doing; nothing negative is stored.
        counts = tuple(max(count, 0) for count in counts)
    return counts, total
