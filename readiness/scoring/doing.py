"""What a rule would score once steps are done: answered, proved and scored again, exactly as when it happens."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

from readiness.scoring.cheapest import Proof, Step, standing
from readiness.scoring.evidence import EvidenceClass, Piece, evidence_class
from readiness.scoring.measurement import WINDOWS_TO_CONTRADICT, Measurement
from readiness.scoring.practices import PracticeAnswer, practice_score
from readiness.scoring.rules import RuleScore, rule_score


def rule_after(answers: Iterable[PracticeAnswer], steps: Iterable[Step], *, today: date) -> RuleScore:
    """The score of a rule with these steps done today.

    An action counts only with all those below it, since a ladder is not climbed by its last rung; a review only with
    something to review. What nodes measure is taken to follow the action that was done.
    """
    done = tuple(steps)
    return rule_score([_after(answer, done, today) for answer in answers], today=today)


def _after(answer: PracticeAnswer, steps: Iterable[Step], today: date) -> PracticeAnswer:
    mine = [step for step in steps if step.practice == answer.practice.key]
    opened = {step.opens for step in mine if step.proof is None}
    score = practice_score(answer, today=today)
    level = reached = standing(score)
    while reached + 1 in opened:
        reached += 1
    is_climbing = reached > level
    declared = max(reached, score.declared_level) if is_climbing else answer.declared
    measurements = answer.measurements
    if is_climbing:
        is_measured = score.evidence is EvidenceClass.MEASURED
        measurements = tuple(_following(each, reached, is_measured=is_measured) for each in measurements)
    proofs = {step.proof for step in mine if step.proof}
    if Proof.MEASURE in proofs and declared is not None:
        measurements = (Measurement(declared, declared, WINDOWS_TO_CONTRADICT),)
    pieces = (*answer.pieces, *_proved(answer, proofs, today))
    return replace(answer, declared=declared, pieces=pieces, measurements=measurements)


def _following(measurement: Measurement, level: int, *, is_measured: bool) -> Measurement:
    """A measurement that would hold back what was just done now shows it; one that says nothing yet stays so."""
    if measurement.level is None or not (is_measured or measurement.windows >= WINDOWS_TO_CONTRADICT):
        return measurement
    return replace(measurement, level=max(measurement.level, level), latest_level=max(measurement.level, level))


def _proved(answer: PracticeAnswer, proofs: set[Proof], today: date) -> list[Piece]:
    has_something = Proof.ATTACH in proofs or evidence_class(answer.pieces, today=today) >= EvidenceClass.ATTACHED
    if Proof.REVIEW in proofs and has_something:
        return [Piece(today, 1, is_reviewed=True)]
    return [Piece(today, 1)] if Proof.ATTACH in proofs else []
