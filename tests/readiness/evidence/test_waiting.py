"""What waits for somebody on their page of work: pieces to review, own pieces to renew."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Role, Team, User
from readiness.assessments.models import Answer, Assessment, Evidence
from readiness.evidence.waiting import work_for
from readiness.work import WorkKind
from tests.factories import UserFactory, signed_in
from tests.pages import words
from tests.readiness.assessments.writing import answer_all, approved, attach, days_ago, submit

pytestmark = pytest.mark.django_db


@pytest.fixture
def evidence(assessment: Assessment, owner: User) -> Evidence:
    """Submitted, and nobody has looked at it."""
    answer_all(assessment, 3, owner)
    piece = attach(Answer.objects.get(practice="UC1"), owner)
    submit(assessment, owner)
    return piece


def test_it_works(evidence: Evidence, reviewer: User) -> None:
    (item,) = work_for(reviewer, days_ago(0))
    assert (item.kind, item.title) == (WorkKind.REVIEW, "Look at 1 piece of evidence")
    assert "Minutes of UC1" in words(signed_in(reviewer).get(item.url))


def test_who_reviews_nothing_has_nothing_to_review(evidence: Evidence, owner: User, stranger: User) -> None:
    assert work_for(owner, days_ago(0)) == work_for(stranger, days_ago(0)) == []


@pytest.mark.parametrize(("days_left", "is_work"), [(31, False), (30, True), (0, True), (-30, True), (-31, False)])
def test_own_evidence_is_to_be_renewed_around_its_end(team: Team, days_left: int, *, is_work: bool) -> None:
    piece = Evidence.objects.get(answer__assessment=approved(team, 3), answer__practice="UC1")
    Evidence.objects.filter(pk=piece.pk).update(dated_on=days_ago(100), valid_until=days_ago(-days_left))
    items = work_for(piece.added_by, days_ago(0))
    assert [(item.kind, item.due_on) for item in items] == (
        [(WorkKind.EVIDENCE, days_ago(-days_left))] if is_work else []
    )


def test_twenty_cost_as_many_queries_as_one(evidence: Evidence, owner: User) -> None:
    administrator = UserFactory(role=Role.ADMINISTRATOR)

    def cost() -> int:
        with CaptureQueriesContext(connection) as captured:
            work_for(administrator, days_ago(0))
        return len(captured)

    few = cost()
    Evidence.objects.bulk_create(
        Evidence(answer=evidence.answer, kind="note", title=f"n{at}", dated_on=days_ago(1), added_by=owner)
        for at in range(20)
    )
    assert cost() == few <= 4


@pytest.mark.parametrize(("rule", "is_shown"), [("1", True), ("2", False), ("9", True), ("x", True)])
def test_the_queue_is_filtered_by_rule(evidence: Evidence, reviewer: User, rule: str, *, is_shown: bool) -> None:
    page = words(signed_in(reviewer).get("/en/evidence/", {"rule": rule}))
    assert ("Minutes of UC1" in page) == is_shown


def test_the_queue_is_filtered_by_team(evidence: Evidence, reviewer: User) -> None:
    other = approved(Team.objects.create(name="Vision"), 3)
    Evidence.objects.filter(answer__assessment=other).update(reviewed_by=None, reviewed_at=None, title="Of Vision")
    page = words(signed_in(reviewer).get("/en/evidence/", {"team": other.team_id}))
    assert "Of Vision" in page
    assert "Minutes of UC1" not in page
