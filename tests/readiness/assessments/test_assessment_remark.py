"""What a reviewer asks of one practice: kept while the assessment is submitted, shown until it is answered."""

import pytest
from django.urls import reverse

from accounts.models import User
from readiness.assessments import review
from readiness.assessments.models import Assessment, Remark
from tests.factories import signed_in
from tests.pages import words
from tests.readiness.assessments.writing import answer, answer_all, submit

pytestmark = pytest.mark.django_db


@pytest.fixture
def submitted(assessment: Assessment, owner: User) -> Assessment:
    answer_all(assessment, 2, owner)
    return submit(assessment, owner)


def url(assessment: Assessment, key: str = "UC1", name: str = "assessment_remark") -> str:
    return reverse(f"readiness:{name}", args=[assessment.pk, key])


def test_it_works(submitted: Assessment, owner: User, reviewer: User) -> None:
    browser = signed_in(reviewer)
    assert "Ask for a change" in words(browser.get(url(submitted, name="assessment_practice")))
    browser.post(url(submitted), {"text": "Which system of record?"})
    review.send_back(assessment=submitted, remark="See UC1.", by=reviewer)
    page = words(signed_in(owner).get(url(submitted, name="assessment_practice")))
    assert "A reviewer asks Which system of record?" in page
    assert "sent back" in words(signed_in(owner).get(submitted.get_absolute_url())).lower()


def test_answering_it_settles_it(submitted: Assessment, owner: User, reviewer: User) -> None:
    signed_in(reviewer).post(url(submitted), {"text": "Why?"})
    review.send_back(assessment=submitted, remark="See UC1.", by=reviewer)
    answer(Assessment.objects.get(), "UC1", 1, owner)
    assert Remark.objects.get().resolved_at is not None


def test_an_open_assessment_takes_none(assessment: Assessment, reviewer: User) -> None:
    browser = signed_in(reviewer)
    assert "Ask for a change" not in words(browser.get(url(assessment, name="assessment_practice")))
    browser.post(url(assessment), {"text": "Why?"})
    assert not Remark.objects.exists()


def test_an_empty_one_is_refused(submitted: Assessment, reviewer: User) -> None:
    response = signed_in(reviewer).post(url(submitted), {"text": " "}, follow=True)
    assert "Say what has to change in this practice." in words(response)
    assert not Remark.objects.exists()


@pytest.mark.parametrize("who", ["owner", "colleague"])
def test_the_team_cannot(submitted: Assessment, who: str, request: pytest.FixtureRequest) -> None:
    assert signed_in(request.getfixturevalue(who)).post(url(submitted), {"text": "x"}).status_code in {403, 404}
    assert not Remark.objects.exists()


def test_a_practice_that_is_not_asked_is_not_found(submitted: Assessment, reviewer: User) -> None:
    assert signed_in(reviewer).post(url(submitted, "XX9"), {"text": "x"}).status_code == 404
