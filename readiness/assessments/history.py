"""What became of each answer: every change, who made it and when, the way back to one, and all of them as a table."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from inference_kpis.spreadsheet import as_text
from readiness.assessments.answering import save_answer
from readiness.assessments.models import Answer, AnswerChange, Assessment
from readiness.assessments.replies import Reply
from readiness.exceptions import ReadinessError

COLUMNS = (
    *("changed_at_utc", "changed_by", "practice", "version"),
    *("from_level", "from_note", "from_not_applicable_reason", "from_not_applicable_until"),
    *("to_level", "to_note", "to_not_applicable_reason", "to_not_applicable_until", "restores_version"),
    "carried_from_assessment",
)


class DateHasPassed(ReadinessError):
    code = "date_has_passed"
    message = _("That version set the practice aside until a date that has passed. Answer it anew.")


def changes_of(assessment: Assessment, practice: str) -> QuerySet[AnswerChange]:
    """The changes of one answer, newest first."""
    return AnswerChange.objects.filter(assessment=assessment, practice=practice).select_related(
        "changed_by", "restores", "carried_from"
    )


def replies_at(assessment: Assessment, versions: Mapping[str, int]) -> dict[str, Reply]:
    """What the answers to these practices said at these versions, where the history has them; one query."""
    found = AnswerChange.objects.filter(assessment=assessment, practice__in=versions, version__in=versions.values())
    return {
        change.practice: change.after for change in found.order_by("id") if change.version == versions[change.practice]
    }


def restore(
    *, assessment: Assessment, change: AnswerChange, seen_version: int, by: User, now: datetime, today: date
) -> Answer:
    """Answer again what was answered then, which is a change of its own.

    Raises `DateHasPassed`, and what `save_answer` raises.
    """
    reply = change.after
    if reply.not_applicable_until and reply.not_applicable_until <= today:
        raise DateHasPassed
    return save_answer(
        assessment=assessment,
        practice=change.practice,
        reply=reply,
        seen_version=seen_version,
        by=by,
        now=now,
        restores=change,
    )


def table(changes: Iterable[AnswerChange]) -> Iterator[tuple[object, ...]]:
    """A row of `COLUMNS` per change: moments in UTC, text as written, nothing where there was nothing."""
    for each in changes:
        yield (
            each.changed_at.astimezone(UTC).isoformat(timespec="seconds"),
            as_text(str(each.changed_by)),
            each.practice,
            each.version,
            each.from_level,
            as_text(each.from_note),
            as_text(each.from_reason),
            each.from_until,
            each.to_level,
            as_text(each.to_note),
            as_text(each.to_reason),
            each.to_until,
            each.restores.version if each.restores else None,
            each.carried_from_id,
        )
