"""Asking colleagues from the task list: one practice, several, or a whole rule."""

import pytest
from django.urls import reverse

from accounts.models import Role, Team, User
from readiness.assessments.models import Assessment
from readiness.bank import load_bank
from readiness.teamwork.models import Assignment
from tests.factories import UserFactory, signed_in
from tests.pages import queries, words
from tests.readiness.assessments.writing import answer, answer_all, days_ago, submit
from tests.readiness.teamwork.asking import ask

pytestmark = pytest.mark.django_db


def url(assessment: Assessment) -> str:
    return reverse("readiness:assignment_add", args=[assessment.pk])


def to(holder: User | Team) -> str:
    return f"{'person' if isinstance(holder, User) else 'team'}-{holder.pk}"


def test_it_works(assessment: Assessment, owner: User, colleague: User) -> None:
    due_on = days_ago(-5)
    data = {"to": to(colleague), "practice": ["UC1", "UC2"], "due_on": str(due_on), "note": "You know this."}
    page = words(signed_in(owner).post(url(assessment), data, follow=True))
    assert "2 practices assigned." in page
    assert page.count("Colin Colleague (asked)") == 2
    assert {(each.practice, each.person, each.due_on) for each in Assignment.objects.all()} == {
        ("UC1", colleague, due_on),
        ("UC2", colleague, due_on),
    }


def test_a_whole_rule_goes_to_a_team(assessment: Assessment, owner: User, team: Team) -> None:
    signed_in(owner).post(url(assessment), {"to": to(team), "rule": "1"})
    keys = {practice.key for practice in load_bank("2026.1").rules[0].practices}
    assert set(Assignment.objects.filter(team=team).values_list("practice", flat=True)) == keys


def test_asking_somebody_else_takes_it_from_the_first(
    assessment: Assessment, owner: User, colleague: User, stranger: User
) -> None:
    first = ask(assessment, colleague, owner)
    second = ask(assessment, stranger, owner)
    first.refresh_from_db()
    assert (first.state, second.previous) == ("withdrawn", first)


def test_asking_the_same_twice_is_once(assessment: Assessment, owner: User, colleague: User) -> None:
    for _ in range(2):
        signed_in(owner).post(url(assessment), {"to": to(colleague), "practice": "UC1"})
    assert Assignment.objects.count() == 1


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"practice": "UC1"}, "Choose a person or a team."),
        ({"to": "person-0", "practice": "UC1"}, "Select a valid choice."),
        ({}, "Tick at least one practice, or choose a whole rule."),
        ({"practice": "XX9"}, "Tick at least one practice, or choose a whole rule."),
        ({"practice": "UC1", "due_on": "2020-01-01"}, "Choose today or a day to come."),
    ],
)
def test_what_is_wrong_is_said(
    assessment: Assessment, owner: User, colleague: User, data: dict[str, str], sentence: str
) -> None:
    filled = data if data.get("practice") == "UC1" and "due_on" not in data else {"to": to(colleague), **data}
    assert sentence in words(signed_in(owner).post(url(assessment), filled))
    assert not Assignment.objects.exists()


def test_an_executive_cannot_be_asked(assessment: Assessment, owner: User) -> None:
    executive = UserFactory(role=Role.EXECUTIVE)
    signed_in(owner).post(url(assessment), {"to": to(executive), "practice": "UC1"})
    assert not Assignment.objects.exists()


def test_a_submitted_one_takes_none(assessment: Assessment, owner: User, colleague: User) -> None:
    answer_all(assessment, 2, owner)
    submit(assessment, owner)
    page = words(signed_in(owner).post(url(assessment), {"to": to(colleague), "practice": "UC1"}))
    assert "can no longer be changed" in page
    assert not Assignment.objects.exists()


def test_it_is_done_when_the_practice_is_answered(assessment: Assessment, owner: User, colleague: User) -> None:
    asked = ask(assessment, colleague, owner)
    assert not Assignment.objects.with_answered().get(pk=asked.pk).is_answered
    answer(assessment, "UC1", 2, colleague)
    assert Assignment.objects.with_answered().get(pk=asked.pk).is_answered


def test_many_assignments_cost_as_many_queries_as_one(assessment: Assessment, owner: User, colleague: User) -> None:
    ask(assessment, colleague, owner)
    browser = signed_in(owner)
    browser.get(assessment.get_absolute_url())
    with_one = queries(browser, assessment.get_absolute_url())
    ask(assessment, colleague, owner, practices=[each.key for each in load_bank("2026.1").practices])
    assert queries(browser, assessment.get_absolute_url()) == with_one
    assert with_one <= 15
