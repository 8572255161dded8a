"""From what counters show to what they grew by: once, at ingest, and for all that comes after.

The rules are those of Prometheus (`rate`, `increase`) without its extrapolation: a value below the previous one, or a
process that started since, is a reset, after which the value itself is the increase. If any bucket of a histogram
fell, the whole histogram was reset.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import orjson

from inference_kpis.catalogue import MEASURES
from inference_kpis.readings.algebra import Distribution, Increase, Level, MeasureValue, Reading, fits
from inference_kpis.readings.observation import ModelObservation, Observation, series_digest

# A hostile node could make its state grow without end; series beyond this are not counted, and named as a problem.
MOST_SERIES = 5000
# Process start times are printed with a fraction; two that differ by less are the same start.
SAME_START_MS = 1500
# States of version 1 had no number and held series in full.
STATE_VERSION = 2


class OutOfOrder(Exception):
    """The observation is not newer than the state it should follow."""


@dataclass(frozen=True, slots=True)
class HistogramQuanta:
    bounds: tuple[float, ...]
    cumulative: tuple[int, ...]
    sum: int


@dataclass(frozen=True, slots=True)
class CounterState:
    """The counters of one node as last seen, in quanta: model → measure → series digest → value."""

    at_ms: int
    started_at_ms: int | None = None
    counters: Mapping[str, Mapping[str, Mapping[str, int]]] = field(default_factory=dict)
    histograms: Mapping[str, Mapping[str, Mapping[str, HistogramQuanta]]] = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        histograms = {
            model: {
                key: {series: [h.bounds, h.cumulative, h.sum] for series, h in by_series.items()}
                for key, by_series in measures.items()
            }
            for model, measures in self.histograms.items()
        }
        return orjson.dumps([STATE_VERSION, self.at_ms, self.started_at_ms, self.counters, histograms])

    @classmethod
    def from_bytes(cls, text: bytes) -> "CounterState":
        *version, at_ms, started_at_ms, counters, raw = orjson.loads(text)
        histograms = {
            model: {
                key: {series: HistogramQuanta(tuple(h[0]), tuple(h[1]), h[2]) for series, h in by_series.items()}
                for key, by_series in measures.items()
            }
            for model, measures in raw.items()
        }
        if not version:
            counters, histograms = _digested(counters), _digested(histograms)
        return cls(at_ms, started_at_ms, counters, histograms)


Value = TypeVar("Value")


def _digested(kept: Mapping[str, Mapping[str, Mapping[str, Value]]]) -> dict[str, dict[str, dict[str, Value]]]:
    return {
        model: {
            key: {series_digest(series): value for series, value in by_series.items()}
            for key, by_series in measures.items()
        }
        for model, measures in kept.items()
    }


@dataclass(frozen=True, slots=True)
class Advance:
    """The state after an observation, and what happened since the one before, by model."""

    state: CounterState
    readings: dict[str, Reading]


def advance(state: CounterState | None, observation: Observation, at_ms: int) -> Advance:
    """Move the state on to an observation made at `at_ms`. Raises `OutOfOrder` when that is not after the state.

    The first observation gives no reading. A series that is new under a model and measure seen before counts from 0:
    engines show a label set, such as that of an error, only from its first event on. One that is gone is forgotten;
    should it return, it counts from 0 as well, which is what a restart of its worker means.
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
    readings = {}
    for model, seen in observation.models.items():
        grown = _measures(state, after, model, seen, at_ms, restarted=restarted)
        measures = {key: value for key, value in grown.items() if fits(value)}
        if len(measures) < len(grown):
            observation.problems += ("too_large",)
        if measures:
            readings[model] = Reading(state.at_ms, at_ms, measures)
    return Advance(after, readings)


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
    return CounterState(at_ms, observation.started_at_ms, counters, histograms)


def _measures(
    before: CounterState, after: CounterState, model: str, seen: ModelObservation, at_ms: int, *, restarted: bool
) -> dict[str, MeasureValue]:
    covered_ms = at_ms - before.at_ms
    measures: dict[str, MeasureValue] = {}
    known_counters = before.counters.get(model, {})
    for key, by_series in after.counters.get(model, {}).items():
        if key not in known_counters and not restarted:
            continue
        previous: Mapping[str, int] = {} if restarted else known_counters[key]
        grown = sum(_increase(previous.get(series, 0), value) for series, value in by_series.items())
        measures[key] = Increase(grown, covered_ms)
    known_histograms = before.histograms.get(model, {})
    for key, states in after.histograms.get(model, {}).items():
        if key not in known_histograms and not restarted:
            continue
        earlier: Mapping[str, HistogramQuanta] = {} if restarted else known_histograms[key]
        parts = [_histogram_increase(earlier.get(series), now, covered_ms) for series, now in states.items()]
        if parts:
            total = parts[0]
            for part in parts[1:]:
                total = total.merged(part)
            # Adding series adds their counts, not the time they were watched.
            measures[key] = Distribution(total.counts, total.sum, covered_ms)
    for key, value in seen.gauges.items():
        quanta = MEASURES[key].to_quanta(value)
        measures[key] = Level(quanta * covered_ms, covered_ms, quanta, quanta, quanta, at_ms)
    return measures


def _increase(previous: int, value: int) -> int:
    return value - previous if value >= previous else value


def _histogram_increase(previous: HistogramQuanta | None, now: HistogramQuanta, covered_ms: int) -> Distribution:
    was_reset = (
        previous is None
        or previous.bounds != now.bounds
        or any(count < earlier for count, earlier in zip(now.cumulative, previous.cumulative, strict=True))
    )
    earlier_counts = (0,) * len(now.cumulative) if previous is None or was_reset else previous.cumulative
    earlier_sum = 0 if previous is None or was_reset else previous.sum
    grown = [count - earlier for count, earlier in zip(now.cumulative, earlier_counts, strict=True)]
    counts = tuple(here - below for here, below in zip(grown, [0, *grown], strict=False))
    # A bucket that grew less than the one below it is no histogram's doing; nothing negative is stored.
    counts = tuple(max(count, 0) for count in counts)
    return Distribution({now.bounds: counts}, max(now.sum - earlier_sum, 0), covered_ms)
