"""Taking evidence back: the team's, while it may still write."""

import pytest
from django.urls import reverse

from accounts.models import AuditEvent, Role, User
from readiness.assessments.models import Assessment, Evidence
from tests.factories import member_of, signed_in
from tests.pages import words
from tests.readiness.assessments.writing import answer, answer_all, approved, attach, submit

pytestmark = pytest.mark.django_db


@pytest.fixture
def evidence(assessment: Assessment, owner: User) -> Evidence:
    return attach(answer(assessment, "UC1", 3, owner), owner)


def url(evidence: Evidence) -> str:
    return reverse("readiness:evidence_remove", args=[evidence.answer.assessment_id, evidence.pk])


def test_it_works(evidence: Evidence, colleague: User) -> None:
    response = signed_in(colleague).post(url(evidence), follow=True)
    assert not Evidence.objects.exists()
    assert response.redirect_chain[-1][0].endswith("/practices/UC1/")
    event = AuditEvent.objects.get(verb="evidence.remove")
    assert (event.actor, event.subject, event.details) == (colleague, "Minutes of UC1", {"practice": "UC1"})


def test_after_submitting_it_stays(evidence: Evidence, owner: User) -> None:
    answer_all(evidence.answer.assessment, 2, owner)
    submit(evidence.answer.assessment, owner)
    response = signed_in(owner).post(url(evidence), follow=True)
    assert "its answers can no longer be changed" in words(response)
    assert Evidence.objects.exists()


def test_twice_is_once(evidence: Evidence, owner: User) -> None:
    for _ in range(2):
        assert signed_in(owner).post(url(evidence)).status_code == 302
    assert AuditEvent.objects.filter(verb="evidence.remove").count() == 1


def test_another_teams_person_removes_nothing(evidence: Evidence, stranger: User) -> None:
    assert signed_in(stranger).post(url(evidence)).status_code == 404
    assert Evidence.objects.exists()


def test_an_executive_of_the_team_removes_nothing(evidence: Evidence) -> None:
    executive = member_of(evidence.answer.assessment.team, Role.EXECUTIVE)
    assert signed_in(executive).post(url(evidence)).status_code == 404
    assert Evidence.objects.exists()


def test_it_has_to_belong_to_the_assessment(evidence: Evidence, stranger: User) -> None:
    other = approved(stranger.teams.get())
    wrong = reverse("readiness:evidence_remove", args=[other.pk, evidence.pk])
    assert signed_in(stranger).post(wrong).status_code == 404
    assert Evidence.objects.filter(pk=evidence.pk).exists()


def test_reading_the_address_removes_nothing(evidence: Evidence, owner: User) -> None:
    assert signed_in(owner).get(url(evidence)).status_code == 405
    assert Evidence.objects.exists()
