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


def test_it_works(evidence: Evidence, reviewer: User, team: Team) -> None:
    (item,) = work_for(reviewer, days_ago(0))
    assert (item.kind, item.title, item.team) == (WorkKind.REVIEW, "Review 1 piece of evidence", "Support")
    assert "Minutes of UC1" in words(signed_in(reviewer).get(item.url))


def test_who_reviews_nothing_has_nothing_to_review(evidence: Evidence, owner: User, stranger: User) -> None:
    assert work_for(owner, days_ago(0)) == work_for(stranger, days_ago(0)) == []


def test_own_evidence_is_to_be_renewed_before_it_counts_less(evidence: Evidence, owner: User, reviewer: User) -> None:
    Evidence.objects.update(dated_on=days_ago(20), valid_until=days_ago(-10))
    (item,) = work_for(owner, days_ago(0))
    assert (item.kind, item.title) == (WorkKind.EVIDENCE, "Renew the evidence “Minutes of UC1”")
    assert (item.due_on, item.url) == (days_ago(-10), f"/en/assessments/{evidence.answer.assessment_id}/practices/UC1/")
    assert [each.kind for each in work_for(reviewer, days_ago(0))] == [WorkKind.REVIEW]


def test_what_counts_for_nothing_any_more_is_left_alone(evidence: Evidence, owner: User) -> None:
    Evidence.objects.update(dated_on=days_ago(60), valid_until=days_ago(30))
    assert work_for(owner, days_ago(0)) != []
    assert work_for(owner, days_ago(-1)) == []


def test_twenty_cost_as_many_queries_as_one(evidence: Evidence, owner: User) -> None:
    administrator = UserFactory(role=Role.ADMINISTRATOR)

    def cost() -> int:
        with CaptureQueriesContext(connection) as captured:
            work_for(administrator, days_ago(0))
        return len(captured)

    few = cost()
    more = [Evidence(answer=evidence.answer, kind="note", title=f"n{at}", dated_on=days_ago(1)) for at in range(20)]
    for piece in more:
        piece.added_by = owner
    Evidence.objects.bulk_create(more)
    assert cost() == few <= 3


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
