"""What a pushed body holds, whichever protocol brought it: points of series, under the names of Prometheus.

Exponential histograms become explicit bounds on one fixed grid, so that a series keeps its bounds while its range
grows, and the store knows few layouts. Merging neighbouring buckets of an exponential histogram is exact.
"""

import math
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import accumulate, pairwise
from typing import NamedTuple

from inference_kpis.protocols.exposition import Limits

# Points of one request; Prometheus sends 2,000 unless told otherwise.
DEFAULT_LIMITS = Limits(samples=50_000)
LARGEST_COUNT = 2**53
MOST_BOUNDS = 200
MOST_LABEL_CHARACTERS = 4096
# Four buckets an octave, each 19 % wide; finer scales are merged to it. Twenty octaves reach from 1 µs to 12 days.
FINEST_SCALE, COARSEST_SCALE, OCTAVES = 2, -10, 20


class Series(NamedTuple):
    """A name and its labels, sorted."""

    name: str
    labels: tuple[tuple[str, str], ...]


class Buckets(NamedTuple):
    """A histogram that arrives in one piece: `cumulative` has one count more than `bounds`, the last being all."""

    bounds: tuple[float, ...]
    cumulative: tuple[int, ...]
    sum: float


class Point(NamedTuple):
    """One series at one moment.

    `value` is None where the sender says that the series ended, or gives what is no number. `start_ms` is when a
    counter began, 0 where nobody says. A delta is what happened in (start_ms, at_ms]. `problem` is the code of a point
    that is refused whatever it is about. `instance` is the value of that label where it was taken out of the series, so
    that the same series of many nodes are one.
    """

    series: Series
    at_ms: int
    value: float | Buckets | None
    start_ms: int = 0
    is_delta: bool = False
    problem: str = ""
    instance: str = ""


def sorted_labels(pairs: Iterable[tuple[str, str]], limits: Limits) -> tuple[tuple[str, str], ...]:
    """The labels in order. Raises ValueError for an empty or repeated name, and for more or longer ones than allowed."""
    labels = tuple(sorted(pairs))
    if len(labels) > limits.labels or any(one[0] == other[0] for one, other in pairwise(labels)):
        raise ValueError("labels")
    for name, value in labels:
        if not 0 < len(name) <= limits.name_characters or len(value) > limits.value_characters:
            raise ValueError("labels")
    if sum(len(name) + len(value) for name, value in labels) > MOST_LABEL_CHARACTERS:
        raise ValueError("labels")
    return labels


def number(value: float) -> float | None:
    """A value that says something; infinities and NaN, the marker of a series that ended among them, do not."""
    return value if math.isfinite(value) else None


def buckets_of(bounds: Sequence[float], counts: Sequence[int], total: float) -> Buckets:
    """A histogram from its counts per bucket, one more than there are bounds. Raises ValueError for what is none."""
    is_fine = (
        0 < len(bounds) <= MOST_BOUNDS
        and len(counts) == len(bounds) + 1
        and all(math.isfinite(bound) for bound in bounds)
        and all(lower < upper for lower, upper in pairwise(bounds))
        and math.isfinite(total)
    )
    if not is_fine or any(count < 0 for count in counts) or sum(counts) >= LARGEST_COUNT:
        raise ValueError("histogram")
    return Buckets(tuple(bounds), tuple(accumulate(counts)), total)


def exponential(scale: int, below: int, buckets: Iterable[tuple[int, int]], total: float) -> Buckets:
    """An exponential histogram on the grid of its scale.

    `buckets` are pairs of index and count, where index i holds (base^i, base^(i+1)] and base is 2^(2^-scale); `below`
    counts what is at most zero or too near to it. What lies beyond the grid goes into its first and last bucket, whose
    other edge is open. Raises ValueError for what is no histogram.
    """
    if not COARSEST_SCALE <= scale <= 20:
        raise ValueError("scale")
    kept = min(scale, FINEST_SCALE)
    bounds, lowest = grid(kept)
    counts = [below, *[0] * len(bounds)]
    for index, count in buckets:
        at = (index >> (scale - kept)) + 1 - lowest
        counts[max(0, min(at, len(bounds)))] += count
    return buckets_of(bounds, counts, total)


@cache
def grid(scale: int) -> tuple[tuple[float, ...], int]:
    """The bounds at a scale, and the index of the first: bound j is base^j."""
    furthest = OCTAVES << scale if scale >= 0 else OCTAVES >> -scale
    indexes = range(-furthest, furthest + 1)
    return tuple(2.0 ** (index * 2.0**-scale) for index in indexes), indexes[0]


def is_finite_count(value: float) -> bool:
    """Whether a count that travelled as a float is one."""
    return math.isfinite(value) and 0 <= value < LARGEST_COUNT and value == int(value)
