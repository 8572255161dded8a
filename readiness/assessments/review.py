"""From submitted to approved: who may say so, and what is frozen when they do."""

from datetime import datetime

from django.db import transaction
from django.db.models import Q

from accounts.audit import record
from accounts.models import User
from readiness.assessments.models import Assessment, Evidence, Remark, Snapshot
from readiness.assessments.results import result_of
from readiness.assessments.succession import settle_carried
from readiness.bank import load_bank
from readiness.exceptions import NotEditable, NothingAnswered, NotSubmitted, OwnAnswers, OwnEvidence

State = Assessment.State


def submit_assessment(*, assessment: Assessment, by: User, now: datetime, confirming: int = 0) -> Assessment:
    """Hand the assessment to a reviewer, and confirm what was carried over: `confirming` is the number that was shown.

    Raises `NotEditable`, `NothingAnswered` while a gate practice is open, and what `settle_carried` raises.
    """
    with transaction.atomic():
        locked = Assessment.objects.select_for_update().get(pk=assessment.pk)
        if not locked.is_editable:
            raise NotEditable
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


def send_back(*, assessment: Assessment, remark: str, by: User) -> Assessment:
    """Give it back to the team with a remark. Raises `NotSubmitted`."""
    with transaction.atomic():
        locked = _submitted(assessment)
        locked.state, locked.remark, locked.reviewed_by = State.SENT_BACK, remark, by
        locked.save()
        record("assessment.send_back", locked, actor=by, remark=remark)
    return locked


def approve_assessment(*, assessment: Assessment, by: User, now: datetime) -> Assessment:
    """Approve, which also approves what was set aside as not applicable, and freeze the scores.

    Raises `NotSubmitted`, or `OwnAnswers` for somebody who had a hand in it.
    """
    with transaction.atomic():
        locked = _submitted(assessment)
        had_a_hand = locked.answers.filter(Q(answered_by=by) | Q(evidence__added_by=by)).exists()
        if had_a_hand or by.pk in {locked.started_by_id, locked.submitted_by_id}:
            raise OwnAnswers
        locked.answers.filter(is_not_applicable=True).update(not_applicable_approved_by=by)
        locked.state, locked.reviewed_by, locked.approved_at, locked.remark = State.APPROVED, by, now, ""
        locked.save()
        result = result_of(locked, now)
        Snapshot.objects.create(assessment=locked, taken_at=now, scores=result.frozen())
        record("assessment.approve", locked, actor=by)
    return locked


def review_evidence(*, evidence: Evidence, by: User, now: datetime) -> None:
    """Say that somebody else looked at a piece of evidence and found it good; who says so first, stands.

    Raises `OwnEvidence`.
    """
    if evidence.added_by_id == by.pk:
        raise OwnEvidence
    with transaction.atomic():
        if Evidence.objects.filter(pk=evidence.pk, reviewed_by=None).update(reviewed_by=by, reviewed_at=now):
            record("evidence.review", evidence.title, actor=by, practice=evidence.answer.practice)


def _submitted(assessment: Assessment) -> Assessment:
    locked = Assessment.objects.select_for_update().get(pk=assessment.pk)
    if locked.state != State.SUBMITTED:
        raise NotSubmitted
    return locked
