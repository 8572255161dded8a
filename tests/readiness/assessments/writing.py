"""Writing assessments for tests, through the verbs that the pages call."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone

from accounts.models import Role, Team, User
from readiness.assessments import answering, review
from readiness.assessments.answering import Reply
from readiness.assessments.models import Answer, Assessment, Evidence, Remark
from readiness.bank import load_bank
from tests.factories import UserFactory, member_of

NOW = datetime.now(UTC)
PRACTICES = tuple(practice.key for practice in load_bank("2026.1").practices)
GATES = tuple(practice.key for practice in load_bank("2026.1").practices if practice.gate)


def days_ago(days: int) -> Any:
    """A date by the company's calendar; negative is in the future."""
    return timezone.localdate() - timedelta(days=days)


def start(team: Team, by: User) -> Assessment:
    return answering.start_assessment(team=team, by=by, now=NOW)


def answer(assessment: Assessment, practice: str, level: int, by: User) -> Answer:
    """Choose a level, whatever stood there before."""
    standing = Answer.objects.filter(assessment=assessment, practice=practice).first()
    return answering.save_answer(
        assessment=assessment,
        practice=practice,
        reply=Reply(level),
        seen_version=standing.version if standing else 0,
        by=by,
        now=NOW,
    )


def set_aside(assessment: Assessment, practice: str, by: User) -> Answer:
    """Say that a practice does not apply for now."""
    reply = Reply(None, not_applicable_reason="No such nodes.", not_applicable_until=days_ago(-90))
    return answering.save_answer(assessment=assessment, practice=practice, reply=reply, seen_version=0, by=by, now=NOW)


def decide(assessment: Assessment, practice: str, reviewer: User, *, is_accepted: bool = True) -> None:
    """What a reviewer says of a practice that was set aside."""
    written = Answer.objects.select_related("assessment").get(assessment=assessment, practice=practice)
    review.decide_not_applicable(answer=written, is_accepted=is_accepted, reason="We run them.", by=reviewer, now=NOW)


def ask_to_change(assessment: Assessment, practice: str, by: User, text: str = "Name the owner.") -> Remark:
    """What a reviewer writes about one practice."""
    return Remark.objects.create(assessment=assessment, practice=practice, text=text, written_by=by, written_at=NOW)


def attach(written: Answer, by: User, *, reviewed_by: User | None = None, days_old: int = 20) -> Evidence:
    """A piece of evidence, reviewed if somebody is named."""
    evidence = answering.add_evidence(
        answer=written, title=f"Minutes of {written.practice}", url="", dated_on=days_ago(days_old), by=by
    )
    if reviewed_by:
        review.review_evidence(evidence=evidence, by=reviewed_by, now=NOW)
    return evidence


def answer_all(assessment: Assessment, level: int, by: User, *, reviewed_by: User | None = None, **other: int) -> None:
    """Answer every practice with `level` (`other`: some practices otherwise), evidence reviewed if somebody is named.

    Written as rows, because it stands before half of the tests.
    """
    answers = Answer.objects.bulk_create(
        [
            Answer(
                assessment=assessment,
                practice=practice,
                level=other.get(practice, level),
                answered_by=by,
                answered_at=NOW,
            )
            for practice in PRACTICES
        ],
        update_conflicts=True,
        unique_fields=["assessment", "practice"],
        update_fields=["level", "answered_by", "answered_at", "version"],
    )
    if reviewed_by:
        Evidence.objects.bulk_create(
            Evidence(
                answer=written,
                kind=Evidence.Kind.NOTE,
                title=f"Minutes of {written.practice}",
                dated_on=days_ago(20),
                added_by=by,
                reviewed_by=reviewed_by,
                reviewed_at=NOW,
            )
            for written in answers
        )


def approved(team: Team, level: int = 3, *, backed: bool = True, **other: int) -> Assessment:
    """A whole assessment of the team, approved; backed by reviewed evidence unless told."""
    by, reviewer = member_of(team), UserFactory(role=Role.REVIEWER)
    assessment = start(team, by)
    answer_all(assessment, level, by, reviewed_by=reviewer if backed else None, **other)
    return approve(assessment, reviewer)


def submit(assessment: Assessment, by: User) -> Assessment:
    return review.submit_assessment(assessment=assessment, by=by, now=NOW)


def approve(assessment: Assessment, reviewer: User) -> Assessment:
    """Submitted by who started it, approved by the reviewer, what was set aside included."""
    submitted = submit(assessment, assessment.started_by)
    for practice in Answer.objects.filter(assessment=assessment, is_not_applicable=True).values_list(
        "practice", flat=True
    ):
        decide(assessment, practice, reviewer)
    return review.approve_assessment(assessment=submitted, by=reviewer, now=NOW)


def form(level: int | str, *, seen_version: int = 0, **fields: Any) -> Mapping[str, Any]:
    """What the browser sends for one practice."""
    return {"level": str(level), "seen_version": str(seen_version), **fields}
