"""Handing an assessment to a reviewer: once its gate practices are answered."""

import pytest
from django.urls import reverse

from accounts.models import AuditEvent, Role, User
from readiness.assessments import review
from readiness.assessments.models import Answer, Assessment
from tests.factories import member_of, signed_in
from tests.pages import words
from tests.readiness.assessments.writing import GATES, answer, answer_all, approve, submit

pytestmark = pytest.mark.django_db


def url(assessment: Assessment) -> str:
    return reverse("readiness:assessment_submit", args=[assessment.pk])


@pytest.fixture
def answered(assessment: Assessment, owner: User) -> Assessment:
    """Every gate practice answered, and no other."""
    for gate in GATES:
        answer(assessment, gate, 2, owner)
    return assessment


def test_it_works(answered: Assessment, colleague: User) -> None:
    response = signed_in(colleague).post(url(answered), follow=True)
    assert response.redirect_chain[-1][0] == reverse("readiness:assessment_result", args=[answered.pk])
    assert "Submitted. A reviewer looks at it next." in words(response)
    answered.refresh_from_db()
    assert (answered.state, answered.submitted_by) == ("submitted", colleague)
    assert answered.submitted_at is not None
    assert AuditEvent.objects.get(verb="assessment.submit").actor == colleague


def test_a_gate_practice_that_is_open_keeps_it(answered: Assessment, owner: User) -> None:
    Answer.objects.filter(practice=GATES[-1]).delete()
    response = signed_in(owner).post(url(answered), follow=True)
    assert "Answer at least the gate practices of every rule before you submit." in words(response)
    answered.refresh_from_db()
    assert answered.state == "open"


def test_twice_is_refused(answered: Assessment, owner: User) -> None:
    signed_in(owner).post(url(answered))
    before = Assessment.objects.values().get()
    response = signed_in(owner).post(url(answered), follow=True)
    assert "This assessment is submitted or approved" in words(response)
    assert Assessment.objects.values().get() == before


def test_what_was_sent_back_is_submitted_again(answered: Assessment, owner: User, reviewer: User) -> None:
    review.send_back(assessment=submit(answered, owner), remark="More.", by=reviewer)
    signed_in(owner).post(url(answered))
    answered.refresh_from_db()
    assert answered.state == "submitted"


def test_what_is_approved_stays_so(assessment: Assessment, owner: User, reviewer: User) -> None:
    answer_all(assessment, 1, owner)
    approve(assessment, reviewer)
    signed_in(owner).post(url(assessment))
    assessment.refresh_from_db()
    assert assessment.state == "approved"


def test_another_teams_person_submits_nothing(answered: Assessment, stranger: User, reviewer: User) -> None:
    for person in (stranger, reviewer, member_of(answered.team, Role.EXECUTIVE)):
        assert signed_in(person).post(url(answered)).status_code == 404
    answered.refresh_from_db()
    assert answered.state == "open"


def test_reading_the_address_submits_nothing(answered: Assessment, owner: User) -> None:
    assert signed_in(owner).get(url(answered)).status_code == 405
