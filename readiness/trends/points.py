"""Frozen scores read back: one point of a trend is one snapshot, scored again from its practices by the same calculation.

A snapshot keeps verified levels, so nothing ages here; indexes are exact again, so that a mean over teams is rounded once.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import Any

from readiness.bank import Rule, load_bank, release
from readiness.scoring import (
    BindingState,
    EvidenceClass,
    OverallScore,
    PracticeScore,
    RuleScore,
    ScoredPractice,
    overall_score,
    rule_of_scores,
)


@dataclass(frozen=True)
class Point:
    """The scores of one team (or of the company, over `teams` of them) at a moment, by the key of the rule.

    `assessment` is None for the company, whose bank version is the newest of its teams'.
    """

    at: datetime
    bank_version: str
    scores: Mapping[str, RuleScore | OverallScore]
    assessment: int | None = None
    team: int | None = None
    teams: int = 1

    @property
    def overall(self) -> OverallScore:
        return overall_score(self.scores.values())

    @property
    def rules(self) -> list[tuple[Rule, RuleScore | OverallScore]]:
        """The rules in their order, in the words of the point's bank."""
        return [(rule, self.scores[rule.key]) for rule in load_bank(self.bank_version).rules if rule.key in self.scores]


def scores_of(frozen: Mapping[str, Any]) -> dict[str, RuleScore]:
    """The rules of a snapshot's `scores`. Raises KeyError where its bank does not ask what was frozen."""
    bank = load_bank(frozen["bank_version"])
    return {
        key: rule_of_scores(
            tuple(_practice_score(bank.practice(name), values) for name, values in rule["practices"].items())
        )
        for key, rule in frozen["rules"].items()
    }


def _practice_score(practice: Any, values: Mapping[str, Any]) -> PracticeScore:
    return PracticeScore(
        practice=ScoredPractice(practice.key, practice.weight, practice.gate, practice.measurable),
        declared=values["declared"],
        verified=values["verified"],
        evidence=EvidenceClass(int(values["evidence"].removeprefix("E"))),
        is_applicable=values["is_applicable"],
        state=BindingState(values["state"]) if values["state"] else None,
        measured_level=values["measured"],
    )


def company_points(points: Iterable[Point], zone: tzinfo) -> list[Point]:
    """The company day by day: the lowest level and the mean index over each team's latest point until then.

    Only days on which a snapshot was taken, in the calendar of `zone`; oldest first.
    """
    latest: dict[int | None, Point] = {}
    days: dict[date, Point] = {}
    for point in sorted(points, key=lambda point: point.at):
        latest[point.team] = point
        days[point.at.astimezone(zone).date()] = _together(latest.values(), point.at)
    return list(days.values())


def _together(points: Iterable[Point], at: datetime) -> Point:
    known = list(points)
    newest = max((point.bank_version for point in known), key=release)
    keys = [rule.key for rule in load_bank(newest).rules]
    scores = {key: overall_score(point.scores.get(key) for point in known) for key in keys}
    return Point(at, newest, scores, teams=len(known))
