"""Which answers wait for somebody to confirm or change them, and what each of them needs."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import prefetch_related_objects

from inference_kpis.readings.rollups import local_day
from readiness.assessments.models import Answer, Assessment, Remark
from readiness.assessments.needing import EarlierAnswer, Need, needs
from readiness.assessments.results import Measured, measurements_of
from readiness.bank import Bank, Practice, load_bank
from readiness.scoring import Measurement, Piece


@dataclass(frozen=True)
class Waiting:
    """The answers that wait: `standing` may be confirmed together, `needing` have to be looked at one by one."""

    standing: tuple[Answer, ...]
    needing: tuple[Answer, ...]


def open_remarks(assessment: Assessment) -> set[str]:
    """The practices of which a reviewer asked something that is not answered; one query."""
    return set(Remark.objects.filter(assessment=assessment, resolved_at=None).values_list("practice", flat=True))


def needs_of(
    assessment: Assessment,
    answers: Sequence[Answer],
    *,
    bank: Bank,
    remarked: Collection[str],
    now: datetime,
    measurements: Measured | None = None,
) -> dict[str, tuple[Need, ...]]:
    """What these answers of one assessment need in a version of the bank, by practice; what it does not ask is left out.

    Three queries, two where the evidence is prefetched.
    """
    prefetch_related_objects(list(answers), "evidence")
    known = measurements_of({assessment.team_id}, now) if measurements is None else measurements
    today = local_day(now)
    asked = {practice.key: practice for practice in bank.practices}
    return {
        answer.practice: needs(
            _earlier(answer, asked[answer.practice], known.get((assessment.team_id, answer.practice), ())),
            practice_in(load_bank(answer.worded_in or assessment.bank_version), answer.practice),
            asked[answer.practice],
            today=today,
            has_open_remark=answer.practice in remarked,
        )
        for answer in answers
        if answer.practice in asked
    }


def practice_in(bank: Bank, key: str) -> Practice | None:
    """The practice as a version of the bank asks it; None where it does not."""
    try:
        return bank.practice(key)
    except KeyError:
        return None


def waiting_reasons(
    assessment: Assessment, practice: Practice, answer: Answer | None, now: datetime
) -> dict[str, object]:
    """Why one answer waits, and what was asked when it was given where that differs; for a page. Four queries if it waits."""
    if answer is None or not answer.awaits_confirmation:
        return {"needs": (), "earlier_words": None}
    bank = load_bank(assessment.bank_version)
    found = needs_of(assessment, [answer], bank=bank, remarked=open_remarks(assessment), now=now)[practice.key]
    earlier = practice_in(load_bank(answer.worded_in or assessment.bank_version), practice.key)
    return {"needs": found, "earlier_words": earlier if Need.REWORDED in found else None}


def waiting_of(assessment: Assessment, now: datetime) -> Waiting:
    """The answers of an assessment that wait for somebody; five queries, one where none does."""
    bank = load_bank(assessment.bank_version)
    asked = [practice.key for practice in bank.practices]
    answers = list(assessment.answers.filter(awaits_confirmation=True, practice__in=asked))
    if not answers:
        return Waiting((), ())
    found = needs_of(assessment, answers, bank=bank, remarked=open_remarks(assessment), now=now)
    return Waiting(
        standing=tuple(answer for answer in answers if not found[answer.practice]),
        needing=tuple(answer for answer in answers if found[answer.practice]),
    )


def _earlier(answer: Answer, practice: Practice, measurements: Sequence[Measurement]) -> EarlierAnswer:
    pieces = tuple(
        Piece(piece.dated_on, piece.validity_days(practice.validity_days), piece.reviewed_by_id is not None)
        for piece in answer.evidence.all()
    )
    return EarlierAnswer(
        answer.level, answer.is_not_applicable, answer.not_applicable_until, pieces, tuple(measurements)
    )
