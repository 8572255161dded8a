"""One practice: what was declared, what stands behind it, and the verified level that follows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from readiness.scoring.evidence import HIGHEST_LEVEL, EvidenceClass, Piece, evidence_class, level_cap
from readiness.scoring.measurement import (
    BindingState,
    Measurement,
    combined_contradiction,
    combined_level,
    combined_state,
)


class NotApplicableOnGate(ValueError):
    """A gate practice always applies: a company cannot opt out of it."""

    def __init__(self, practice: str) -> None:
        super().__init__(f"{practice} is a gate practice: it cannot be set aside as not applicable.")
        self.practice = practice


@dataclass(frozen=True, slots=True)
class ScoredPractice:
    """What the score needs to know of a practice of the bank."""

    key: str
    weight: int = 1
    is_gate: bool = False
    is_measurable: bool = False

    def __post_init__(self) -> None:
        if self.weight < 1:
            raise ValueError(f"{self.key}: a weight is a whole number from 1, not {self.weight}.")


@dataclass(frozen=True, slots=True)
class NotApplicable:
    """A wish to leave a practice out. It counts once it has a reason and an approver, through its last day."""

    reason: str
    is_approved: bool
    expires_on: date | None

    def is_in_force(self, today: date) -> bool:
        return (
            bool(self.reason.strip()) and self.is_approved and self.expires_on is not None and today <= self.expires_on
        )


@dataclass(frozen=True, slots=True)
class PracticeAnswer:
    """One practice as a team answered it. `declared` is None while unanswered; one measurement per binding."""

    practice: ScoredPractice
    declared: int | None
    pieces: tuple[Piece, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    not_applicable: NotApplicable | None = None

    def __post_init__(self) -> None:
        if self.declared is not None and not 0 <= self.declared <= HIGHEST_LEVEL:
            raise ValueError(f"{self.practice.key}: a level lies between 0 and {HIGHEST_LEVEL}, not {self.declared}.")
        if self.not_applicable is not None and self.practice.is_gate:
            raise NotApplicableOnGate(self.practice.key)


class Limit(StrEnum):
    """Why a practice is verified below what was declared."""

    EVIDENCE = "evidence"  # a better class of evidence would lift it
    NOT_MEASURED = "not_measured"  # only a fresh measurement proves the level of a measurable practice
    CONTRADICTED = "contradicted"  # two windows in a row measured less


@dataclass(frozen=True, slots=True)
class PracticeScore:
    """A practice, scored. `state` is None without a binding, `measured_level` unless every binding is fresh."""

    practice: ScoredPractice
    declared: int | None
    verified: int
    evidence: EvidenceClass
    is_applicable: bool = True
    state: BindingState | None = None
    measured_level: int | None = None
    limit: Limit | None = None

    @property
    def is_answered(self) -> bool:
        return self.declared is not None

    @property
    def declared_level(self) -> int:
        """The declared level as scores count it: unanswered is 0."""
        return self.declared or 0


def lower_median(levels: Sequence[int]) -> int:
    """Where an owner starts from when several people answered blind; the lower one of two middles."""
    if not levels:
        raise ValueError("Nobody answered: there is no median.")
    return sorted(levels)[(len(levels) - 1) // 2]


def verified_level(
    declared: int,
    evidence: EvidenceClass,
    *,
    is_measurable: bool = False,
    measured_level: int | None = None,
    contradicted_at: int | None = None,
) -> int:
    """min(declared, cap), and no more than what two windows in a row measured.

    A fresh measurement also proves the level it measured to whoever claims more: without that, claiming level 4 where
    3 was measured would verify less than claiming 3.
    """
    believed = max(level_cap(evidence, is_measurable=is_measurable), measured_level or 0)
    return min(declared, believed, HIGHEST_LEVEL if contradicted_at is None else contradicted_at)


def practice_score(answer: PracticeAnswer, *, today: date) -> PracticeScore:
    """Evidence and exemptions age with `today`; the measurements are as of when they were made."""
    declared = answer.declared or 0
    measured = combined_level(answer.measurements)
    contradicted_at = combined_contradiction(answer.measurements, declared)
    state = combined_state(answer.measurements, declared)
    evidence = _evidence(answer, measured, state, today)
    verified = verified_level(
        declared,
        evidence,
        is_measurable=answer.practice.is_measurable,
        measured_level=measured,
        contradicted_at=contradicted_at,
    )
    return PracticeScore(
        practice=answer.practice,
        declared=answer.declared,
        verified=verified,
        evidence=evidence,
        is_applicable=answer.not_applicable is None or not answer.not_applicable.is_in_force(today),
        state=state,
        measured_level=measured,
        limit=_limit(verified, declared, evidence, contradicted_at),
    )


def _evidence(answer: PracticeAnswer, measured: int | None, state: BindingState | None, today: date) -> EvidenceClass:
    if answer.declared is None:
        return EvidenceClass.NONE  # evidence of nothing that was said
    if measured is not None and state in {BindingState.CONFIRMED, BindingState.CONTRADICTED}:
        return EvidenceClass.MEASURED
    return evidence_class(answer.pieces, today=today)


def _limit(verified: int, declared: int, evidence: EvidenceClass, contradicted_at: int | None) -> Limit | None:
    if verified == declared:
        return None
    if verified == contradicted_at:
        return Limit.CONTRADICTED
    return Limit.NOT_MEASURED if evidence >= EvidenceClass.REVIEWED else Limit.EVIDENCE
