"""Planning actions for tests, through the verbs that the pages call."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.utils.timezone import localdate

from accounts.models import Role, Team, User
from readiness.actions import writing
from readiness.actions.models import Action
from readiness.actions.recommendations import Recommendation, recommendation_of
from readiness.assessments.models import Answer, Assessment, Evidence
from readiness.bank import load_bank
from tests.factories import UserFactory, member_of

NOW = datetime.now(UTC)
TODAY = localdate(NOW)
BANK = "2026.2"


def in_days(days: int) -> date:
    return TODAY + timedelta(days=days)


def recommended(*keys: str) -> list[Recommendation]:
    return [recommendation_of(BANK, key) for key in keys]


def plan(team: Team, by: User, *keys: str, due_in: int | None = 30, days_ago: int = 0, **other: Any) -> list[Action]:
    """Plan recommendations as `by`, who owns them, `days_ago`."""
    now = NOW - timedelta(days=days_ago)
    due_on = None if due_in is None else localdate(now) + timedelta(days=due_in)
    terms = {"owner": by, "due_on": due_on, **other}
    return writing.plan_actions(
        team=team, bank_version=BANK, recommendations=recommended(*keys), by=by, now=now, **terms
    )


def move(action: Action, to: str, by: User, *, reason: str = "", now: datetime = NOW) -> Action:
    action.refresh_from_db()
    return writing.move_action(action=action, to=to, reason=reason, seen_version=action.version, by=by, now=now)


def own(team: Team, by: User, title: str = "Write it down", **values: Any) -> Action:
    """An action of the team's own."""
    action = Action(team=team, bank_version=BANK, title=title, **{"rule": 1, **values})
    return writing.save_action(action=action, waits_for=[], seen_version=0, by=by, now=NOW)


def change(action: Action, by: User, *, now: datetime = NOW, **values: Any) -> Action:
    action.refresh_from_db()
    for name, value in values.items():
        setattr(action, name, value)
    return writing.save_action(
        action=action, waits_for=list(action.blocked_by.all()), seen_version=action.version, by=by, now=now
    )


def whole(team: Team, level: int, *, state: str = "approved", proved: bool = True, **other: int) -> Assessment:
    """Every practice of the larger bank answered with `level` (`other`: some otherwise), proved by reviewed evidence."""
    by, reviewer = member_of(team), UserFactory(role=Role.REVIEWER)
    assessment = Assessment.objects.create(
        team=team, bank_version=BANK, state=state, started_by=by, reviewed_by=reviewer, approved_at=NOW
    )
    answers = Answer.objects.bulk_create(
        Answer(
            assessment=assessment,
            practice=practice.key,
            level=other.get(practice.key, level),
            answered_by=by,
            answered_at=NOW,
        )
        for practice in load_bank(BANK).practices
    )
    Evidence.objects.bulk_create(
        Evidence(
            answer=answer,
            kind=Evidence.Kind.NOTE,
            title="Minutes",
            dated_on=in_days(-20),
            added_by=by,
            reviewed_by=reviewer,
            reviewed_at=NOW,
        )
        for answer in answers
        if proved
    )
    return assessment
