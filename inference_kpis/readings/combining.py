"""Arithmetic on quantities: value, interval and bound go through each operation, or the answer is *undecided*.

A quantity that is only a limit ("at most 0.3 s") stays one where the operation is monotone: the result is then a limit as
well, in the direction in which all operands that are none push it. Where they push both ways nothing is claimed.
"""

import math
from collections.abc import Callable
from itertools import product

from inference_kpis.catalogue import Operator
from inference_kpis.readings.quantities import NO_DATA, UNDECIDED, Bound, NoValue, Quantity

Interval = tuple[float, float]
EVERYTHING = (-math.inf, math.inf)


def combined(operator: Operator, left: Quantity, right: Quantity) -> Quantity:
    """left operator right. Without a value on one side, and for a quotient by zero, there is none.

    `samples`, `coverage_ms` and `covered_share` are the least of both sides; a side that counts nothing, such as a
    constant, has 0 of the first two and no part in them.
    """
    if left.value is None or right.value is None:
        is_undecided = NoValue.UNDECIDED in (left.reason, right.reason) and NoValue.NO_DATA not in (
            left.reason,
            right.reason,
        )
        return UNDECIDED if is_undecided else NO_DATA
    if operator is Operator.OVER and right.value == 0:
        return NO_DATA
    point = _OPERATIONS[operator](left.value, right.value)
    if not math.isfinite(point):
        return NO_DATA
    low, high = _between(operator, _truth(left), _truth(right))
    bound = _bound(point, _between(operator, _claim(left), _claim(right)), left, right)
    if bound is None:
        return UNDECIDED
    return Quantity(
        point,
        low if low > -math.inf else None,
        high if high < math.inf else None,
        bound,
        left.is_approximate or right.is_approximate,
        _least(left.samples, right.samples),
        _least(left.coverage_ms, right.coverage_ms),
        covered_share=min(
            (each for each in (left.covered_share, right.covered_share) if each is not None), default=None
        ),
    )


def _least(one: int, other: int) -> int:
    return min(one or other, other or one)


def _truth(quantity: Quantity) -> Interval:
    low = -math.inf if quantity.low is None else quantity.low
    high = math.inf if quantity.high is None else quantity.high
    return low, high


def _claim(quantity: Quantity) -> Interval:
    """What the quantity says with its bound: a point, or everything from or up to one."""
    value = quantity.value or 0.0
    low, high = _truth(quantity)
    return {Bound.EXACT: (value, value), Bound.AT_MOST: (low, value), Bound.AT_LEAST: (value, high)}[quantity.bound]


def _bound(point: float, claim: Interval, left: Quantity, right: Quantity) -> Bound | None:
    """How the point stands in what is claimed of the result; None where it is neither end of it."""
    if (left.bound is Bound.EXACT and right.bound is Bound.EXACT) or claim[0] == claim[1]:
        return Bound.EXACT
    if point == claim[1]:
        return Bound.AT_MOST
    return Bound.AT_LEAST if point == claim[0] else None


# --- Intervals -------------------------------------------------------------------------------------------------------


def _between(operator: Operator, left: Interval, right: Interval) -> Interval:
    """The least interval that holds the result for every choice from both: its ends are results of ends."""
    if operator is Operator.OVER and right[0] < 0 < right[1]:
        return EVERYTHING
    operation = _OPERATIONS[operator]
    if operator is Operator.OVER:
        # An end at zero is approached from the inside.
        from_above = right[1] > 0
        corners = [_quotient(x, y, from_above=from_above) for x, y in product(left, right)]
    elif operator is Operator.TIMES:
        corners = [0.0 if 0 in (x, y) else x * y for x, y in product(left, right)]
    else:
        corners = [operation(x, y) for x, y in product(left, right)]
    known = [corner for corner in corners if not math.isnan(corner)]
    return (min(known), max(known)) if known else EVERYTHING


def _quotient(x: float, y: float, *, from_above: bool) -> float:
    if y == 0:
        return 0.0 if x == 0 else math.copysign(math.inf, x if from_above else -x)
    return x / y


_OPERATIONS: dict[Operator, Callable[[float, float], float]] = {
    Operator.PLUS: lambda x, y: x + y,
    Operator.MINUS: lambda x, y: x - y,
    Operator.TIMES: lambda x, y: x * y,
    Operator.OVER: lambda x, y: x / y,
}
