"""Error budgets: how fast they burn, over two pairs of windows, as the Google SRE workbook has it.

An objective of 99.9 % allows 0.1 % of requests to be bad. A burn rate of 1 spends exactly that; at 14.4 a budget of
thirty days is gone in two. A pair of windows burns when both do: the long one says that it matters, the short one that
it still goes on.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from inference_kpis.alerts.states import Verdict
from inference_kpis.readings.algebra import Distribution, Increase, Reading

BUDGET_PERIOD = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Pair:
    """A long window, a short one, and the burn rate that both have to reach."""

    long: timedelta
    short: timedelta
    factor: float


FAST_WINDOWS = timedelta(hours=1), timedelta(minutes=5)
SLOW_WINDOWS = timedelta(hours=6), timedelta(minutes=30)
FAST_FACTOR, SLOW_FACTOR = 14.4, 6.0


@dataclass(frozen=True, slots=True)
class Counts:
    """Requests, and how many of them were good: at least `good_low`, at most `good_high`."""

    good_low: int = 0
    good_high: int = 0
    total: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(self.good_low + other.good_low, self.good_high + other.good_high, self.total + other.total)


NONE = Counts()


def add_up(counts: Iterable[Counts]) -> Counts:
    return sum(counts, NONE)


def success_counts(reading: Reading) -> Counts:
    """Requests that did not fail. Error counters are absent until the first error."""
    requests, failed = reading.measures.get("requests"), reading.measures.get("failed_requests")
    if not isinstance(requests, Increase):
        return NONE
    bad = failed.amount if isinstance(failed, Increase) else 0
    good = max(requests.amount - bad, 0)
    return Counts(good, good, requests.amount)


def latency_counts(reading: Reading, measure: str, bound_seconds: float) -> Counts:
    """Requests within the bound: exact where it is a bound of the histogram, else the bucket around it is in doubt."""
    distribution = reading.measures.get(measure)
    if not isinstance(distribution, Distribution):
        return NONE
    low = high = 0
    for bounds, counts in distribution.counts.items():
        edges = (*bounds, math.inf)
        for i, count in enumerate(counts):
            starts_at = edges[i - 1] if i else -math.inf
            is_under = edges[i] < bound_seconds or math.isclose(edges[i], bound_seconds, rel_tol=1e-9)
            starts_under = starts_at < bound_seconds and not math.isclose(starts_at, bound_seconds, rel_tol=1e-9)
            low += count if is_under else 0
            high += count if starts_under else 0
    return Counts(low, high, distribution.count)


def burn_rate(counts: Counts, objective: float) -> tuple[float, float] | None:
    """The lowest and the highest burn rate that the counts allow, for an objective as a share of 1; None without any."""
    if not counts.total:
        return None
    allowed = (1 - objective) * counts.total
    return (counts.total - counts.good_high) / allowed, (counts.total - counts.good_low) / allowed


def burns(counts: Counts, objective: float, factor: float, minimum: int) -> bool | None:
    """Whether this much burns at least at `factor`; None where too few requests or a bound in doubt leave it open."""
    rate = burn_rate(counts, objective)
    if rate is None or counts.total < minimum:
        return None
    # A rate that reaches the factor up to rounding reaches it: 14.4 % bad of 1 % allowed is 14.4.
    low, high = (value > factor or math.isclose(value, factor, rel_tol=1e-9) for value in rate)
    return low if low == high else None


def both(one: bool | None, other: bool | None) -> bool | None:
    """And, where None is unknown."""
    if one is False or other is False:
        return False
    return None if one is None or other is None else True


def either(one: bool | None, other: bool | None) -> bool | None:
    """Or, where None is unknown."""
    if one is True or other is True:
        return True
    return None if one is None or other is None else False


def burn_verdict(pairs: Iterable[tuple[bool | None, bool | None]]) -> Verdict:
    """Bad when the long and the short window of any pair burn."""
    found: bool | None = False
    for long, short in pairs:
        found = either(found, both(long, short))
    return {True: Verdict.BAD, False: Verdict.GOOD, None: Verdict.UNKNOWN}[found]


def budget_lasts(factor: float) -> timedelta:
    """How long the budget of thirty days lasts at this burn rate."""
    return BUDGET_PERIOD / factor
