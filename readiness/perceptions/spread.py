"""What several people answered blind: the spread by circle, its lower median, and where circles see things differently.

Pure. "I cannot say" is an answer without a level: it is counted beside the levels and never as one of them.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from readiness.scoring import HIGHEST_LEVEL, lower_median

# Fewer levels than this of a circle, promised to be anonymous, would tell who chose them.
FEWEST = 3
# From this distance of two medians on, it is a finding.
PERCEPTION_GAP = 2


class Circle(StrEnum):
    """Where somebody stands towards the project."""

    IT = "it"
    BUSINESS = "business"
    BOARD = "board"


@dataclass(frozen=True, slots=True)
class BlindReply:
    """One person's answer to one practice; `level` None is "I cannot say"."""

    circle: Circle
    level: int | None


@dataclass(frozen=True, slots=True)
class Spread:
    """How often each level 0–4 was chosen by one circle, or by several that are shown together."""

    circles: tuple[Circle, ...]
    counts: tuple[int, ...]
    cannot_say: int

    @property
    def levels(self) -> int:
        """How many people chose a level."""
        return sum(self.counts)

    @property
    def median(self) -> int | None:
        """The lower median; None where nobody chose a level."""
        chosen = [level for level, count in enumerate(self.counts) for _ in range(count)]
        return lower_median(chosen) if chosen else None


@dataclass(frozen=True, slots=True)
class Gap:
    """The two ends of how a practice is seen, in levels."""

    low: Spread
    high: Spread
    width: int


@dataclass(frozen=True, slots=True)
class Perception:
    """One practice as the circles see it: each circle that answered stands in exactly one of the spreads.

    Without spreads nobody answered, or too few did to show anything.
    """

    spreads: tuple[Spread, ...]

    @property
    def total(self) -> Spread | None:
        """Everybody together: where who decides starts from."""
        return _together(self.spreads) if self.spreads else None

    @property
    def gap(self) -> Gap | None:
        """The lowest and the highest median; None where fewer than two spreads have one. Of equals, the first circle."""
        known = [(spread.median, spread) for spread in self.spreads if spread.median is not None]
        if len(known) < 2:
            return None
        low, high = min(known, key=lambda pair: pair[0]), max(known, key=lambda pair: pair[0])
        return Gap(low[1], high[1], high[0] - low[0])

    @property
    def finding(self) -> Gap | None:
        """The gap where it is wide enough to be one."""
        return self.gap if self.gap and self.gap.width >= PERCEPTION_GAP else None


@dataclass(frozen=True, slots=True)
class Agreement:
    """Several practices together: how many could be compared, how many are findings, how far apart on average.

    `mean_width` is in levels; None where nothing could be compared.
    """

    compared: int
    findings: int
    mean_width: Fraction | None


def perception(replies: Iterable[BlindReply], *, is_anonymous: bool) -> Perception:
    """The spreads of one practice; the order of the replies does not matter.

    Where anonymity was promised, every spread holds at least `FEWEST` levels: smaller circles are shown together, and
    with the smallest of the others if that is still too few. No two of the numbers shown can then be subtracted to a
    smaller group, because the spreads do not overlap and their sum is the only total.
    """
    by_circle: dict[Circle, list[int | None]] = {}
    for reply in replies:
        by_circle.setdefault(reply.circle, []).append(reply.level)
    spreads = [_spread(circle, by_circle[circle]) for circle in Circle if circle in by_circle]
    return Perception(tuple(_merged(spreads) if is_anonymous else spreads))


def findings(perceptions: Mapping[str, Perception]) -> list[tuple[str, Gap]]:
    """Every practice that circles see differently, the widest gap first, then in the order given."""
    found = [(key, each.finding) for key, each in perceptions.items()]
    return sorted(((key, gap) for key, gap in found if gap), key=lambda pair: -pair[1].width)


def agreement(perceptions: Iterable[Perception]) -> Agreement:
    """How far apart circles are over several practices; what cannot be compared is left out, never counted as 0."""
    gaps = [each.gap for each in perceptions]
    widths = [gap.width for gap in gaps if gap]
    wide = sum(width >= PERCEPTION_GAP for width in widths)
    return Agreement(len(widths), wide, Fraction(sum(widths), len(widths)) if widths else None)


def _spread(circle: Circle, levels: Sequence[int | None]) -> Spread:
    counted = Counter(levels)
    return Spread((circle,), tuple(counted[level] for level in range(HIGHEST_LEVEL + 1)), counted[None])


def _together(spreads: Sequence[Spread]) -> Spread:
    circles = {circle for spread in spreads for circle in spread.circles}
    return Spread(
        tuple(circle for circle in Circle if circle in circles),
        tuple(map(sum, zip(*(spread.counts for spread in spreads), strict=True))),
        sum(spread.cannot_say for spread in spreads),
    )


def _merged(spreads: Sequence[Spread]) -> list[Spread]:
    """The same answers in spreads of at least `FEWEST` levels; nothing where there are not that many at all."""
    small = [spread for spread in spreads if spread.levels < FEWEST]
    large = sorted((spread for spread in spreads if spread.levels >= FEWEST), key=lambda spread: spread.levels)
    # A circle in which nobody could say is also small: shown alone, or left out, it would tell what each of it said.
    while small and large and sum(spread.levels for spread in small) < FEWEST:
        small.append(large.pop(0))
    if sum(spread.levels for spread in small) >= FEWEST:
        large.append(_together(small))
    order = list(Circle)
    return sorted(large, key=lambda spread: order.index(spread.circles[0]))
