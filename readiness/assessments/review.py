"""From submitted to approved: who may say so, and what is frozen when they do."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from accounts.audit import record
from accounts.models import User
from readiness.assessments.locking import lock_editable
from readiness.assessments.models import Answer, Assessment, Evidence, Remark, Snapshot, digest_of
from readiness.assessments.results import result_of
from readiness.assessments.succession import settle_carried
from readiness.bank import load_bank
from readiness.exceptions import (
    NothingAnswered,
    NothingToSay,
    NotSetAside,
    NotSubmitted,
    OpenRemarks,
    OwnAnswers,
    OwnEvidence,
    OwnNotApplicable,
    UndecidedNotApplicable,
)

State = Assessment.State


def submit_assessment(*, assessment: Assessment, by: User, now: datetime, confirming: int = 0) -> Assessment:
    """Hand the assessment to a reviewer, and confirm what was carried over: `confirming` is the number that was shown.

    Raises `NotEditable`, `NothingAnswered` while a gate practice is open, and what `settle_carried` raises.
    """
    with transaction.atomic():
        locked = lock_editable(assessment.pk)
        answered = set(locked.answers.exclude(level=None).values_list("practice", flat=True))
        gates = {gate.key for rule in load_bank(locked.bank_version).rules for gate in rule.gates}
        if gates - answered:
            raise NothingAnswered
        settle_carried(locked=locked, confirming=confirming, by=by, now=now)
        locked.state, locked.submitted_by, locked.submitted_at = State.SUBMITTED, by, now
        locked.save()
        record("assessment.submit", locked, actor=by)
    return locked


def remark(*, assessment: Assessment, practice: str, text: str, by: User, now: datetime) -> Remark:
    """Ask for a change of one practice; it stays open until the team has answered it again. Raises `NotSubmitted`."""
    with transaction.atomic():
        locked = _submitted(assessment)
        kept = Remark.objects.create(assessment=locked, practice=practice, text=text, written_by=by, written_at=now)
        record("assessment.remark", locked, actor=by, practice=practice)
    return kept


def withdraw_remark(*, remark: Remark, by: User) -> None:
    """Take back what was asked for before the team got to see it. Raises `NotSubmitted`."""
    with transaction.atomic():
        locked = _submitted(remark.assessment)
        record("assessment.withdraw_remark", locked, actor=by, practice=remark.practice)
        remark.delete()


def decide_not_applicable(*, answer: Answer, is_accepted: bool, reason: str, by: User, now: datetime) -> None:
    """Accept that a practice was set aside, or refuse it, which asks the team for an answer.

    Raises `NotSubmitted`, `NotSetAside`, or `OwnNotApplicable` for whoever set it aside.
    """
    with transaction.atomic():
        locked = _submitted(answer.assessment)
        answer = Answer.objects.select_for_update(of=("self",)).get(pk=answer.pk)
        if not answer.is_not_applicable:
            raise NotSetAside
        if answer.answered_by_id == by.pk:
            raise OwnNotApplicable
        answer.not_applicable_approved_by = by if is_accepted else None
        answer.save(update_fields=["not_applicable_approved_by"])
        if not is_accepted:
            Remark.objects.create(
                assessment=locked, practice=answer.practice, text=reason, written_by=by, written_at=now
            )
        verb = "answer.accept_not_applicable" if is_accepted else "answer.refuse_not_applicable"
        record(verb, locked, actor=by, practice=answer.practice)


def send_back(*, assessment: Assessment, remark: str, by: User) -> Assessment:
    """Give it back to the team with what was asked of practices, of the whole, or both.

    Raises `NotSubmitted`, or `NothingToSay` without any of them.
    """
    with transaction.atomic():
        locked = _submitted(assessment)
        asked = locked.remarks.filter(resolved_at=None).count()
        if not remark and not asked:
            raise NothingToSay
        locked.state, locked.remark, locked.reviewed_by = State.SENT_BACK, remark, by
        locked.save()
        record("assessment.send_back", locked, actor=by, remark=remark, practices=asked)
    return locked


def had_a_hand(user: User, assessment: Assessment) -> bool:
    """Whether this person started, answered, proved or submitted any of it, now or earlier; at most two queries."""
    if user.pk in {assessment.started_by_id, assessment.submitted_by_id}:
        return True
    answered = assessment.answers.filter(Q(answered_by=user) | Q(evidence__added_by=user)).exists()
    return answered or assessment.changes.filter(changed_by=user).exists()


def approve_assessment(*, assessment: Assessment, by: User, now: datetime) -> Assessment:
    """Approve, and freeze the scores with what stands behind them.

    Raises `NotSubmitted`, `OwnAnswers` for somebody who had a hand in it, `OpenRemarks` and `UndecidedNotApplicable`.
    """
    with transaction.atomic():
        locked = _submitted(assessment)
        if had_a_hand(by, locked):
            raise OwnAnswers
        if locked.remarks.filter(resolved_at=None).exists():
            raise OpenRemarks
        if locked.answers.filter(is_not_applicable=True, not_applicable_approved_by=None).exists():
            raise UndecidedNotApplicable
        locked.state, locked.reviewed_by, locked.approved_at, locked.remark = State.APPROVED, by, now, ""
        locked.save()
        scores = result_of(locked, now).frozen()
        Snapshot.objects.create(assessment=locked, taken_at=now, scores=scores, digest=digest_of(scores))
        record("assessment.approve", locked, actor=by)
    return locked


def review_evidence(*, evidence: Evidence, by: User, now: datetime) -> None:
    """Say that somebody else looked at a piece of evidence and found it good; who says so first, stands.

    Raises `OwnEvidence`.
    """
    if evidence.added_by_id == by.pk:
        raise OwnEvidence
    with transaction.atomic():
        if Evidence.objects.filter(pk=evidence.pk, reviewed_by=None).update(
            reviewed_by=by, reviewed_at=now, refusal=""
        ):
            record("evidence.review", evidence.title, actor=by, practice=evidence.answer.practice)


def _submitted(assessment: Assessment) -> Assessment:
    locked = Assessment.objects.select_for_update().get(pk=assessment.pk)
    if locked.state != State.SUBMITTED:
        raise NotSubmitted
    return locked


def refuse_evidence(*, evidence: Evidence, reason: str, by: User) -> None:
    """Say why a piece does not show what it should; it counts as not reviewed. Raises `OwnEvidence`."""
    if evidence.added_by_id == by.pk:
        raise OwnEvidence
    with transaction.atomic():
        if Evidence.objects.filter(pk=evidence.pk, reviewed_by=None).update(refusal=reason):
            record("evidence.refuse", evidence.title, actor=by, practice=evidence.answer.practice, reason=reason)


def review_pieces(*, assessment: Assessment, pieces: Iterable[int], by: User, now: datetime) -> int:
    """Say of several pieces of an assessment's evidence that somebody else looked at them; how many it was new for.

    One's own are passed over.
    """
    found = Evidence.objects.filter(pk__in=list(pieces), answer__assessment=assessment, reviewed_by=None)
    with transaction.atomic():
        locked = list(found.exclude(added_by=by).select_for_update(of=("self",)).select_related("answer"))
        Evidence.objects.filter(pk__in=[piece.pk for piece in locked]).update(reviewed_by=by, reviewed_at=now)
        for piece in locked:
            record("evidence.review", piece.title, actor=by, practice=piece.answer.practice)
    return len(locked)
