"""What the windows of a binding say about a claimed level: confirmed, contradicted, unmeasured or stale.

A measurement does not know what was declared: the same windows give the same level whatever a team claims. Only the
state compares the two, so claiming more can never lower what is verified.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from readiness.scoring.evidence import HIGHEST_LEVEL

# Telemetry older than a day says nothing about today. A binding with longer windows passes a longer validity.
TELEMETRY_VALIDITY_MS = 24 * 3600 * 1000
WINDOWS_TO_CONTRADICT = 2


class Comparator(StrEnum):
    """Which side of a threshold is the good one."""

    AT_MOST = "le"
    AT_LEAST = "ge"


class BindingState(StrEnum):
    CONFIRMED = "confirmed"
    CONTRADICTED = "contradicted"
    UNMEASURED = "unmeasured"
    STALE = "stale"


@dataclass(frozen=True)
class Thresholds:
    """One threshold per level, in the unit of the KPI. A level without one is held as soon as the level below it is."""

    comparator: Comparator
    by_level: Mapping[int, Decimal]

    def __post_init__(self) -> None:
        if not self.by_level or not set(self.by_level) <= set(range(1, HIGHEST_LEVEL + 1)):
            raise ValueError(f"Thresholds belong to the levels 1 to {HIGHEST_LEVEL}, at least one of them.")
        ascending = [self.by_level[level] for level in sorted(self.by_level)]
        is_strictest_first = self.comparator is Comparator.AT_MOST
        if ascending != sorted(ascending, reverse=is_strictest_first):
            raise ValueError("A higher level cannot have an easier threshold than a lower one.")

    def comparisons(self, low: float | Decimal | None, high: float | Decimal | None) -> dict[int, bool | None]:
        """Whether each threshold holds for a value known to lie in [low, high]; None where that cannot be decided.

        An end that is None is open: a quantile known only as "above 10 s" is (10, None).
        """
        lowest, highest = _as_written(low), _as_written(high)
        return {level: self._holds(threshold, lowest, highest) for level, threshold in self.by_level.items()}

    def _holds(self, threshold: Decimal, low: Decimal | None, high: Decimal | None) -> bool | None:
        if self.comparator is Comparator.AT_MOST:
            surely, surely_not = high is not None and high <= threshold, low is not None and low > threshold
        else:
            surely, surely_not = low is not None and low >= threshold, high is not None and high < threshold
        return True if surely else False if surely_not else None


def _as_written(value: float | Decimal | None) -> Decimal | None:
    """The number that a page shows: the float 0.99 is a hair under the decimal 0.99, and must still reach it."""
    return Decimal(repr(value)) if isinstance(value, float) else value


def held_level(comparisons: Mapping[int, bool | None]) -> int | None:
    """The highest level that holds with all below it, or None where an undecided comparison stands in the way."""
    for level in sorted(comparisons):
        holds = comparisons[level]
        if holds is None:
            return None
        if not holds:
            return level - 1
    return HIGHEST_LEVEL if comparisons else None


@dataclass(frozen=True, slots=True)
class WindowResult:
    """What one window measured. `level` is None without data or without a decision; `coverage` is a share 0–1."""

    ended_at_ms: int
    level: int | None
    samples: int
    coverage: Decimal


@dataclass(frozen=True, slots=True)
class Requirement:
    """What a window needs to count at all, and for how long after its end it does."""

    minimum_samples: int
    minimum_coverage: Decimal
    validity_ms: int = TELEMETRY_VALIDITY_MS

    def is_met_by(self, window: WindowResult) -> bool:
        return (
            window.level is not None
            and window.samples >= self.minimum_samples
            and window.coverage >= self.minimum_coverage
        )


@dataclass(frozen=True, slots=True)
class Measurement:
    """What a binding measured, as of a moment, whatever was declared.

    `level` is the better one of the last two windows that count, so that a single bad window moves nothing; None when
    none counts. `lowest_level` is the worse one of them. `is_stale` tells a measurement that is too old from one that never was.
    """

    level: int | None = None
    latest_level: int | None = None
    windows: int = 0
    measured_at_ms: int | None = None
    is_stale: bool = False
    lowest_level: int | None = None

    def contradicted_at(self, declared: int) -> int | None:
        """The measured level if two windows in a row stayed below the declared one."""
        if self.level is None or self.windows < WINDOWS_TO_CONTRADICT or self.level >= declared:
            return None
        return self.level

    def is_confirmed_twice(self, declared: int) -> bool:
        """Whether two windows in a row hold the declared level: what was contradicted is put right."""
        return self.windows >= WINDOWS_TO_CONTRADICT and self.lowest_level is not None and self.lowest_level >= declared

    def is_doubting(self, declared: int) -> bool:
        """The last window contradicts and the one before did not: nothing moves yet, the owner may look."""
        return self.latest_level is not None and self.latest_level < declared and self.contradicted_at(declared) is None

    def state(self, declared: int) -> BindingState:
        if self.is_stale:
            return BindingState.STALE
        if self.contradicted_at(declared) is not None:
            return BindingState.CONTRADICTED
        if self.level is not None and self.level >= declared:
            return BindingState.CONFIRMED
        return BindingState.UNMEASURED


def measure(windows: Iterable[WindowResult], requirement: Requirement, *, now_ms: int) -> Measurement:
    """What the windows of one binding say at `now_ms`, in whatever order; those after now are unknown yet.

    Windows that do not count (too few samples, too little coverage, undecided) say nothing: they neither contradict
    nor end a contradiction, which lasts until a window holds the level again or the last one is past its validity.
    """
    counting = sorted(
        (window for window in windows if window.ended_at_ms <= now_ms and requirement.is_met_by(window)),
        key=lambda window: (window.ended_at_ms, window.level or 0),
    )
    if not counting:
        return Measurement()
    latest = counting[-1]
    if now_ms - latest.ended_at_ms > requirement.validity_ms:
        return Measurement(measured_at_ms=latest.ended_at_ms, is_stale=True)
    # The window before is in a row with it if it was still valid when the latest one ended.
    in_a_row = [
        window.level
        for window in counting[-WINDOWS_TO_CONTRADICT:]
        if window.level is not None and latest.ended_at_ms - window.ended_at_ms <= requirement.validity_ms
    ]
    return Measurement(
        level=max(in_a_row),
        latest_level=in_a_row[-1],
        lowest_level=min(in_a_row),
        windows=len(in_a_row),
        measured_at_ms=latest.ended_at_ms,
    )


# When several bindings watch one practice, the first of these that any of them is in is the practice's.
WORST_FIRST = (BindingState.CONTRADICTED, BindingState.STALE, BindingState.UNMEASURED, BindingState.CONFIRMED)


def combined_state(measurements: Iterable[Measurement], declared: int) -> BindingState | None:
    """The state of a practice over all its bindings; None when it has none."""
    states = {measurement.state(declared) for measurement in measurements}
    return next((state for state in WORST_FIRST if state in states), None)


def combined_contradiction(measurements: Iterable[Measurement], declared: int) -> int | None:
    """The lowest level at which any binding contradicts the declared one."""
    levels = [measurement.contradicted_at(declared) for measurement in measurements]
    return min((level for level in levels if level is not None), default=None)


def combined_level(measurements: Iterable[Measurement]) -> int | None:
    """The level that all bindings together measured; None as soon as one of them has nothing fresh to say."""
    levels = [measurement.level for measurement in measurements]
    return min((level for level in levels if level is not None), default=None) if None not in levels else None
