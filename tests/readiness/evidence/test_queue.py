"""What waits for a reviewer, and what becomes of it."""

import pytest
from django.urls import reverse

from accounts.models import AuditEvent, Role, User
from readiness.assessments.models import Answer, Assessment, Evidence
from tests.factories import UserFactory, member_of, signed_in
from tests.pages import queries, words
from tests.readiness.assessments.writing import answer_all, attach, submit

pytestmark = pytest.mark.django_db
QUEUE = "/en/evidence/"


@pytest.fixture
def evidence(assessment: Assessment, owner: User) -> Evidence:
    answer_all(assessment, 3, owner)
    piece = attach(Answer.objects.get(practice="UC1"), owner)
    submit(assessment, owner)
    return piece


def decide(person: User, evidence: Evidence, **values: str) -> str:
    return words(signed_in(person).post(reverse("readiness:evidence_decide", args=[evidence.pk]), values, follow=True))


def test_it_works(evidence: Evidence, reviewer: User) -> None:
    assert "Minutes of UC1" in words(signed_in(reviewer).get(QUEUE))
    assert "Reviewed." in decide(reviewer, evidence, accept="1")
    evidence.refresh_from_db()
    assert evidence.reviewed_by == reviewer
    assert "Nothing waits for you" in words(signed_in(reviewer).get(QUEUE))


def test_a_piece_is_refused_with_a_reason(evidence: Evidence, reviewer: User, owner: User) -> None:
    assert "Say why it does not show what it should." in decide(reviewer, evidence)
    assert "Refused; its team is told why." in decide(reviewer, evidence, reason="No date on it.")
    assert AuditEvent.objects.get(verb="evidence.refuse").actor == reviewer
    page = reverse("readiness:assessment_practice", args=[evidence.answer.assessment_id, "UC1"])
    assert "not accepted: No date on it." in words(signed_in(owner).get(page))
    decide(reviewer, evidence, accept="1")
    evidence.refresh_from_db()
    assert (evidence.reviewed_by, evidence.refusal) == (reviewer, "")


def test_nobody_decides_on_their_own(evidence: Evidence) -> None:
    own = member_of(evidence.answer.assessment.team, Role.REVIEWER)
    Evidence.objects.update(added_by=own)
    assert "Nothing waits for you" in words(signed_in(own).get(QUEUE))
    for values in ({"accept": "1"}, {"reason": "x"}):
        assert "Evidence is reviewed by somebody other than who added it." in decide(own, evidence, **values)
    evidence.refresh_from_db()
    assert (evidence.reviewed_by, evidence.refusal) == (None, "")


def test_what_nobody_submitted_waits_for_nobody(assessment: Assessment, owner: User, reviewer: User) -> None:
    answer_all(assessment, 3, owner)
    attach(Answer.objects.get(practice="UC1"), owner)
    assert "Nothing waits for you" in words(signed_in(reviewer).get(QUEUE))


def test_only_reviewers(evidence: Evidence) -> None:
    for role in (Role.CONTRIBUTOR, Role.OPERATOR, Role.EXECUTIVE):
        assert signed_in(UserFactory(role=role)).get(QUEUE).status_code == 403


def test_twenty_cost_as_many_queries_as_one(evidence: Evidence, reviewer: User, owner: User) -> None:
    few = queries(signed_in(reviewer), QUEUE)
    Evidence.objects.bulk_create(
        Evidence(answer=evidence.answer, kind="note", title=f"n{at}", dated_on=evidence.dated_on, added_by=owner)
        for at in range(20)
    )
    assert queries(signed_in(reviewer), QUEUE) == few <= 15
