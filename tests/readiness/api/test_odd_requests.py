"""Whatever is asked, the answer is one of ours: never a fault, and always in the shape of an error."""

import pytest
from django.test import Client

from accounts.models import User
from readiness.assessments.models import Assessment
from tests.readiness.api.asking import BASE, Script, token_of

pytestmark = pytest.mark.django_db
HUGE = "9" * 30


@pytest.mark.parametrize(
    "path",
    [
        f"assessments/{HUGE}",
        f"assessments/{HUGE}/answers/UC1",
        "assessments/{pk}/answers/UC1%00",
        "assessments/{pk}/answers/" + "U" * 300,
        f"assessments/{HUGE}/result",
        "bank/2026.1%00",
        "nothing/here",
    ],
)
def test_what_is_not_there_is_not_found(assessment: Assessment, stranger: User, owner: User, path: str) -> None:
    for person in (stranger, owner):
        answer = Script(person).get(path.format(pk=assessment.pk))
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    "path", [f"assessments/{HUGE}/evidence/1", f"assessments/1/evidence/{HUGE}"], ids=["assessment", "evidence"]
)
def test_evidence_that_is_not_there(owner: User, path: str) -> None:
    assert Script(owner).send(path, "delete").status_code == 404


@pytest.mark.parametrize("body", ["[]", "1", "null", '"x"', "{", ""], ids=str)
def test_a_body_that_is_no_object(assessment: Assessment, owner: User, body: str) -> None:
    headers = {"Authorization": f"Bearer {token_of(owner)}"}
    url = f"{BASE}assessments/{assessment.pk}/answers/UC1"
    answer = Client().put(url, body, content_type="application/json", headers=headers)
    assert answer.status_code == 400
    assert set(answer.json()) == {"code", "message", "fields"}
    assert not assessment.answers.exists()


def test_another_type_of_body(assessment: Assessment, owner: User) -> None:
    headers = {"Authorization": f"Bearer {token_of(owner)}"}
    url = f"{BASE}assessments/{assessment.pk}/answers/UC1"
    assert Client().put(url, "a: 1", content_type="application/yaml", headers=headers).status_code == 415


def test_a_form_of_another_site_gets_nowhere(assessment: Assessment, owner: User) -> None:
    answer = Script(owner).client.post(f"{BASE}assessments/{assessment.pk}/submit", {"confirming": 0})
    assert answer.status_code == 401
