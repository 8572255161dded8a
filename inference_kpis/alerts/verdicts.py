"""What a quantity or the state of nodes says about a rule. Where it is not known or its bound cannot decide: unknown."""

from collections.abc import Collection, Sequence
from datetime import datetime
from enum import StrEnum

from inference_kpis.alerts.states import Observed, Verdict
from inference_kpis.catalogue import Direction
from inference_kpis.readings.statistics import NoValue, Quantity, reaches


class Side(StrEnum):
    """On which side of the threshold it is bad."""

    ABOVE = "above"
    BELOW = "below"


def threshold_verdict(
    quantity: Quantity, side: Side, threshold: float, clear: float, minimum_samples: int = 0
) -> Verdict:
    """Bad beyond the threshold, good from the clear threshold on, between the two neither."""
    if quantity.value is None or quantity.samples < minimum_samples:
        return Verdict.UNKNOWN
    good_side = Direction.LOWER if side is Side.ABOVE else Direction.HIGHER
    if reaches(quantity, clear, good_side):
        return Verdict.GOOD
    within = reaches(quantity, threshold, good_side)
    if within is None:
        return Verdict.UNKNOWN
    return Verdict.BETWEEN if within else Verdict.BAD


def absence_verdict(quantity: Quantity) -> Verdict:
    """Bad when nothing was measured. What no engine in scope exposes cannot be missed."""
    if quantity.value is not None:
        return Verdict.GOOD
    return Verdict.UNKNOWN if quantity.reason is NoValue.NOT_EXPOSED else Verdict.BAD


def nodes_verdict(states: Sequence[tuple[str, datetime]], bad: Collection[str]) -> Observed:
    """Bad when every node is in one of these states, since the last one entered it; good when any is up.

    A node that is silent is not up: it does not resolve what fired when it went down. Paused and waiting nodes say
    nothing.
    """
    watched = [(state, since) for state, since in states if state in {"up", "down", "silent"}]
    if any(state == "up" for state, _ in watched):
        return Observed(Verdict.GOOD, min(since for state, since in watched if state == "up"))
    if watched and all(state in bad for state, _ in watched):
        return Observed(Verdict.BAD, max(since for _, since in watched))
    return Observed(Verdict.UNKNOWN)
