"""Blind rounds for tests, through the verbs that the pages call."""

from collections.abc import Sequence
from datetime import date, timedelta

from django.utils import timezone

from accounts.models import User
from readiness.assessments.models import Assessment
from readiness.perceptions import asking
from readiness.perceptions.models import BlindRound
from readiness.perceptions.spread import Circle
from tests.factories import UserFactory
from tests.readiness.assessments.writing import NOW, days_ago

IT, BUSINESS, BOARD = Circle


def open_blind(
    assessment: Assessment,
    by: User,
    people: Sequence[tuple[User, Circle]],
    *,
    practices: Sequence[str] = ("UC1", "INF3"),
    is_anonymous: bool = False,
    due_on: date | None = None,
) -> BlindRound:
    return asking.open_round(
        assessment=assessment,
        practices=practices,
        people=people,
        is_anonymous=is_anonymous,
        due_on=due_on or days_ago(-5),
        note="",
        by=by,
        now=NOW,
    )


def reply(blind_round: BlindRound, person: User, level: int | None, *practices: str, comment: str = "") -> None:
    """Answer the practices, or all, with one level."""
    invitation = blind_round.invitations.select_related("round").get(person=person)
    replies = dict.fromkeys(practices or blind_round.practices, (level, comment))
    asking.save_blind_answers(invitation=invitation, replies=replies, now=NOW)


def closed(blind_round: BlindRound, by: User) -> BlindRound:
    asking.close(blind_round=blind_round, by=by, now=NOW)
    blind_round.refresh_from_db()
    return blind_round


def answered(
    assessment: Assessment,
    by: User,
    levels: Sequence[tuple[Circle, int | None]],
    *,
    practices: Sequence[str] = ("UC1", "INF3"),
    is_anonymous: bool = False,
) -> BlindRound:
    """A closed round of somebody new for each level."""
    people = [(UserFactory(name=f"Guest {number}"), circle) for number, (circle, _level) in enumerate(levels)]
    opened = open_blind(assessment, by, people, practices=practices, is_anonymous=is_anonymous)
    for (person, _circle), (_same, level) in zip(people, levels, strict=True):
        reply(opened, person, level, comment=f"By {person.name}")
    return closed(opened, by)


def past_due(blind_round: BlindRound) -> BlindRound:
    """As the round stands after its last day."""
    blind_round.due_on = timezone.localdate() - timedelta(days=1)
    blind_round.save()
    return blind_round
