"""A colleague of another team who is asked to answer one practice: that one, and nothing else of the assessment."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.urls import reverse

from accounts.models import User
from readiness.assessments.models import Answer, Assessment
from readiness.teamwork import assigning
from tests.factories import signed_in
from tests.pages import words
from tests.readiness.assessments.writing import answer, attach, form
from tests.readiness.teamwork.asking import ask, say

pytestmark = pytest.mark.django_db
NOTHING_ELSE = (
    ("get", "assessment_detail", []),
    ("get", "assessment_practice", ["UC2"]),
    ("post", "assessment_practice", ["UC2"]),
    ("post", "assessment_answer_save", ["UC2"]),
    ("get", "assessment_rule", [1]),
    ("post", "assessment_rule", [1]),
    ("get", "assessment_rule_intro", [1]),
    ("get", "assessment_result", []),
    ("get", "assessment_history_csv", []),
    ("post", "assessment_preference", []),
    ("post", "assessment_submit", []),
    ("post", "assignment_add", []),
    ("get", "comment_add", ["UC2"]),
    ("post", "comment_add", ["UC2"]),
    ("post", "mention_read", ["UC2"]),
    ("post", "answer_restore", ["UC2"]),
)


@pytest.fixture
def guest(assessment: Assessment, owner: User, stranger: User) -> User:
    ask(assessment, stranger, owner)
    return stranger


def url(assessment: Assessment, name: str, *arguments: Any) -> str:
    return reverse(f"readiness:{name}", args=[assessment.pk, *arguments])


def test_it_works(assessment: Assessment, guest: User) -> None:
    browser = signed_in(guest)
    page = browser.get(url(assessment, "assessment_practice", "UC1"))
    assert "You were asked to answer this practice for Support." in words(page)
    response = browser.post(url(assessment, "assessment_practice", "UC1"), form(2))
    assert response["Location"] == reverse("readiness:my_work")
    assert Answer.objects.get().level == 2


def test_no_link_leads_where_they_may_not_go(assessment: Assessment, guest: User) -> None:
    page = signed_in(guest).get(url(assessment, "assessment_practice", "UC1")).content.decode()
    for name, arguments in (
        ("assessment_detail", []),
        ("assessment_practice", ["UC2"]),
        ("assessment_rule_intro", [1]),
    ):
        assert f'"{url(assessment, name, *arguments)}"' not in page
    assert url(assessment, "assessment_history_csv") not in page


@pytest.mark.parametrize(("method", "name", "arguments"), NOTHING_ELSE)
def test_nothing_else(assessment: Assessment, guest: User, method: str, name: str, arguments: list[Any]) -> None:
    response = getattr(signed_in(guest), method)(url(assessment, name, *arguments), form(3))
    assert response.status_code == 404
    assert not Answer.objects.exists()


def test_the_script_saves_as_well(assessment: Assessment, guest: User) -> None:
    response = signed_in(guest).post(url(assessment, "assessment_answer_save", "UC1"), form(1))
    assert response.status_code == 200
    assert Answer.objects.get().answered_by == guest


def test_evidence_of_another_practice_stays(assessment: Assessment, guest: User, owner: User) -> None:
    mine, other = (attach(answer(assessment, key, 2, owner), owner) for key in ("UC1", "UC2"))
    browser = signed_in(guest)
    assert browser.post(url(assessment, "evidence_remove", other.pk)).status_code == 404
    assert browser.post(url(assessment, "evidence_remove", mine.pk)).status_code == 302


def test_comments_on_another_practice_are_not_found(assessment: Assessment, guest: User, owner: User) -> None:
    hidden = say(assessment, "Between us", owner, practice="UC2")
    for verb in ("resolve", "delete"):
        assert signed_in(guest).post(reverse(f"readiness:comment_{verb}", args=[hidden.pk])).status_code == 404


def test_declining_ends_it(assessment: Assessment, guest: User) -> None:
    asked = assessment.assignments.get()
    assigning.decline(assignment=asked, reason="No.", by=guest, now=datetime.now(UTC))
    assert signed_in(guest).get(url(assessment, "assessment_practice", "UC1")).status_code == 404


def test_their_list_stays_empty(assessment: Assessment, guest: User) -> None:
    assert "Support" not in words(signed_in(guest).get(reverse("readiness:assessment_list")))
