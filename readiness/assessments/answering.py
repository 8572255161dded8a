"""Starting an assessment and answering it: each write whole or not at all, and never over somebody else's."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from accounts.audit import record
from accounts.models import Team, User
from readiness.assessments.locking import lock_editable
from readiness.assessments.models import Answer, AnswerChange, Assessment, Evidence, Remark
from readiness.assessments.replies import NOTHING, Reply
from readiness.bank import current_version, load_bank
from readiness.exceptions import AlreadyInProgress, GateAlwaysApplies, ReadinessError


class StaleAnswer(ReadinessError):
    """Somebody else changed the answer meanwhile; `current` is what stands now."""

    code = "stale_answer"
    message = _("Somebody else changed this answer while you were writing. Compare both below and choose.")

    def __init__(self, current: Answer) -> None:
        super().__init__()
        self.current = current


def start_assessment(*, team: Team, by: User, now: datetime) -> Assessment:
    """A new assessment of the team on the current bank. Raises `AlreadyInProgress`."""
    try:
        with transaction.atomic():
            assessment = Assessment.objects.create(
                team=team, bank_version=current_version(), started_by=by, started_at=now
            )
            record("assessment.start", assessment, actor=by)
    except IntegrityError:
        raise AlreadyInProgress from None
    return assessment


def save_answer(
    *,
    assessment: Assessment,
    practice: str,
    reply: Reply,
    seen_version: int,
    by: User,
    now: datetime,
    restores: AnswerChange | None = None,
) -> Answer:
    """Write an answer if it still is at `seen_version` (0: not answered yet), and its change into the history.

    Whatever a reviewer asked of the practice is settled by it. A reply without a level is work in progress. Raises
    `NotEditable`, `GateAlwaysApplies`, or `StaleAnswer` with the answer that stands. Writing what stands already
    changes nothing, but confirms what waits for that.
    """
    if reply.is_not_applicable and load_bank(assessment.bank_version).practice(practice).gate:
        raise GateAlwaysApplies
    with transaction.atomic():
        locked = lock_editable(assessment.pk)
        answer = Answer.objects.select_related("answered_by").filter(assessment=locked, practice=practice).first()
        before = answer.reply if answer else NOTHING
        if answer and before == reply and not answer.awaits_confirmation:
            return answer
        if answer and answer.version != seen_version:
            raise StaleAnswer(answer)
        answer = answer or Answer(assessment=locked, practice=practice, version=0)
        answer.level = None if reply.is_not_applicable else reply.level
        answer.note = reply.note
        answer.is_not_applicable = reply.is_not_applicable
        answer.not_applicable_reason = reply.not_applicable_reason
        answer.not_applicable_until = reply.not_applicable_until
        if before != reply:
            answer.not_applicable_approved_by = None
        answer.awaits_confirmation, answer.worded_in = False, ""
        answer.version += 1
        answer.answered_by, answer.answered_at = by, now
        answer.save()
        change_of(answer, before, by=by, at=now, restores=restores).save()
        _settle_remarks(assessment=locked, practice=practice, now=now)
    return answer


def change_of(
    answer: Answer,
    before: Reply,
    *,
    by: User,
    at: datetime,
    restores: AnswerChange | None = None,
    carried_from: Assessment | None = None,
) -> AnswerChange:
    """The line of the history, unsaved, that says how an answer came to be what it is now."""
    return AnswerChange(
        assessment_id=answer.assessment_id,
        practice=answer.practice,
        version=answer.version,
        from_level=before.level,
        from_note=before.note,
        from_reason=before.not_applicable_reason,
        from_until=before.not_applicable_until,
        to_level=answer.level,
        to_note=answer.note,
        to_reason=answer.not_applicable_reason,
        to_until=answer.not_applicable_until,
        restores=restores,
        carried_from=carried_from,
        changed_by=by,
        changed_at=at,
    )


def _settle_remarks(*, assessment: Assessment, practice: str, now: datetime) -> None:
    """The team has answered what a reviewer asked of this practice."""
    Remark.objects.filter(assessment=assessment, practice=practice, resolved_at=None).update(resolved_at=now)


def save_reply(
    *, assessment: Assessment, practice: str, reply: Reply, form: Mapping[str, Any], by: User, now: datetime
) -> Answer:
    """The answer of a cleaned `AnswerForm`, with the evidence that came along, together or not at all.

    Somebody who saves has answered what a reviewer asked, even where the level stays.
    """
    with transaction.atomic():
        answer = save_answer(
            assessment=assessment,
            practice=practice,
            reply=reply,
            seen_version=form["seen_version"],
            by=by,
            now=now,
        )
        if form["evidence_title"]:
            add_evidence(
                answer=answer,
                title=form["evidence_title"],
                url=form["evidence_url"],
                dated_on=form["evidence_dated_on"],
                by=by,
            )
        _settle_remarks(assessment=assessment, practice=practice, now=now)
    return answer


def add_evidence(
    *, answer: Answer, title: str, url: str, dated_on: date, by: User, valid_until: date | None = None
) -> Evidence:
    """A dated link, or note where there is no link; the same one twice is one. Raises `NotEditable`."""
    with transaction.atomic():
        lock_editable(answer.assessment_id)
        kind = Evidence.Kind.LINK if url else Evidence.Kind.NOTE
        defaults = {"added_by": by, "valid_until": valid_until}
        evidence, _ = Evidence.objects.get_or_create(
            answer=answer, kind=kind, title=title, url=url, dated_on=dated_on, defaults=defaults
        )
    return evidence


def remove_evidence(*, evidence: Evidence, by: User, now: datetime) -> None:
    """Withdraw a piece of evidence while the assessment is open; it can be put back. Raises `NotEditable`."""
    with transaction.atomic():
        lock_editable(evidence.answer.assessment_id)
        if Evidence.objects.filter(pk=evidence.pk).update(withdrawn_at=now, withdrawn_by=by):
            record("evidence.remove", evidence.title, actor=by, practice=evidence.answer.practice)


def restore_evidence(*, evidence: Evidence, by: User) -> None:
    """Put a withdrawn piece back while the assessment is open. Raises `NotEditable`."""
    with transaction.atomic():
        lock_editable(evidence.answer.assessment_id)
        withdrawn = Evidence.everything.filter(pk=evidence.pk).exclude(withdrawn_at=None)
        if withdrawn.update(withdrawn_at=None, withdrawn_by=None):
            record("evidence.restore", evidence.title, actor=by, practice=evidence.answer.practice)
