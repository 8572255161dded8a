"""The shape of an engine: which of its series become which measures.

One module a server make; to add one, copy the nearest and change it. For each measure an engine lists alternatives in
order; the first of which any series is present wins, and it alone, so that a server that shows the same requests under
two names is not counted twice. All series of one alternative are added.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from inference_kpis.catalogue import MEASURES, Kind
from inference_kpis.protocols.exposition import Sample

PROCESS_START = "process_start_time_seconds"
# Python servers write None where a request asked for no model.
NO_MODEL = frozenset({"", "None"})


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
        return [rivals[0] for rivals in self.rivals(samples)]

    def rivals(self, samples: Iterable[Sample]) -> list[list[Sample]]:
        """The samples that may count, those together of which only the first does."""
        taken = [sample for sample in samples if self.takes(sample.labels)]
        if not self.one_per:
            return [[sample] for sample in taken]
        kept = (*self.one_per, "le")
        groups: dict[tuple[str, ...], list[Sample]] = defaultdict(list)
        for sample in sorted(taken, key=lambda sample: sorted(sample.labels.items())):
            labels = {label: sample.labels[label] for label in kept if label in sample.labels}
            groups[tuple(labels.get(label, "") for label in kept)].append(sample._replace(labels=labels))
        return list(groups.values())


def none_of(name: str) -> Series:
    """A series of which nothing counts: while it is there, one that waits for its first event is none, not unknown."""
    return Series(name, only={"": frozenset()})


class Combine(StrEnum):
    """How the series of one gauge and model become one value."""

    SUM = "sum"
    MAXIMUM = "maximum"
    MEAN = "mean"


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
