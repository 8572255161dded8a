"""KPIs out of merged readings. Integers become floats here and nowhere earlier; unknown is a reason, never zero."""

import math
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import accumulate

from inference_kpis.catalogue import (
    MEASURES,
    Combined,
    Constant,
    Direction,
    Formula,
    Kind,
    Kpi,
    Maximum,
    Mean,
    Quantile,
    Rate,
    Ratio,
    Reduction,
    ShareBelow,
    Sum,
    Total,
)
from inference_kpis.readings.algebra import Bounds, Distribution, Increase, Level, Reading
from inference_kpis.readings.combining import combined
from inference_kpis.readings.intervals import quantile_ranks
from inference_kpis.readings.quantities import NO_DATA, NOT_EXPOSED, UNDECIDED, Bound, Quantity
from inference_kpis.readings.quantities import NoValue as NoValue  # asked for together with the calculations

# Two neighbouring bucket counts that differ by less than this share are float noise, not a broken histogram.
RELATIVE_NOISE = 1e-12
# Of the interval of a reduction. Each of its two percentiles may miss half as often (Bonferroni), as they depend on each other.
REDUCTION_CONFIDENCE = 0.95


# --- Quantiles -------------------------------------------------------------------------------------------------------


def histogram_quantile(q: float, buckets: Iterable[tuple[float, float]]) -> float:
    """The q-quantile of a classic histogram given as (upper bound, cumulative count), exactly as Prometheus has it.

    Source: `promql/quantile.go`. NaN for what has no answer, ±Inf for q outside [0, 1].
    """
    if math.isnan(q):
        return math.nan
    if q < 0 or q > 1:
        return math.copysign(math.inf, q - 0.5)
    bounds, counts = _tidied(buckets)
    if len(bounds) < 2 or bounds[-1] != math.inf or counts[-1] == 0:
        return math.nan
    rank = q * counts[-1]
    at = bisect_left(counts, rank, 0, len(counts) - 1)
    if at == len(bounds) - 1:
        return bounds[-2]
    if at == 0 and bounds[0] <= 0:
        return bounds[0]
    lower, below = (bounds[at - 1], counts[at - 1]) if at else (0.0, 0.0)
    in_bucket = counts[at] - below
    return lower + (bounds[at] - lower) * ((rank - below) / in_bucket if in_bucket else math.nan)


def _tidied(buckets: Iterable[tuple[float, float]]) -> tuple[list[float], list[float]]:
    """Sorted, counts of equal bounds added, and never falling."""
    bounds: list[float] = []
    counts: list[float] = []
    for bound, count in sorted(buckets):
        if bounds and bounds[-1] == bound:
            counts[-1] += count
        else:
            bounds.append(bound)
            counts.append(count)
    for i in range(1, len(counts)):
        left, right = counts[i - 1], counts[i]
        if right < left or (left != right and abs(left - right) / (abs(left) + abs(right)) < RELATIVE_NOISE):
            counts[i] = left
    return bounds, counts


def cumulative(distribution: Distribution) -> list[tuple[float, float]]:
    """(bound, cumulative count) over all layouts, on the union of their bounds, ending with +Inf.

    Exact while there is one layout. Where layouts differ, each one's curve is read at every bound, linear inside a
    bucket, from 0 at the lower edge of a first bucket above 0, flat above its highest bound.
    """
    layouts = [(bounds, counts) for bounds, counts in distribution.counts.items() if any(counts)]
    if not layouts:
        return []
    union = sorted(set().union(*(bounds for bounds, _ in layouts)))
    curves = [_curve(bounds, counts) for bounds, counts in layouts]
    total = float(distribution.count)
    return [*((bound, sum(curve(bound) for curve in curves)) for bound in union), (math.inf, total)]


def _curve(bounds: Bounds, counts: Sequence[int]) -> Callable[[float], float]:
    heights = list(accumulate(counts))

    def height(x: float) -> float:
        at = bisect_left(bounds, x)
        if at == len(bounds):
            return heights[-2]
        if bounds[at] == x:
            return heights[at]
        lower = bounds[at - 1] if at else min(0.0, bounds[0])
        below = heights[at - 1] if at else 0
        if x <= lower or bounds[at] == lower:
            return below
        return below + (heights[at] - below) * (x - lower) / (bounds[at] - lower)

    return height


def quantile(distribution: Distribution, q: float) -> Quantity:
    """The q-quantile, in the unit of the bounds, with the interval that surely holds it.

    Where it may lie in a first bucket the answer is "at most" the interval's upper edge, where it may lie above a highest
    bound "at least" the lower one.
    """
    buckets = cumulative(distribution)
    value = histogram_quantile(q, buckets)
    if math.isnan(value):
        return NO_DATA
    layouts = [(bounds, counts) for bounds, counts in distribution.counts.items() if any(counts)]
    rank = q * distribution.count
    # Moving every observation to an edge of its bucket moves every quantile the same way: the edges enclose the truth.
    low = _edge_at(rank, [((-math.inf, *bounds), counts) for bounds, counts in layouts])
    high = _edge_at(rank, [((*bounds, math.inf), counts) for bounds, counts in layouts])
    bound = Bound.AT_MOST if low == -math.inf else Bound.AT_LEAST if high == math.inf else Bound.EXACT
    return Quantity(
        {Bound.AT_MOST: high, Bound.AT_LEAST: low, Bound.EXACT: value}[bound],
        0.0 if bound is Bound.AT_MOST else low,
        None if bound is Bound.AT_LEAST else high,
        bound,
        len(layouts) > 1,
        distribution.count,
        distribution.covered_ms,
    )


def _edge_at(rank: float, layouts: Iterable[tuple[Bounds, Sequence[int]]]) -> float:
    """The observation of this rank, were each at the given edge of its bucket."""
    edges = sorted((edge, count) for bounds, counts in layouts for edge, count in zip(bounds, counts, strict=True))
    heights = accumulate(count for _, count in edges)
    return next(edge for (edge, _), height in zip(edges, heights, strict=True) if height and height >= rank)


# --- Intervals of confidence -----------------------------------------------------------------------------------------


def quantile_interval(distribution: Distribution, q: float, confidence: float) -> tuple[float, float] | None:
    """Where the q-quantile of what the observations were drawn from lies, in the unit of the bounds; None: too few.

    Order statistics of the sample, each widened to the edge of the bucket that it falls in; 0 below the first bound,
    infinity above the last. Source: see `intervals`.
    """
    ranks = quantile_ranks(distribution.count, q, confidence)
    if ranks is None:
        return None
    layouts = [(bounds, counts) for bounds, counts in distribution.counts.items() if any(counts)]
    low = _edge_at(ranks[0], [((-math.inf, *bounds), counts) for bounds, counts in layouts])
    high = _edge_at(ranks[1], [((*bounds, math.inf), counts) for bounds, counts in layouts])
    return max(low, 0.0), high


def reduction(edge: Distribution, baseline: Distribution, q: float) -> Quantity:
    """By which share the q-quantile of `edge` is below that of `baseline`, with an interval of 95 % confidence.

    Each quantile's interval has 97.5 %, so that both hold together with at least 95 %; of two such intervals [a, b] and
    [c, d] the reduction lies in [1 − b/c, 1 − a/d]. An end is None where a bucket without edge leaves it open.
    """
    now, before = quantile(edge, q), quantile(baseline, q)
    if now.value is None or not before.value:
        return NO_DATA
    bound = _bound_of_reduction(now.bound, before.bound)
    if bound is None:
        return NO_DATA
    low = high = None
    each = 1 - (1 - REDUCTION_CONFIDENCE) / 2
    edge_interval, baseline_interval = quantile_interval(edge, q, each), quantile_interval(baseline, q, each)
    if edge_interval and baseline_interval:
        low, high = _reduction_interval(edge_interval, baseline_interval)
    return Quantity(
        1 - now.value / before.value,
        low,
        high,
        bound,
        now.is_approximate or before.is_approximate,
        min(now.samples, before.samples),
        min(now.coverage_ms, before.coverage_ms),
        confidence=REDUCTION_CONFIDENCE,
    )


def _bound_of_reduction(edge: Bound, baseline: Bound) -> Bound | None:
    """What is known of 1 − edge/baseline: an edge that may be faster makes it larger. None where nothing is."""
    match edge, baseline:
        case (Bound.EXACT, Bound.EXACT):
            return Bound.EXACT
        case (Bound.AT_MOST | Bound.EXACT, Bound.AT_LEAST | Bound.EXACT):
            return Bound.AT_LEAST
        case (Bound.AT_LEAST | Bound.EXACT, Bound.AT_MOST | Bound.EXACT):
            return Bound.AT_MOST
    return None


def _reduction_interval(edge: tuple[float, float], baseline: tuple[float, float]) -> tuple[float | None, float | None]:
    low = 1 - edge[1] / baseline[0] if baseline[0] and edge[1] != math.inf else None
    # A baseline without upper edge may be as slow as it likes; so may an edge below every bound be fast: up to all of it.
    return low, 1 - edge[0] / baseline[1]


def share_below(distribution: Distribution, bound: float) -> Quantity:
    """The share of observations that are at most `bound`, in the unit of the bounds, with the interval that holds it.

    Exact where `bound` is a bound of each layout, otherwise linear inside the bucket that holds it. Inside a first bucket
    the answer is "at most" what that bucket holds, above a highest bound "at least" what lies below it.
    """
    layouts = [(bounds, counts) for bounds, counts in distribution.counts.items() if any(counts)]
    if not layouts:
        return NO_DATA
    low = high = 0
    value = 0.0
    is_at_most = is_at_least = False
    for bounds, counts in layouts:
        at = bisect_left(bounds, bound)
        below = sum(counts[:at])
        is_sure = (at < len(bounds) and bounds[at] == bound) or not counts[at]
        low += below + (counts[at] if is_sure else 0)
        high += below + counts[at]
        value += below + counts[at] if is_sure else _curve(bounds, counts)(bound)
        is_at_most |= not is_sure and at == 0
        is_at_least |= not is_sure and at == len(bounds)
    if is_at_most and is_at_least:
        return UNDECIDED
    total = distribution.count
    shown = high if is_at_most else low if is_at_least else value
    return Quantity(
        shown / total,
        low / total,
        high / total,
        Bound.AT_MOST if is_at_most else Bound.AT_LEAST if is_at_least else Bound.EXACT,
        len(layouts) > 1,
        total,
        distribution.covered_ms,
    )


# --- Formulas --------------------------------------------------------------------------------------------------------


def gives(kpi: Kpi, exposed: frozenset[str]) -> bool:
    """Whether something that exposes these measures can show this KPI."""
    return _gives(kpi.formula, exposed)


def _gives(formula: Formula, exposed: frozenset[str]) -> bool:
    match formula:
        case Ratio(numerators, denominators):
            return exposed.issuperset(numerators) and not exposed.isdisjoint(denominators)
        case Maximum(measures):
            return not exposed.isdisjoint(measures)
        case Reduction(measure, baseline):
            return exposed.issuperset({measure, baseline})
        case Combined():
            return all(_gives(part, exposed) for part in (formula.left, formula.right))
        case Constant():
            return True
        case _:
            return formula.measure in exposed


def kpi_quantity(kpi: Kpi, reading: Reading, *, exposed: frozenset[str] | None = None) -> Quantity:
    """The KPI of a merged reading, in the KPI's display unit.

    `exposed` holds the measures that the engines in scope can give; a KPI that needs others is *not exposed*, whatever
    the reading holds. No traffic is *no data*.
    """
    if exposed is not None and not gives(kpi, exposed):
        return NOT_EXPOSED
    return evaluate(kpi.formula, reading).scaled(float(kpi.display_factor))


def evaluate(formula: Formula, reading: Reading) -> Quantity:
    """The value of a formula, in the units of the measures it reads."""
    match formula:
        case Rate(key):
            return _rate(key, reading)
        case Sum(key):
            increase = reading.measures.get(key)
            if not isinstance(increase, Increase):
                return NO_DATA
            return _known(MEASURES[key].from_quanta(increase.amount), increase.covered_ms, increase.amount)
        case Ratio():
            return _ratio(formula, reading)
        case Quantile(key, q):
            distribution = reading.measures.get(key)
            return quantile(distribution, q) if isinstance(distribution, Distribution) else NO_DATA
        case Mean(key):
            return _mean(key, reading)
        case Total(key):
            level = reading.measures.get(key)
            if not isinstance(level, Level) or not reading.span_ms:
                return NO_DATA
            return _known(MEASURES[key].from_quanta(1) * level.integral / reading.span_ms, level.covered_ms)
        case Maximum(keys):
            return _maximum(keys, reading)
        case Reduction(key, baseline, q):
            edge, central = reading.measures.get(key), reading.measures.get(baseline)
            if not isinstance(edge, Distribution) or not isinstance(central, Distribution):
                return NO_DATA
            return reduction(edge, central, q)
        case ShareBelow(key, bound):
            distribution = reading.measures.get(key)
            return share_below(distribution, bound) if isinstance(distribution, Distribution) else NO_DATA
        case Constant(value):
            return _known(value, 0, 0)
        case Combined():
            found = _operand(formula, reading)
            return found if found.value is None else replace(found, samples=max(found.samples, 1))


def _operand(formula: Formula, reading: Reading) -> Quantity:
    """One side of a combined formula; a level counts no samples, so that it does not make those of the others fewer."""
    match formula:
        case Combined(operator, left, right):
            return combined(operator, _operand(left, reading), _operand(right, reading))
        case Total() | Maximum():
            return replace(evaluate(formula, reading), samples=0)
        case Mean(key) if MEASURES[key].kind is Kind.LEVEL:
            return replace(evaluate(formula, reading), samples=0)
        case _:
            return evaluate(formula, reading)


def _known(value: float, coverage_ms: int, samples: int = 1) -> Quantity:
    return Quantity(value, value, value, samples=samples, coverage_ms=coverage_ms)


def _rate(key: str, reading: Reading) -> Quantity:
    increase = reading.measures.get(key)
    if not isinstance(increase, Increase) or not reading.span_ms:
        return NO_DATA
    per_second = MEASURES[key].from_quanta(increase.amount) * 1000 / reading.span_ms
    return _known(per_second, increase.covered_ms, increase.amount)


def _sum(keys: Iterable[str], reading: Reading) -> tuple[Fraction, int, int] | None:
    """Σ of the increases that are there, with their coverage and their amount in quanta; None when none is there."""
    found = [(key, value) for key in keys if isinstance(value := reading.measures.get(key), Increase)]
    if not found:
        return None
    return (
        sum((value.amount * Fraction(MEASURES[key].quantum) for key, value in found), Fraction(0)),
        max(value.covered_ms for _, value in found),
        sum(value.amount for _, value in found),
    )


def _ratio(ratio: Ratio, reading: Reading) -> Quantity:
    denominator = _sum(ratio.denominators, reading)
    if denominator is None or denominator[0] == 0:
        return NO_DATA
    left_out = _sum(ratio.excluded, reading) or (Fraction(0), 0, 0)
    counted = denominator[0] - left_out[0]
    if counted <= 0:
        return NO_DATA
    numerator = _sum(ratio.numerators, reading)
    if numerator is None and not ratio.absent_is_zero:
        return NO_DATA
    share = Fraction(ratio.factor) * (numerator[0] if numerator else 0) / counted
    known = _known(float(1 - share if ratio.complement else share), denominator[1], denominator[2] - left_out[2])
    return replace(known, covered_share=float(counted / denominator[0])) if ratio.excluded else known


def _mean(key: str, reading: Reading) -> Quantity:
    match reading.measures.get(key):
        case Level(integral, covered_ms) if covered_ms:
            return _known(MEASURES[key].from_quanta(1) * integral / covered_ms, covered_ms)
        case Distribution() as distribution if distribution.count:
            mean = MEASURES[key].from_quanta(distribution.sum) / distribution.count
            return _known(mean, distribution.covered_ms, distribution.count)
    return NO_DATA


def _maximum(keys: Sequence[str], reading: Reading) -> Quantity:
    for key in keys:
        level = reading.measures.get(key)
        if isinstance(level, Level):
            return _known(MEASURES[key].from_quanta(level.maximum), level.covered_ms)
    return NO_DATA


# --- Judging ---------------------------------------------------------------------------------------------------------


def reaches(quantity: Quantity, threshold: float, direction: Direction) -> bool | None:
    """Whether the quantity is as good as `threshold`; None where its value is unknown or its bound cannot decide.

    One with an interval of confidence is as good, or is not, only where the whole interval is.
    """
    if quantity.value is None:
        return None
    if quantity.confidence is not None:
        return _interval_reaches(quantity, threshold, direction)
    if direction is Direction.LOWER:
        if quantity.bound is Bound.AT_LEAST:
            return None if quantity.value <= threshold else False
        if quantity.bound is Bound.AT_MOST:
            return True if quantity.value <= threshold else None
        return quantity.value <= threshold
    if quantity.bound is Bound.AT_LEAST:
        return True if quantity.value >= threshold else None
    if quantity.bound is Bound.AT_MOST:
        return None if quantity.value >= threshold else False
    return quantity.value >= threshold


def _interval_reaches(quantity: Quantity, threshold: float, direction: Direction) -> bool | None:
    low = -math.inf if quantity.low is None else quantity.low
    high = math.inf if quantity.high is None else quantity.high
    if direction is Direction.LOWER:
        return True if high <= threshold else False if low > threshold else None
    return True if low >= threshold else False if high < threshold else None
