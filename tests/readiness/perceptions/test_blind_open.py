"""Opening a blind round: what is asked, whom, until when, and what they are promised."""

from typing import Any

import pytest
from django.urls import reverse

from accounts.models import Role, User
from readiness.assessments.models import Assessment
from readiness.bank import load_bank
from readiness.perceptions.models import BlindRound
from tests.factories import UserFactory, signed_in
from tests.pages import queries, words
from tests.readiness.assessments.writing import answer_all, days_ago, submit

pytestmark = pytest.mark.django_db


def url(assessment: Assessment) -> str:
    return reverse("readiness:blind_open", args=[assessment.pk])


def form(*people: tuple[User, str], **changed: Any) -> dict[str, Any]:
    rows = {
        f"people-{number}-{name}": value
        for number, (person, circle) in enumerate(people)
        for name, value in (("person", person.pk), ("circle", circle))
    }
    management = {"people-TOTAL_FORMS": "8", "people-INITIAL_FORMS": "0"}
    asked = {"practice": ["UC1", "INF3"], "promise": "anonymous", "due_on": str(days_ago(-5)), "note": "Be frank."}
    return {**management, **asked, **rows, **changed}


def test_it_works(assessment: Assessment, owner: User, colleague: User, stranger: User) -> None:
    executive = UserFactory(role=Role.EXECUTIVE)
    data = form((colleague, "it"), (stranger, "business"), (executive, "board"))
    page = words(signed_in(owner).post(url(assessment), data, follow=True))
    assert "The round is open." in page
    assert "0 of 3 people have answered everything." in page
    opened = BlindRound.objects.get()
    assert (opened.practices, opened.is_anonymous, opened.due_on) == (["UC1", "INF3"], True, days_ago(-5))
    assert dict(opened.invitations.values_list("person", "circle")) == {
        colleague.pk: "it",
        stranger.pk: "business",
        executive.pk: "board",
    }


@pytest.mark.parametrize(("what", "asked"), [("gates", "gates"), ("2", "second"), ("all", "everything")])
def test_whole_groups_of_practices(assessment: Assessment, owner: User, what: str, asked: str) -> None:
    bank = load_bank("2026.1")
    signed_in(owner).post(url(assessment), form((owner, "it"), what=what, practice=[]))
    assert (
        BlindRound.objects.get().practices
        == {
            "gates": [each.key for each in bank.practices if each.gate],
            "second": [each.key for each in bank.rules[1].practices],
            "everything": [each.key for each in bank.practices],
        }[asked]
    )


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"practice": []}, "Tick at least one practice, or choose a whole rule."),
        ({"practice": ["XX9"]}, "Tick at least one practice, or choose a whole rule."),
        ({"what": "7"}, "Select a valid choice."),
        ({"due_on": "2020-01-01"}, "Choose today or a day to come."),
        ({"due_on": ""}, "Choose a day."),
        ({"promise": "perhaps"}, "Select a valid choice."),
        ({"people-0-circle": ""}, "Choose the circle that Colin Colleague answers for."),
        ({"people-0-person": ""}, "Choose at least one person to ask."),
        ({"people-0-person": "0"}, "Select a valid choice."),
        ({"people-TOTAL_FORMS": ""}, "Choose at least one person to ask."),
    ],
)
def test_what_is_wrong_is_said(
    assessment: Assessment, owner: User, colleague: User, changed: dict[str, Any], sentence: str
) -> None:
    page = words(signed_in(owner).post(url(assessment), form((colleague, "it"), **changed)))
    assert sentence in page
    assert not BlindRound.objects.exists()


def test_nobody_answers_for_two_circles(assessment: Assessment, owner: User, colleague: User) -> None:
    page = words(signed_in(owner).post(url(assessment), form((colleague, "it"), (colleague, "board"))))
    assert "Choose each person once" in page
    assert not BlindRound.objects.exists()


def test_a_submitted_one_takes_none(assessment: Assessment, owner: User, colleague: User) -> None:
    answer_all(assessment, 2, owner)
    submit(assessment, owner)
    page = words(signed_in(owner).post(url(assessment), form((colleague, "it"))))
    assert "can no longer be changed" in page
    assert not BlindRound.objects.exists()


def test_many_people_cost_as_many_queries_as_few(assessment: Assessment, owner: User) -> None:
    browser = signed_in(owner)
    with_few = queries(browser, url(assessment))
    UserFactory.create_batch(20)
    assert queries(browser, url(assessment)) == with_few <= 15
