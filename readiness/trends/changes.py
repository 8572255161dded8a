"""What changed between two points of a team: levels, indexes, and the practices because of which."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from readiness.bank import Practice, Rule, load_bank
from readiness.scoring import BindingState, OverallScore, PracticeScore, RuleScore, rounded
from readiness.trends.points import Point


class Reason(StrEnum):
    """Why a practice counts otherwise than before; the first that holds, in this order."""

    ASKED = "asked"  # only the later version of the bank asks it
    NO_LONGER_ASKED = "no_longer_asked"
    SET_ASIDE = "set_aside"
    APPLIES_AGAIN = "applies_again"
    CONTRADICTED = "contradicted"
    DECLARED = "declared"
    EVIDENCE = "evidence"
    MEASURED = "measured"  # same answer, same class of evidence: only measurements moved


@dataclass(frozen=True)
class PracticeChange:
    """A practice that counts otherwise; a score is None where it was not asked."""

    practice: Practice
    before: PracticeScore | None
    after: PracticeScore | None
    reason: Reason


@dataclass(frozen=True)
class RuleChange:
    """One rule, before and after; a score is None where the bank did not have the rule."""

    rule: Rule
    before: RuleScore | OverallScore | None
    after: RuleScore | OverallScore
    practices: tuple[PracticeChange, ...]

    @property
    def is_level_moved(self) -> bool:
        return self.before is None or self.before.level != self.after.level

    @property
    def index_moved(self) -> Decimal | None:
        """The difference of the two indexes as they are shown; None where one is not assessable."""
        if self.before is None or self.before.index is None or self.after.index is None:
            return None
        return rounded(self.after.index) - rounded(self.before.index)

    @property
    def is_unmoved(self) -> bool:
        return not self.is_level_moved and not self.index_moved and not self.practices


def changes(before: Point, after: Point) -> list[RuleChange]:
    """Rule by rule in the order of the later bank, those that did not move included."""
    return [
        RuleChange(rule, before.scores.get(rule.key), score, _practice_changes(before, after, rule.key))
        for rule, score in after.rules
    ]


def _practice_changes(before: Point, after: Point, rule: str) -> tuple[PracticeChange, ...]:
    old, new = _practices(before, rule), _practices(after, rule)
    found = []
    for key in dict.fromkeys([*new, *old]):
        reason = _reason(old.get(key), new.get(key))
        if reason:
            bank = load_bank((after if key in new else before).bank_version)
            found.append(PracticeChange(bank.practice(key), old.get(key), new.get(key), reason))
    return tuple(found)


def _practices(point: Point, rule: str) -> dict[str, PracticeScore]:
    score = point.scores.get(rule)
    return {each.practice.key: each for each in score.practices} if isinstance(score, RuleScore) else {}


def _reason(old: PracticeScore | None, new: PracticeScore | None) -> Reason | None:
    if old is None or new is None:
        return Reason.ASKED if old is None else Reason.NO_LONGER_ASKED
    if old.is_applicable != new.is_applicable:
        return Reason.APPLIES_AGAIN if new.is_applicable else Reason.SET_ASIDE
    if not new.is_applicable or old.verified == new.verified:
        return None
    if new.verified < old.verified and new.state is BindingState.CONTRADICTED:
        return Reason.CONTRADICTED
    if old.declared != new.declared:
        return Reason.DECLARED
    return Reason.EVIDENCE if old.evidence != new.evidence else Reason.MEASURED
