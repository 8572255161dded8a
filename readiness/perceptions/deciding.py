"""Taking the level that was decided after a blind round into the assessment, by the same verb as any other answer."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.audit import record
from accounts.models import User
from readiness.assessments.answering import save_answer
from readiness.assessments.models import Answer
from readiness.assessments.replies import Reply
from readiness.bank import load_bank
from readiness.exceptions import ReadinessError
from readiness.perceptions.models import BlindDecision, BlindRound
from readiness.perceptions.reading import answers_of, perceptions_of


class NotClosed(ReadinessError):
    code = "not_closed"
    message = _("This round is still open. Close it first, or wait for its last day.")


class NoReason(ReadinessError):
    code = "no_reason"
    message = _("Say in a few words why you decide on another level than the lower median.")


class NoLongerAsked(ReadinessError):
    code = "no_longer_asked"
    message = _("The assessment no longer asks this practice: it has moved to another version of the question bank.")


def decide(
    *, blind_round: BlindRound, practice: str, level: int, reason: str, seen_version: int, by: User, now: datetime
) -> BlindDecision:
    """Write the level into the assessment, its note kept, and remember what was decided and why.

    A level other than the lower median of everybody needs a reason. Raises `NotClosed`, `NoReason`, `NoLongerAsked`,
    and what `save_answer` raises.
    """
    if blind_round.is_open(timezone.localdate(now)):
        raise NotClosed
    total = perceptions_of(blind_round, answers_of(blind_round))[practice].total
    if level != (total.median if total else None) and not reason.strip():
        raise NoReason
    assessment = blind_round.assessment
    if practice not in {each.key for each in load_bank(assessment.bank_version).practices}:
        raise NoLongerAsked
    with transaction.atomic():
        standing = Answer.objects.filter(assessment=assessment, practice=practice).first()
        reply = Reply(level, standing.note if standing else "")
        save_answer(assessment=assessment, practice=practice, reply=reply, seen_version=seen_version, by=by, now=now)
        values = {"level": level, "reason": reason.strip(), "decided_by": by, "decided_at": now}
        decision, _new = BlindDecision.objects.update_or_create(round=blind_round, practice=practice, defaults=values)
        record("blind_round.decide", blind_round, actor=by, practice=practice, level=level, reason=reason.strip())
    return decision
