"""The shape of an engine: which of its series become which measures.

One module a server make; to add one, copy the nearest and change it. For each measure an engine lists alternatives in
order; the first of which any series is present wins, and it alone, so that a server that shows the same requests under
two names is not counted twice. All series of one alternative are added.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property, lru_cache
from itertools import pairwise
from statistics import fmean
from typing import TypeVar

from inference_kpis.catalogue import MEASURES, Kind
from inference_kpis.protocols.exposition import Sample
from inference_kpis.readings.observation import HistogramState, ModelObservation, Observation, series_digest

PROCESS_START = "process_start_time_seconds"
LARGEST = 2.0**53
LARGEST_QUANTA = 2.0**62
MOST_NAME_CHARACTERS = 200
# Python servers write None where a request asked for no model.
NO_MODEL = frozenset({"", "None"})
# What a machine spends and how busy it is stay its own, whatever it serves.
OF_THE_NODE = frozenset({"energy", "power", "accelerator_utilisation", "accelerator_memory_usage"})


@dataclass(frozen=True)
class Series:
    """One family by its name as exposed; for a histogram, without `_bucket`. A counter may be the `_sum` of one.

    `scale` turns its unit into the measure's; `only` and `never` select by label values; `per` divides by the sum of
    other gauges. Of samples that agree in the labels `one_per`, the first in the order of their other labels counts and
    carries these labels alone: the others repeat it for another rank or pod.
    """

    name: str
    scale: float = 1.0
    only: Mapping[str, frozenset[str]] = field(default_factory=dict)
    never: Mapping[str, frozenset[str]] = field(default_factory=dict)
    per: tuple[str, ...] = ()
    one_per: tuple[str, ...] = ()

    @property
    def created(self) -> str:
        """The series that says since when this one counts, where its server shows it."""
        return f"{self.name.removesuffix('_total').removesuffix('_sum')}_created"

    def takes(self, labels: Mapping[str, str]) -> bool:
        if not self.only and not self.never:
            return True
        return all(labels.get(label, "") in values for label, values in self.only.items()) and not any(
            labels.get(label, "") in values for label, values in self.never.items()
        )

    def taken(self, samples: Iterable[Sample]) -> list[Sample]:
        """The samples that count."""
        taken = [sample for sample in samples if self.takes(sample.labels)]
        if not self.one_per:
            return taken
        kept = (*self.one_per, "le")
        first: dict[tuple[str, ...], Sample] = {}
        for sample in sorted(taken, key=lambda sample: sorted(sample.labels.items())):
            labels = {label: sample.labels[label] for label in kept if label in sample.labels}
            first.setdefault(tuple(labels.get(label, "") for label in kept), sample._replace(labels=labels))
        return list(first.values())


def none_of(name: str) -> Series:
    """A series of which nothing counts: while it is there, one that waits for its first event is none, not unknown."""
    return Series(name, only={"": frozenset()})


class Combine(StrEnum):
    """How the series of one gauge and model become one value."""

    SUM = "sum"
    MAXIMUM = "maximum"
    MEAN = "mean"


_COMBINED: dict[Combine, Callable[[list[float]], float]] = {Combine.SUM: sum, Combine.MAXIMUM: max, Combine.MEAN: fmean}


@dataclass(frozen=True)
class Source:
    """Where a measure comes from: alternatives in order, each a tuple of series that add up."""

    measure: str
    alternatives: tuple[tuple[Series, ...], ...]
    combine: Combine = Combine.SUM

    @property
    def kind(self) -> Kind:
        return MEASURES[self.measure].kind


def source(measure: str, *alternatives: Series | tuple[Series, ...], combine: Combine = Combine.SUM) -> Source:
    """A source whose alternatives are single series, or tuples of series that add up."""
    as_tuples = tuple((each,) if isinstance(each, Series) else each for each in alternatives)
    return Source(measure, as_tuples, combine)


@dataclass(frozen=True, eq=False)
class Engine:
    """A server make: its name, where it usually listens, and its sources. One is itself alone: caches go by it."""

    key: str
    label: str
    default_port: int
    default_path: str
    model_labels: tuple[str, ...]
    sources: tuple[Source, ...]

    @cached_property
    def exposes(self) -> frozenset[str]:
        """The measures that this engine can give."""
        return frozenset(each.measure for each in self.sources)

    @cached_property
    def wanted(self) -> frozenset[bytes]:
        """The sample names to decode."""
        names = {PROCESS_START}
        for each in self.sources:
            for series in (series for alternative in each.alternatives for series in alternative):
                suffixes = ("_bucket", "_sum") if each.kind is Kind.DISTRIBUTION else ("",)
                names |= {series.name + suffix for suffix in suffixes} | set(series.per)
                if each.kind is not Kind.LEVEL:
                    names.add(series.created)
        return frozenset(name.encode() for name in names)

    def is_idle(self, families: Iterable[str]) -> bool:
        """Whether these families, of which there is no sample yet, are some of this engine's."""
        suffixes = ("", "_sum", "_count", "_bucket", "_total")
        return any(
            (name + suffix).encode() in self.wanted - {PROCESS_START.encode()}
            for name in families
            for suffix in suffixes
        )

    def model_of(self, labels: Mapping[str, str]) -> str:
        return next((labels[label] for label in self.model_labels if labels.get(label, "") not in NO_MODEL), "")


Families = Mapping[str, list[Sample]]


def observe(engine: Engine, samples: Iterable[Sample]) -> Observation:
    """What the samples say under the catalogue's measures. Values that make no sense are dropped and named."""
    models: dict[str, ModelObservation] = defaultdict(ModelObservation)
    problems: set[str] = set()
    families = _families(samples, problems)
    created_ms: dict[str, int] = {}
    for each in engine.sources:
        for alternative in each.alternatives:
            if _is_present(each.kind, alternative, families):
                _READERS[each.kind](engine, each, alternative, families, models, problems)
                created_ms.update(_created(alternative, families))
                break
    _attribute(models)
    named = {name: model for name, model in models.items() if len(name) <= MOST_NAME_CHARACTERS and name.isprintable()}
    if len(named) < len(models):
        problems.add("bad_model_name")
    return Observation(named, _start_of(families), tuple(sorted(problems)), created_ms)


def _families(samples: Iterable[Sample], problems: set[str]) -> "Families":
    """Samples by name. Of a series that comes twice the first counts: nobody knows which was meant, and none adds."""
    families: dict[str, list[Sample]] = defaultdict(list)
    seen: set[tuple[str, frozenset[tuple[str, str]]]] = set()
    for sample in samples:
        series = sample.name, frozenset(sample.labels.items())
        if series in seen:
            problems.add("duplicate_series")
        else:
            seen.add(series)
            families[sample.name].append(sample)
    return families


def _created(alternative: Iterable[Series], families: Families) -> dict[str, int]:
    """Since when the series of an alternative count, by digest; what makes no sense as a time is passed over."""
    return {
        _series_id(series.name, tuple(sample.labels.items())): round(sample.value * 1000)
        for series in alternative
        for sample in series.taken(families.get(series.created, ()))
        if 0 < sample.value < LARGEST / 1000
    }


def _attribute(models: dict[str, ModelObservation]) -> None:
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


def _is_present(kind: Kind, alternative: Iterable[Series], families: Families) -> bool:
    suffix = "_bucket" if kind is Kind.DISTRIBUTION else ""
    return any(series.name + suffix in families for series in alternative)


def _start_of(families: Families) -> int | None:
    values = [sample.value for sample in families.get(PROCESS_START, ()) if 0 < sample.value < LARGEST / 1000]
    return round(max(values) * 1000) if values else None


@lru_cache(maxsize=20_000)
def _series_id(name: str, labels: tuple[tuple[str, str], ...]) -> str:
    """What tells a series from the others of its node; remembered, since pulls repeat them."""
    return series_digest(name + "".join(f"\x1f{key}={value}" for key, value in sorted(labels) if key != "le"))


@lru_cache(maxsize=20_000)
def _bucket(name: str, labels: tuple[tuple[str, str], ...]) -> tuple[str, float]:
    """The series that a bucket belongs to, and its upper bound; remembered, since pulls repeat them."""
    return _series_id(name, labels), _bound(dict(labels).get("le", ""))


def _read_counters(
    engine: Engine,
    wanted: Source,
    alternative: Iterable[Series],
    families: Families,
    models: dict[str, ModelObservation],
    problems: set[str],
) -> None:
    for series in alternative:
        found = families.get(series.name, ())
        valid = [sample for sample in found if 0 <= sample.value * series.scale < _largest(wanted.measure)]
        if len(valid) < len(found):
            problems.add("bad_counter")
        # The family is there even when nothing of it is selected: no failed request so far is none, not unknown.
        for sample in valid:
            models[engine.model_of(sample.labels)].counters.setdefault(wanted.measure, {})
        for sample in series.taken(valid):
            by_series = models[engine.model_of(sample.labels)].counters.setdefault(wanted.measure, {})
            by_series[_series_id(series.name, tuple(sample.labels.items()))] = sample.value * series.scale


def _read_gauges(
    engine: Engine,
    wanted: Source,
    alternative: Iterable[Series],
    families: Families,
    models: dict[str, ModelObservation],
    problems: set[str],
) -> None:
    found: dict[str, list[float]] = defaultdict(list)
    for series in alternative:
        divisors = [sample.value for name in series.per for sample in series.taken(families.get(name, ()))]
        divisor = sum(divisors) if series.per else 1.0
        for sample in series.taken(families.get(series.name, ())):
            value = sample.value * series.scale / divisor if divisor else math.nan
            if math.isfinite(value) and abs(value) < LARGEST:
                found[engine.model_of(sample.labels)].append(value)
            else:
                problems.add("bad_gauge")
    for model, values in found.items():
        models[model].gauges[wanted.measure] = _COMBINED[wanted.combine](values)


def _read_histograms(
    engine: Engine,
    wanted: Source,
    alternative: Iterable[Series],
    families: Families,
    models: dict[str, ModelObservation],
    problems: set[str],
) -> None:
    for series in alternative:
        buckets: dict[str, dict[float, float]] = defaultdict(dict)
        labels_of: dict[str, Mapping[str, str]] = {}
        for sample in series.taken(families.get(f"{series.name}_bucket", ())):
            series_id, bound = _bucket(series.name, tuple(sample.labels.items()))
            buckets[series_id][bound] = sample.value
            labels_of[series_id] = sample.labels
        sums = {
            _series_id(series.name, tuple(sample.labels.items())): sample.value
            for sample in series.taken(families.get(f"{series.name}_sum", ()))
        }
        for series_id, by_bound in buckets.items():
            state = _histogram(by_bound, sums.get(series_id, 0.0), series.scale)
            if state is None or state.sum >= _largest(wanted.measure):
                problems.add("bad_histogram")
            else:
                model = engine.model_of(labels_of[series_id])
                models[model].histograms.setdefault(wanted.measure, {})[series_id] = state


def _largest(measure: str) -> float:
    """Below this a counter is exact as a float and, in quanta, a 64-bit integer."""
    return min(LARGEST, LARGEST_QUANTA * float(MEASURES[measure].quantum))


def _bound(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _histogram(by_bound: Mapping[float, float], total: float, scale: float) -> HistogramState | None:
    """None for what is no histogram: no +Inf, a NaN, a fraction, or counts that fall from one bucket to the next."""
    if math.inf not in by_bound or not all(0 <= count < LARGEST and count == int(count) for count in by_bound.values()):
        return None
    bounds = sorted(by_bound)
    if any(math.isnan(bound) for bound in bounds) or len(bounds) < 2:
        return None
    cumulative = tuple(int(by_bound[bound]) for bound in bounds)
    if any(upper < lower for lower, upper in pairwise(cumulative)) or not 0 <= total * scale < LARGEST:
        return None
    return HistogramState(_scaled(tuple(bounds[:-1]), scale), cumulative, total * scale)


@lru_cache(maxsize=2000)
def _scaled(bounds: tuple[float, ...], scale: float) -> tuple[float, ...]:
    # Twelve digits: 250 ms times 0.001 has to be the bound 0.25 of a server that counts in seconds.
    return tuple(float(f"{bound * scale:.12g}") for bound in bounds)


_READERS = {Kind.INCREASE: _read_counters, Kind.LEVEL: _read_gauges, Kind.DISTRIBUTION: _read_histograms}
