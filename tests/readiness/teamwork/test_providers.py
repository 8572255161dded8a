"""What the other subjects give people to do."""

from datetime import date, timedelta

import pytest

from accounts.models import Role, User
from readiness.assessments.models import Answer, Assessment, Evidence
from readiness.contradictions.models import Contradiction
from readiness.teamwork.waiting import work_for
from tests.factories import member_of
from tests.readiness.assessments.writing import answer_all, approved, ask_to_change, attach, days_ago, submit
from tests.readiness.measurements import bind

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("first_bank")]
TODAY: date = days_ago(0)


def titles(user: User) -> list[str]:
    return [item.title for item in work_for(user, TODAY).items]


def test_what_was_sent_back(
    assessment: Assessment, owner: User, colleague: User, reviewer: User, stranger: User
) -> None:
    answer_all(assessment, 2, owner)
    Assessment.objects.update(state="sent_back")
    assert titles(colleague) == ["Change what the reviewer asks for, and submit again"]
    ask_to_change(assessment, "INF3", reviewer)
    assert titles(colleague) == ["Change “Latency objective met”, which was sent back"]
    assert titles(stranger) == []


def test_what_waits_for_a_review(assessment: Assessment, owner: User, reviewer: User) -> None:
    answer_all(assessment, 3, owner)
    attach(Answer.objects.get(practice="UC1"), owner)
    submit(assessment, owner)
    assert titles(reviewer) == ["Look at 1 piece of evidence", "Review the assessment of Support"]
    own = member_of(assessment.team, Role.REVIEWER)
    Assessment.objects.update(started_by=own)
    assert titles(own) == ["Look at 1 piece of evidence"]
    assert titles(owner) == []


def test_a_contradiction_is_its_owners(owner: User) -> None:
    team = owner.teams.get()
    done = approved(team, 3)
    values = {"team": team, "assessment": done, "practice": "INF3", "declared": 3, "measured": 2, "figure": "x"}
    Contradiction.objects.create(
        **values, binding=bind(team), owner=owner, due_on=TODAY + timedelta(days=3), opened_at=done.approved_at
    )
    [item] = work_for(owner, TODAY).items
    assert item.title == "“Latency objective met” is declared at level 3 and measured at 2"
    assert item.due_on == TODAY + timedelta(days=3)


def test_ones_own_evidence_that_runs_out(owner: User) -> None:
    done = approved(owner.teams.get(), 3)
    author = done.started_by
    assert titles(author) == []
    Evidence.objects.filter(answer__practice="UC1").update(valid_until=days_ago(-10))
    [item] = work_for(author, TODAY).items
    assert (item.title, item.due_on) == ("Renew “Minutes of UC1” before it counts less", days_ago(-10))
