"""How somebody likes to answer, kept for them."""

from typing import Any

import pytest
from django.urls import reverse

from accounts.models import User
from readiness.assessments.models import AnsweringPreference, Assessment
from tests.factories import signed_in
from tests.pages import words
from tests.readiness.assessments.writing import GATES, PRACTICES, answer, answer_all

pytestmark = pytest.mark.django_db


def prefer(assessment: Assessment, person: User, *, follow: bool = False, **data: str) -> Any:
    url = reverse("readiness:assessment_preference", args=[assessment.pk])
    return signed_in(person).post(url, data, follow=follow)


def rule_page(assessment: Assessment, number: int) -> str:
    return reverse("readiness:assessment_rule", args=[assessment.pk, number])


def test_it_works(assessment: Assessment, owner: User, colleague: User) -> None:
    response = prefer(assessment, owner, layout="rule", practice="INF3")
    assert response["Location"] == f"{rule_page(assessment, 2)}#INF3"
    response = prefer(assessment, owner, layout="practice", practice="INF3")
    assert response["Location"] == reverse("readiness:assessment_practice", args=[assessment.pk, "INF3"])
    assert [each.user for each in AnsweringPreference.objects.all()] == [owner]


def test_one_preference_leaves_the_other(assessment: Assessment, owner: User) -> None:
    prefer(assessment, owner, layout="rule", practice="UC1")
    prefer(assessment, owner, path="all")
    assert AnsweringPreference.objects.values_list("layout", "path").get() == ("rule", "all")


def test_a_path_begins_with_the_introduction(assessment: Assessment, owner: User) -> None:
    for path in ("gates", "all"):
        assert prefer(assessment, owner, path=path)["Location"] == reverse(
            "readiness:assessment_rule_intro", args=[assessment.pk, 1]
        )


def test_a_path_resumes_at_its_first_open_practice(assessment: Assessment, owner: User) -> None:
    others = [key for key in PRACTICES if key not in GATES]
    answer(assessment, others[0], 1, owner)
    at_gate = prefer(assessment, owner, path="gates")["Location"]
    assert at_gate.endswith(f"/practices/{GATES[0]}/")
    for gate in GATES:
        answer(assessment, gate, 1, owner)
    assert prefer(assessment, owner, path="all")["Location"].endswith(f"/practices/{others[1]}/")


def test_when_all_is_answered_it_is_the_list(assessment: Assessment, owner: User) -> None:
    answer_all(assessment, 2, owner)
    assert prefer(assessment, owner, path="all")["Location"] == assessment.get_absolute_url()


def test_the_list_leads_to_the_preferred_page(assessment: Assessment, owner: User) -> None:
    prefer(assessment, owner, layout="rule", practice="UC1")
    page = signed_in(owner).get(assessment.get_absolute_url()).content.decode()
    assert f'href="{rule_page(assessment, 1)}#UC1"' in page


def test_there_is_no_third_way(assessment: Assessment, owner: User) -> None:
    response = prefer(assessment, owner, follow=True, layout="poster")
    assert response.redirect_chain == [(assessment.get_absolute_url(), 302)]
    assert "Choose one of the ways to answer" in words(response)
    assert not AnsweringPreference.objects.exists()


def test_a_practice_that_the_bank_does_not_ask_is_not_found(assessment: Assessment, owner: User) -> None:
    assert prefer(assessment, owner, layout="rule", practice="UC99").status_code == 404
