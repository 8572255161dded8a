"""Somebody else looks at a piece of evidence and finds it good."""

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from accounts.models import AuditEvent, Role, User
from readiness.assessments import results
from readiness.assessments.models import Assessment, Evidence
from readiness.scoring import EvidenceClass, PracticeScore
from tests.factories import UserFactory, member_of, signed_in
from tests.pages import words
from tests.readiness.assessments.writing import NOW, answer, answer_all, attach, submit

pytestmark = pytest.mark.django_db


@pytest.fixture
def evidence(assessment: Assessment, owner: User) -> Evidence:
    return attach(answer(assessment, "UC1", 4, owner), owner)


def url(evidence: Evidence) -> str:
    return reverse("readiness:evidence_review", args=[evidence.pk])


def score(evidence: Evidence) -> PracticeScore:
    result = results.result_of(evidence.answer.assessment, NOW)
    return next(each for each in result.rules[0].score.practices if each.practice.key == evidence.answer.practice)


def test_it_works(evidence: Evidence, reviewer: User) -> None:
    assert (score(evidence).evidence, score(evidence).verified) == (EvidenceClass.ATTACHED, 3)
    response = signed_in(reviewer).post(url(evidence), follow=True)
    assert response.redirect_chain[-1][0].endswith("/practices/UC1/")
    evidence.refresh_from_db()
    assert evidence.reviewed_by == reviewer
    assert (score(evidence).evidence, score(evidence).verified) == (EvidenceClass.REVIEWED, 4)
    event = AuditEvent.objects.get(verb="evidence.review")
    assert (event.actor, event.subject, event.details) == (reviewer, "Minutes of UC1", {"practice": "UC1"})


def test_nobody_reviews_their_own(assessment: Assessment) -> None:
    author = member_of(assessment.team, Role.REVIEWER)
    own = attach(answer(assessment, "UC1", 4, author), author)
    response = signed_in(author).post(url(own), follow=True)
    assert "Evidence is reviewed by somebody other than who added it." in words(response)
    own.refresh_from_db()
    assert own.reviewed_by is None


def test_the_database_keeps_that_too(evidence: Evidence) -> None:
    with pytest.raises(IntegrityError, match="evidence_reviewed_by_another"), transaction.atomic():
        Evidence.objects.update(reviewed_by=evidence.added_by)


def test_the_button_is_there_for_others_only(evidence: Evidence, owner: User, reviewer: User) -> None:
    answer_all(evidence.answer.assessment, 2, owner)
    submit(evidence.answer.assessment, owner)
    page = reverse("readiness:assessment_practice", args=[evidence.answer.assessment_id, "UC1"])
    assert "Mark as reviewed" in words(signed_in(reviewer).get(page))
    assert "Mark as reviewed" not in words(signed_in(owner).get(page))
    signed_in(reviewer).post(url(evidence))
    assert "Mark as reviewed" not in words(signed_in(reviewer).get(page))


def test_twice_keeps_the_first_review(evidence: Evidence, reviewer: User) -> None:
    signed_in(reviewer).post(url(evidence))
    signed_in(UserFactory(role=Role.REVIEWER)).post(url(evidence))
    evidence.refresh_from_db()
    assert evidence.reviewed_by == reviewer
    assert AuditEvent.objects.filter(verb="evidence.review").count() == 1


@pytest.mark.parametrize("role", [Role.CONTRIBUTOR, Role.OPERATOR, Role.EXECUTIVE])
def test_only_reviewers_review(evidence: Evidence, role: Role) -> None:
    for person in (UserFactory(role=role), member_of(evidence.answer.assessment.team, role)):
        assert signed_in(person).post(url(evidence)).status_code == 403
    evidence.refresh_from_db()
    assert evidence.reviewed_by is None


def test_what_is_not_there_is_not_found(reviewer: User) -> None:
    assert signed_in(reviewer).post(reverse("readiness:evidence_review", args=[999_999])).status_code == 404


def test_reading_the_address_reviews_nothing(evidence: Evidence, reviewer: User) -> None:
    assert signed_in(reviewer).get(url(evidence)).status_code == 405
