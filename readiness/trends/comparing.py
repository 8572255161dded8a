"""Teams side by side at one moment, and the practices in which they differ most."""

from collections.abc import Sequence
from dataclasses import dataclass

from readiness.bank import Practice, load_bank
from readiness.scoring import RuleScore, RuleStatus
from readiness.trends.points import Point

MOST_DIFFERENCES = 10


@dataclass(frozen=True)
class Difference:
    """A practice that several teams answered: its lowest and highest verified level, and who stands there."""

    practice: Practice
    lowest: int
    highest: int
    furthest_behind: tuple[Point, ...]
    furthest_ahead: tuple[Point, ...]

    @property
    def spread(self) -> int:
        return self.highest - self.lowest


def differences(points: Sequence[Point]) -> list[Difference]:
    """The widest first, then in the order of the bank; only practices that apply to two teams at least."""
    levels: dict[str, list[tuple[int, Point]]] = {}
    for point in points:
        for score in point.scores.values():
            for each in score.practices if isinstance(score, RuleScore) else ():
                if each.is_applicable:
                    levels.setdefault(each.practice.key, []).append((each.verified, point))
    found = [_difference(key, stood) for key, stood in levels.items() if len(stood) > 1]
    return sorted((each for each in found if each.spread), key=lambda each: -each.spread)[:MOST_DIFFERENCES]


def _difference(key: str, stood: Sequence[tuple[int, Point]]) -> Difference:
    lowest, highest = min(level for level, _ in stood), max(level for level, _ in stood)
    return Difference(
        load_bank(stood[-1][1].bank_version).practice(key),
        lowest,
        highest,
        tuple(point for level, point in stood if level == lowest),
        tuple(point for level, point in stood if level == highest),
    )


def frozen_status(level: int | None, *, target: int) -> RuleStatus:
    """Ready, at risk or off track by the frozen level alone: what is about to fall is known only of today."""
    if level is not None and level >= target:
        return RuleStatus.READY
    return RuleStatus.AT_RISK if level is not None and level == target - 1 else RuleStatus.OFF_TRACK
