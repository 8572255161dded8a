"""Asking and saying things for tests, through the verbs that the pages call."""

from collections.abc import Sequence
from datetime import date

from accounts.models import Team, User
from readiness.access import people_who_see
from readiness.assessments.models import Assessment
from readiness.teamwork import assigning, commenting
from readiness.teamwork.models import Assignment, Comment
from tests.readiness.assessments.writing import NOW


def ask(
    assessment: Assessment,
    to: User | Team,
    by: User,
    *,
    practices: Sequence[str] = ("UC1",),
    due_on: date | None = None,
    note: str = "",
) -> Assignment:
    """Ask a person or a team; the last assignment."""
    person, team = (to, None) if isinstance(to, User) else (None, to)
    return assigning.assign(
        assessment=assessment,
        practices=practices,
        person=person,
        team=team,
        due_on=due_on,
        note=note,
        by=by,
        now=NOW,
    )[-1]


def say(
    assessment: Assessment,
    text: str,
    by: User,
    *,
    practice: str = "UC1",
    mention: User | None = None,
    parent: Comment | None = None,
) -> Comment:
    """Comment on a practice."""
    return commenting.write_comment(
        assessment=assessment,
        practice=practice,
        text=text,
        mention=mention,
        parent=parent,
        audience=people_who_see(assessment, practice),
        by=by,
        now=NOW,
    )
