"""A figure against what it was in an earlier window: the difference, or why there is none."""

from dataclasses import dataclass

from inference_kpis.readings.statistics import Bound, Quantity


@dataclass(frozen=True)
class Change:
    """Now minus before, in the KPI's unit, and as a share of before; None where it cannot be told.

    `is_undecided`: an answer is only a limit. `is_within_buckets`: the intervals that hold the true values overlap, so
    that even the sign may be the histogram's doing.
    """

    difference: float | None = None
    share: float | None = None
    is_undecided: bool = False
    is_within_buckets: bool = False


def change(now: Quantity, before: Quantity) -> Change:
    """How far `now` is from `before`; nothing where one of them has no value."""
    if now.value is None or before.value is None:
        return Change()
    if now.bound is not Bound.EXACT or before.bound is not Bound.EXACT:
        return Change(is_undecided=True)
    difference = now.value - before.value
    share = difference / before.value if before.value else None
    return Change(difference, share, is_within_buckets=_overlap(now, before))


def _overlap(one: Quantity, other: Quantity) -> bool:
    """Whether both may be the same value; not for figures that are exact."""
    if one.low is None or one.high is None or other.low is None or other.high is None:
        return False
    is_exact = one.low == one.high and other.low == other.high
    return not is_exact and one.low < other.high and other.low < one.high
