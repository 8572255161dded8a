"""Where a chart sets its ticks, and how it writes a coordinate."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import pairwise


def coordinate(value: float) -> str:
    """A coordinate: at most two decimals, no exponent, no trailing zeros."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def nice_step(span: float, intervals: int) -> float:
    """The smallest of 1, 2, 2.5, 5 · 10ⁿ that covers the span in so many intervals."""
    rough = span / intervals
    power = 10.0 ** math.floor(math.log10(rough))
    return next(factor * power for factor in (1.0, 2.0, 2.5, 5.0, 10.0) if factor * power >= rough * (1 - 1e-9))


def value_ticks(low: float, high: float, *, ceiling: float | None = None, intervals: int = 4) -> list[float]:
    """Round values from at or below `low` to at or above `high`, but not above a ceiling that holds all values."""
    if high <= low:
        low, high = (low - 1, high) if ceiling is not None and high >= ceiling else (low, low + 1)
    step = nice_step(high - low, intervals)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    if ceiling is not None and high <= ceiling < last * step:
        last = math.floor(ceiling / step + 1e-9)
        return [*(i * step for i in range(first, last + 1)), *([ceiling] if last * step < ceiling - 1e-9 else [])]
    return [i * step for i in range(first, last + 1)]


def tick_decimals(ticks: Sequence[float]) -> int:
    """How many decimals tell neighbouring ticks apart."""
    step = min((b - a for a, b in pairwise(ticks)), default=1.0)
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    return decimals + 1 if abs(round(step, decimals) - step) > step * 1e-6 else decimals


_MINUTE, _HOUR, _DAY = 60_000, 3_600_000, 86_400_000
_TIME_STEPS = (
    *(_MINUTE * n for n in (1, 2, 5, 10, 15, 30)),
    *(_HOUR * n for n in (1, 2, 3, 6, 12)),
    *(_DAY * n for n in (1, 2, 7, 14, 28, 91, 182, 364)),
)


def time_ticks(start_ms: int, end_ms: int, zone: tzinfo, *, most: int = 7) -> list[tuple[int, bool]]:
    """(milliseconds, whether a day begins there) at round local times, no more than `most`."""
    span = end_ms - start_ms
    step = next((each for each in _TIME_STEPS if span / each <= most - 1), _TIME_STEPS[-1])
    offset = _offset_ms(start_ms, zone)
    first = -(-(start_ms + offset) // step) * step - offset
    if step < _DAY:
        return [(at, _is_midnight(at, zone)) for at in range(first, end_ms + 1, step)]
    # Days differ in length where clocks change: each tick is moved to its own midnight.
    return [(at + offset - _offset_ms(at, zone), True) for at in range(first, end_ms + 1, step)]


def _offset_ms(at_ms: int, zone: tzinfo) -> int:
    offset = zone.utcoffset(datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(zone).replace(tzinfo=None))
    return (offset or timedelta(0)) // timedelta(milliseconds=1)


def _is_midnight(at_ms: int, zone: tzinfo) -> bool:
    local = datetime.fromtimestamp(at_ms / 1000, zone)
    return (local.hour, local.minute) == (0, 0)
