"""One rule: its level, the claim, and its index, the movement; and what stands between it and the next level."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from math import ceil

from readiness.scoring.evidence import HIGHEST_LEVEL, EvidenceClass
from readiness.scoring.index import weighted_index
from readiness.scoring.practices import PracticeAnswer, PracticeScore, practice_score

FULL_SHARE = Fraction(80, 100)
CONDITIONAL_SHARE = Fraction(60, 100)
HIGHEST_NOT_APPLICABLE_SHARE = Fraction(30, 100)
# A promise to close a gap carries a conditional level for half a year at most.
CONDITIONAL_DAYS = 180


@dataclass(frozen=True, slots=True)
class RuleScore:
    """A rule of one team. Level and indexes (unrounded) are None where the rule is not assessable."""

    practices: tuple[PracticeScore, ...]
    level: int | None
    index: Fraction | None
    declared_index: Fraction | None
    not_applicable_share: Fraction

    @property
    def is_assessable(self) -> bool:
        return self.level is not None

    @property
    def applicable(self) -> tuple[PracticeScore, ...]:
        return tuple(score for score in self.practices if score.is_applicable)

    @property
    def answered(self) -> int:
        return sum(score.is_answered for score in self.applicable)


def rule_score(answers: Iterable[PracticeAnswer], *, today: date) -> RuleScore:
    """The score of one rule from all its practices, the unanswered ones included; their order is kept for display."""
    return rule_of_scores(tuple(practice_score(answer, today=today) for answer in answers))


def rule_of_scores(scores: tuple[PracticeScore, ...]) -> RuleScore:
    """The score of one rule whose practices are scored already."""
    _refuse_doubles(scores)
    applicable = [score for score in scores if score.is_applicable]
    not_applicable_share = 1 - _share(applicable, of=scores)
    if not applicable or not_applicable_share > HIGHEST_NOT_APPLICABLE_SHARE:
        return RuleScore(scores, None, None, None, not_applicable_share)
    return RuleScore(
        practices=scores,
        level=max(level for level in range(HIGHEST_LEVEL + 1) if not _obstacles(applicable, level, FULL_SHARE)),
        index=weighted_index((score.practice.weight, score.verified) for score in applicable),
        declared_index=weighted_index((score.practice.weight, score.declared_level) for score in applicable),
        not_applicable_share=not_applicable_share,
    )


def confidence(rules: Iterable[RuleScore]) -> dict[EvidenceClass, Fraction]:
    """Share of applicable weight by evidence class, over one rule or several; shown, never multiplied in.

    Empty when nothing is applicable; otherwise every class is there and the shares add up to 1.
    """
    weights: Counter[EvidenceClass] = Counter()
    for rule in rules:
        for score in rule.applicable:
            weights[score.evidence] += score.practice.weight
    total = weights.total()
    return {evidence: Fraction(weights[evidence], total) for evidence in EvidenceClass} if total else {}


# --- Why not the next level ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class GateBelow:
    """A gate practice that is verified below the level asked for."""

    practice: str
    verified: int
    needed: int


@dataclass(frozen=True, slots=True)
class BelowFloor:
    """A practice, not a gate, more than one level behind; `needed` is the level below the one asked for."""

    practice: str
    verified: int
    needed: int


@dataclass(frozen=True, slots=True)
class ShareShort:
    """Too little weight at the level: `missing_weight` more is needed, out of `practices`, which are below it."""

    share: Fraction
    needed: Fraction
    missing_weight: int
    practices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TooMuchNotApplicable:
    """So much weight was set aside that the rule cannot be assessed."""

    share: Fraction
    allowed: Fraction = HIGHEST_NOT_APPLICABLE_SHARE


Obstacle = GateBelow | BelowFloor | ShareShort | TooMuchNotApplicable


def obstacles(rule: RuleScore, level: int) -> list[Obstacle]:
    """Everything that keeps a rule from `level` (1 to 4), gates first; empty when it is reached."""
    if not 1 <= level <= HIGHEST_LEVEL:
        raise ValueError(f"A rule is asked for a level between 1 and {HIGHEST_LEVEL}, not {level}.")
    if not rule.is_assessable:
        return [TooMuchNotApplicable(rule.not_applicable_share)]
    return _obstacles(rule.applicable, level, FULL_SHARE)


def next_level(rule: RuleScore) -> int | None:
    """The level above the one reached; None at the top and where the rule is not assessable."""
    return None if rule.level is None or rule.level == HIGHEST_LEVEL else rule.level + 1


def _obstacles(applicable: Sequence[PracticeScore], level: int, needed: Fraction) -> list[Obstacle]:
    found: list[Obstacle] = [
        GateBelow(score.practice.key, score.verified, level)
        for score in applicable
        if score.practice.is_gate and score.verified < level
    ]
    found += [
        BelowFloor(score.practice.key, score.verified, level - 1)
        for score in applicable
        if not score.practice.is_gate and score.verified < level - 1
    ]
    below = [score for score in applicable if score.verified < level]
    share = 1 - _share(below, of=applicable)
    if share < needed:
        missing = (needed - share) * sum(score.practice.weight for score in applicable)
        found.append(ShareShort(share, needed, ceil(missing), tuple(score.practice.key for score in below)))
    return found


def _share(scores: Sequence[PracticeScore], *, of: Sequence[PracticeScore]) -> Fraction:
    """The share of weight that `scores` hold in `of`; 0 in nothing."""
    total = sum(score.practice.weight for score in of)
    return Fraction(sum(score.practice.weight for score in scores), total) if total else Fraction(0)


def _refuse_doubles(scores: Sequence[PracticeScore]) -> None:
    twice = [key for key, times in Counter(score.practice.key for score in scores).items() if times > 1]
    if twice:
        raise ValueError(f"Answered twice in one rule: {', '.join(sorted(twice))}.")


# --- A level on condition ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class GapAction:
    """An action promised on `agreed_on` to bring a practice to `level`."""

    practice: str
    level: int
    owner: str | None
    agreed_on: date
    due_on: date | None

    @property
    def is_firm(self) -> bool:
        """Has an owner and a date within half a year of the promise."""
        return (
            bool(self.owner)
            and self.due_on is not None
            and self.due_on <= self.agreed_on + timedelta(days=CONDITIONAL_DAYS)
        )


@dataclass(frozen=True, slots=True)
class ConditionalLevel:
    """A level one above the reached one, until the first of its promises falls due (that day included)."""

    level: int
    until: date
    actions: tuple[GapAction, ...]


def conditional_level(rule: RuleScore, actions: Iterable[GapAction], *, today: date) -> ConditionalLevel | None:
    """The next level on condition, or None.

    Every gate holds it, 60 % of the weight does, nothing is more than one level behind, and each practice below it has
    an action with owner and date within 180 days. `actions` are all that were ever agreed, closed and late ones
    included: for one gap (practice and level) the first promise stands, so that a new date does not renew it.
    """
    level = next_level(rule)
    if level is None or _obstacles(rule.applicable, level, CONDITIONAL_SHARE):
        return None
    promises = _first_promises(actions, today)
    gaps = [(score.practice.key, level) for score in rule.applicable if score.verified < level]
    if any(gap not in promises for gap in gaps):
        return None
    kept = tuple(promises[gap] for gap in gaps)
    until = min(action.due_on for action in kept if action.due_on is not None)
    return ConditionalLevel(level, until, kept) if today <= until else None


def _first_promises(actions: Iterable[GapAction], today: date) -> dict[tuple[str, int], GapAction]:
    made = (action for action in actions if action.is_firm and action.agreed_on <= today)
    latest_first = sorted(made, key=lambda action: (action.agreed_on, action.due_on), reverse=True)
    return {(action.practice, action.level): action for action in latest_first}
