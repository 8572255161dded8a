"""The index: 0 to 100, the movement beside the level. Exact fractions until the one rounding at the very end.

Fractions and not decimals: an index of thirds has no finite decimal, and a mean of such could land on the wrong side of
a half.
"""

from collections.abc import Iterable
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from readiness.scoring.evidence import HIGHEST_LEVEL


def weighted_index(weighted_levels: Iterable[tuple[int, int]]) -> Fraction | None:
    """100 · Σ weight · level / (4 Σ weight), unrounded; None when nothing has weight."""
    pairs = list(weighted_levels)
    total = sum(weight for weight, _ in pairs)
    if not total:
        return None
    return Fraction(100 * sum(weight * level for weight, level in pairs), HIGHEST_LEVEL * total)


def mean_index(indexes: Iterable[Fraction | None]) -> Fraction | None:
    """The mean of unrounded indexes; None when one is missing or there is none."""
    values = list(indexes)
    known = [value for value in values if value is not None]
    return sum(known, Fraction(0)) / len(known) if known and len(known) == len(values) else None


def rounded(value: Fraction | Decimal | int) -> Decimal:
    """One decimal, half up: the only rounding of a score, done once, where it leaves the calculations."""
    tenths = Fraction(value) * 10
    return Decimal((2 * tenths.numerator + tenths.denominator) // (2 * tenths.denominator)).scaleb(-1)


class Band(StrEnum):
    """A quarter-like name for where an index lies; never a claim, the level is."""

    FIRST = "first"
    SECOND = "second"
    THIRD = "third"
    FOURTH = "fourth"


# Half-open: a band starts at its bound and ends before the next one; the last one includes 100.
BAND_STARTS = (
    (Decimal(86), Band.FOURTH),
    (Decimal(61), Band.THIRD),
    (Decimal(31), Band.SECOND),
    (Decimal(0), Band.FIRST),
)


def band(index: Fraction | Decimal | int) -> Band:
    """The band of an index, looked up on its rounded value so that the printed number and its band agree."""
    shown = rounded(index)
    if not 0 <= shown <= 100:
        raise ValueError(f"An index lies between 0 and 100; {shown} does not.")
    return next(name for start, name in BAND_STARTS if shown >= start)
