"""What a KPI came to: a value with what is known of it, or the reason why there is none."""

from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum


class Bound(StrEnum):
    """What a quantile says: the value itself, or only that it lies below the first or above the last bound."""

    EXACT = "exact"
    AT_MOST = "at_most"
    AT_LEAST = "at_least"


class NoValue(StrEnum):
    NO_DATA = "no_data"
    NOT_EXPOSED = "not_exposed"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Quantity:
    """A KPI's value with what is known of it, or the reason why there is none.

    [`low`, `high`] holds the true value; `is_approximate` says that histograms of different layouts were brought
    together; `samples` counts the observations behind it, and `coverage_ms` the node-milliseconds they cover.
    With a `confidence` the interval is one of confidence: it holds the true value in at least that share of cases, and
    where both its ends are None there are too few samples to claim any. `covered_share` is the share of requests or tokens that a quotient counts, None where it counts all by nature.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    bound: Bound = Bound.EXACT
    is_approximate: bool = False
    samples: int = 0
    coverage_ms: int = 0
    reason: NoValue | None = None
    covered_share: float | None = None
    confidence: float | None = None

    def scaled(self, factor: float) -> "Quantity":
        """The same quantity in another unit."""

        def times(number: float | None) -> float | None:
            # As written: 57 of 100 is 57 %, and not the hair less that would miss a target of 57.
            return None if number is None else float(Decimal(repr(number)) * Decimal(repr(factor)))

        return replace(self, value=times(self.value), low=times(self.low), high=times(self.high))


NO_DATA = Quantity(None, reason=NoValue.NO_DATA)
NOT_EXPOSED = Quantity(None, reason=NoValue.NOT_EXPOSED)
UNDECIDED = Quantity(None, reason=NoValue.UNDECIDED)
