"""Giving an assessment back to its team, with what has to change."""

import pytest
from django.urls import reverse

from accounts.models import AuditEvent, Role, User
from readiness.assessments.models import Assessment, Snapshot
from tests.factories import UserFactory, member_of, signed_in
from tests.pages import words
from tests.readiness.assessments.writing import answer, answer_all, approve, ask_to_change, submit

pytestmark = pytest.mark.django_db


@pytest.fixture
def submitted(assessment: Assessment, owner: User) -> Assessment:
    answer_all(assessment, 2, owner)
    return submit(assessment, owner)


def url(assessment: Assessment) -> str:
    return reverse("readiness:assessment_send_back", args=[assessment.pk])


def test_it_works(submitted: Assessment, reviewer: User, owner: User) -> None:
    response = signed_in(reviewer).post(url(submitted), {"remark": "Date the minutes."}, follow=True)
    assert "Sent back to the team." in words(response)
    submitted.refresh_from_db()
    assert (submitted.state, submitted.remark, submitted.reviewed_by) == ("sent_back", "Date the minutes.", reviewer)
    assert answer(submitted, "UC1", 3, owner).level == 3
    event = AuditEvent.objects.get(verb="assessment.send_back")
    assert (event.actor, event.details) == (reviewer, {"remark": "Date the minutes.", "practices": 0})
    assert not Snapshot.objects.exists()


@pytest.mark.parametrize("remark", ["", "   "])
def test_it_says_what_has_to_change(submitted: Assessment, reviewer: User, remark: str) -> None:
    response = signed_in(reviewer).post(url(submitted), {"remark": remark}, follow=True)
    assert "Say what has to change before you send it back: in general" in words(response)
    submitted.refresh_from_db()
    assert submitted.state == "submitted"


def test_what_was_asked_of_practices_is_enough(submitted: Assessment, reviewer: User) -> None:
    ask_to_change(submitted, "UC1", reviewer)
    page = words(signed_in(reviewer).get(reverse("readiness:assessment_review", args=[submitted.pk])))
    assert "Send back with 1 remark" in page
    signed_in(reviewer).post(url(submitted), {"remark": ""})
    submitted.refresh_from_db()
    assert (submitted.state, submitted.remark) == ("sent_back", "")


def test_only_what_is_submitted_goes_back(assessment: Assessment, owner: User, reviewer: User) -> None:
    response = signed_in(reviewer).post(url(assessment), {"remark": "x"}, follow=True)
    assert "Only a submitted assessment can be reviewed." in words(response)
    answer_all(assessment, 2, owner)
    approve(assessment, reviewer)
    signed_in(reviewer).post(url(assessment), {"remark": "x"})
    assessment.refresh_from_db()
    assert (assessment.state, assessment.remark) == ("approved", "")


def test_only_reviewers_send_back(submitted: Assessment, owner: User, stranger: User) -> None:
    others = (owner, stranger, UserFactory(role=Role.EXECUTIVE), member_of(submitted.team, Role.OPERATOR))
    for person in others:
        assert signed_in(person).post(url(submitted), {"remark": "x"}).status_code == 403
    submitted.refresh_from_db()
    assert submitted.state == "submitted"


def test_what_is_not_there_is_not_found(reviewer: User) -> None:
    missing = reverse("readiness:assessment_send_back", args=[999_999])
    assert signed_in(reviewer).post(missing, {"remark": "x"}).status_code == 404


def test_reading_the_address_sends_nothing_back(submitted: Assessment, reviewer: User) -> None:
    assert signed_in(reviewer).get(url(submitted)).status_code == 405
