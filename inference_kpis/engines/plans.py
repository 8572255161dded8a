"""Reading samples for an engine, in two steps: which series become what, and then their values.

The first looks at names and labels alone. Its outcome is a plan, which says by position what to do with each value; it
is kept for as long as the same series come, which is pull after pull. The second touches nothing but numbers.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import gt, itemgetter
from statistics import fmean
from typing import Any, TypeVar

from inference_kpis.catalogue import MEASURES, Kind
from inference_kpis.engines.engine import PROCESS_START, Combine, Engine, Series, Source
from inference_kpis.protocols.exposition import LabelPairs, Sample
from inference_kpis.readings.observation import HistogramState, ModelObservation, Observation, series_digest

LARGEST = 2.0**53
LARGEST_QUANTA = 2.0**62
MOST_NAME_CHARACTERS = 200
# What a machine spends and how busy it is stay its own, whatever it serves.
OF_THE_NODE = frozenset({"energy", "power", "accelerator_utilisation", "accelerator_memory_usage"})

Values = Sequence[float]
_COMBINED: Mapping[Combine, Callable[[Sequence[float]], float]] = {
    Combine.SUM: sum,
    Combine.MAXIMUM: max,
    Combine.MEAN: fmean,
}
Models = dict[str, ModelObservation]


def observe(engine: Engine, samples: Iterable[Sample]) -> Observation:
    """What the samples say under the catalogue's measures. Values that make no sense are dropped and named."""
    found = list(samples)
    return plan_for(engine, [(sample.name, sample.labels) for sample in found]).observe([s.value for s in found])


# --- Values ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Counters:
    """One series of an engine: of `members`, position and model, those that count are in `counted`, under their digest.

    Where several positions are there for one digest, the first whose value makes sense counts.
    """

    measure: str
    scale: float
    largest: float
    members: tuple[tuple[int, str], ...]
    counted: tuple[tuple[str, str, tuple[int, ...]], ...]

    def read(self, values: Values, models: Models, problems: set[str]) -> None:
        """Add what the values say, and the codes of what is wrong with them."""
        scale, largest, measure = self.scale, self.largest, self.measure
        valid = {at for at, _ in self.members if 0 <= values[at] * scale < largest}
        # The family is there even when nothing of it is selected: no failed request so far is none, not unknown.
        for model in {model for at, model in self.members if at in valid}:
            models[model].counters.setdefault(measure, {})
        for model, series_id, rivals in self.counted:
            at = next((at for at in rivals if at in valid), None)
            if at is not None:
                models[model].counters.setdefault(measure, {})[series_id] = values[at] * scale
        if len(valid) < len(self.members):
            problems.add("bad_counter")


@dataclass(frozen=True, slots=True)
class Gauge:
    """One measure of a model: positions with their scales, each divided by the sum of those at `divisors`, if any."""

    measure: str
    model: str
    combine: Combine
    parts: tuple[tuple[int, float, tuple[int, ...] | None], ...]

    def read(self, values: Values, models: Models, problems: set[str]) -> None:
        """Add what the values say, and the codes of what is wrong with them."""
        found = []
        for at, scale, divisors in self.parts:
            divisor = 1.0 if divisors is None else sum(values[each] for each in divisors)
            value = values[at] * scale / divisor if divisor else math.nan
            if math.isfinite(value) and abs(value) < LARGEST:
                found.append(value)
        if found:
            models[self.model].gauges[self.measure] = _COMBINED[self.combine](found)
        if len(found) < len(self.parts):
            problems.add("bad_gauge")


@dataclass(frozen=True, slots=True)
class Histogram:
    """One histogram: `pick` takes its buckets in the order of their bounds; None for what can be none."""

    measure: str
    model: str
    series_id: str
    scale: float
    largest: float
    bounds: tuple[float, ...]
    pick: Callable[[Values], tuple[float, ...]] | None
    sum_at: int | None

    def read(self, values: Values, models: Models, problems: set[str]) -> None:
        """Add what the values say, and the codes of what is wrong with them."""
        total = 0.0 if self.sum_at is None else values[self.sum_at] * self.scale
        cumulative = self._cumulative(values)
        if cumulative is None or not 0 <= total < min(LARGEST, self.largest):
            problems.add("bad_histogram")
            return
        state = HistogramState(self.bounds, cumulative, total)
        models[self.model].histograms.setdefault(self.measure, {})[self.series_id] = state

    def _cumulative(self, values: Values) -> tuple[int, ...] | None:
        """None for a NaN, a fraction, or counts that fall from one bucket to the next."""
        if self.pick is None:
            return None
        counts = self.pick(values)
        if not 0 <= counts[0] <= counts[-1] < LARGEST:
            return None
        try:
            cumulative = tuple(map(int, counts))
        except (ValueError, OverflowError):
            return None
        return None if cumulative != counts or any(map(gt, cumulative, cumulative[1:])) else cumulative


@dataclass(frozen=True, slots=True)
class Plan:
    """What the values of certain series mean to an engine, by their positions.

    `created` has digests of series and where it stands since when they count; `started` where the process says so.
    """

    steps: tuple[Counters | Gauge | Histogram, ...]
    created: tuple[tuple[str, int], ...]
    started: tuple[int, ...]
    has_duplicates: bool

    def observe(self, values: Values) -> Observation:
        """What the values say, one for each series that the plan was made for."""
        models: Models = defaultdict(ModelObservation)
        problems: set[str] = set()
        for step in self.steps:
            step.read(values, models, problems)
        if self.has_duplicates:
            problems.add("duplicate_series")
        created_ms = {
            series_id: round(values[at] * 1000) for series_id, at in self.created if 0 < values[at] < LARGEST / 1000
        }
        starts = [values[at] for at in self.started if 0 < values[at] < LARGEST / 1000]
        _attribute(models)
        named = {key: model for key, model in models.items() if len(key) <= MOST_NAME_CHARACTERS and key.isprintable()}
        if len(named) < len(models):
            problems.add("bad_model_name")
        started_at_ms = round(max(starts) * 1000) if starts else None
        return Observation(named, started_at_ms, tuple(sorted(problems)), created_ms)


def _attribute(models: Models) -> None:
    """Give the only model what no label puts down to one, such as requests that the HTTP layer counts."""
    if len(models) != 2 or "" not in models:
        return
    own = models[""]
    (model,) = (model for name, model in models.items() if name)
    _move(own.counters, model.counters)
    _move(own.gauges, model.gauges)
    _move(own.histograms, model.histograms)


Value = TypeVar("Value")


def _move(mine: dict[str, Value], its: dict[str, Value]) -> None:
    for measure in mine.keys() - its.keys() - OF_THE_NODE:
        its[measure] = mine.pop(measure)


# --- Names and labels ------------------------------------------------------------------------------------------------

# Samples by name whose values are their positions.
Families = Mapping[str, list[Sample]]


def plan_for(engine: Engine, series: Iterable[tuple[str, LabelPairs]]) -> Plan:
    """What the values of these series, in this order, mean to an engine."""
    families, has_duplicates = _families(series)
    steps: list[Counters | Gauge | Histogram] = []
    created: list[tuple[str, int]] = []
    for each in engine.sources:
        for alternative in each.alternatives:
            if _is_present(each.kind, alternative, families):
                steps += _STEPS[each.kind](engine, each, alternative, families)
                created += _created(alternative, families)
                break
    started = tuple(int(sample.value) for sample in families.get(PROCESS_START, ()))
    return Plan(tuple(steps), tuple(dict.fromkeys(created)), started, has_duplicates)


def _families(series: Iterable[tuple[str, LabelPairs]]) -> tuple[Families, bool]:
    """Series by name, and whether one came twice: the first counts, nobody knows which was meant, and none adds."""
    families: dict[str, list[Sample]] = defaultdict(list)
    seen: set[tuple[str, frozenset[tuple[str, str]]]] = set()
    has_duplicates = False
    for position, (name, labels) in enumerate(series):
        key = name, frozenset(labels.items())
        if key in seen:
            has_duplicates = True
        else:
            seen.add(key)
            families[name].append(Sample(name, labels, position))
    return families, has_duplicates


def _is_present(kind: Kind, alternative: Iterable[Series], families: Families) -> bool:
    suffix = "_bucket" if kind is Kind.DISTRIBUTION else ""
    return any(series.name + suffix in families for series in alternative)


def _created(alternative: Iterable[Series], families: Families) -> Iterator[tuple[str, int]]:
    """Where it stands since when the series of an alternative count, by digest."""
    for series in alternative:
        for sample in series.taken(families.get(series.created, ())):
            yield _series_id(series.name, tuple(sample.labels.items())), int(sample.value)


@lru_cache(maxsize=20_000)
def _series_id(name: str, labels: tuple[tuple[str, str], ...]) -> str:
    """What tells a series from the others of its node; remembered, since pulls repeat them."""
    return series_digest(name + "".join(f"\x1f{key}={value}" for key, value in sorted(labels) if key != "le"))


@lru_cache(maxsize=20_000)
def _bucket(name: str, labels: tuple[tuple[str, str], ...]) -> tuple[str, float]:
    """The series that a bucket belongs to, and its upper bound; remembered, since pulls repeat them."""
    return _series_id(name, labels), _bound(dict(labels).get("le", ""))


def _bound(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _counters(engine: Engine, wanted: Source, alternative: Iterable[Series], families: Families) -> Iterator[Counters]:
    for series in alternative:
        found = families.get(series.name, ())
        counted = (
            (
                engine.model_of(rivals[0].labels),
                _series_id(series.name, tuple(rivals[0].labels.items())),
                tuple(int(rival.value) for rival in rivals),
            )
            for rivals in series.rivals(found)
        )
        members = tuple((int(sample.value), engine.model_of(sample.labels)) for sample in found)
        yield Counters(wanted.measure, series.scale, _largest(wanted.measure), members, tuple(counted))


def _gauges(engine: Engine, wanted: Source, alternative: Iterable[Series], families: Families) -> Iterator[Gauge]:
    parts: dict[str, list[tuple[int, float, tuple[int, ...] | None]]] = defaultdict(list)
    for series in alternative:
        divisors = (sample for name in series.per for sample in series.taken(families.get(name, ())))
        at_divisors = tuple(int(sample.value) for sample in divisors) if series.per else None
        for sample in series.taken(families.get(series.name, ())):
            parts[engine.model_of(sample.labels)].append((int(sample.value), series.scale, at_divisors))
    for model, of_model in parts.items():
        yield Gauge(wanted.measure, model, wanted.combine, tuple(of_model))


def _histograms(
    engine: Engine, wanted: Source, alternative: Iterable[Series], families: Families
) -> Iterator[Histogram]:
    for series in alternative:
        buckets: dict[str, dict[float, int]] = defaultdict(dict)
        labels_of: dict[str, LabelPairs] = {}
        for sample in series.taken(families.get(f"{series.name}_bucket", ())):
            series_id, bound = _bucket(series.name, tuple(sample.labels.items()))
            buckets[series_id][bound] = int(sample.value)
            labels_of[series_id] = sample.labels
        sums = {
            _series_id(series.name, tuple(sample.labels.items())): int(sample.value)
            for sample in series.taken(families.get(f"{series.name}_sum", ()))
        }
        for series_id, by_bound in buckets.items():
            bounds, pick = _buckets(by_bound)
            yield Histogram(
                wanted.measure,
                engine.model_of(labels_of[series_id]),
                series_id,
                series.scale,
                _largest(wanted.measure),
                _scaled(bounds, series.scale),
                pick,
                sums.get(series_id),
            )


def _buckets(by_bound: Mapping[float, int]) -> tuple[tuple[float, ...], Callable[[Any], tuple[float, ...]] | None]:
    """Bounds below +Inf in order, and what picks the buckets; None for what is no histogram: no +Inf, or a NaN."""
    if math.inf not in by_bound or len(by_bound) < 2 or any(map(math.isnan, by_bound)):
        return (), None
    bounds = sorted(by_bound)
    return tuple(bounds[:-1]), itemgetter(*(by_bound[bound] for bound in bounds))


@lru_cache(maxsize=2000)
def _scaled(bounds: tuple[float, ...], scale: float) -> tuple[float, ...]:
    # Twelve digits: 250 ms times 0.001 has to be the bound 0.25 of a server that counts in seconds.
    return tuple(float(f"{bound * scale:.12g}") for bound in bounds)


def _largest(measure: str) -> float:
    """Below this a counter is exact as a float and, in quanta, a 64-bit integer."""
    return min(LARGEST, LARGEST_QUANTA * float(MEASURES[measure].quantum))


_STEPS: dict[Kind, Callable[[Engine, Source, Iterable[Series], Families], Iterator[Any]]] = {
    Kind.INCREASE: _counters,
    Kind.LEVEL: _gauges,
    Kind.DISTRIBUTION: _histograms,
}
