"""One action: what was agreed, its history, and its forms."""

from decimal import Decimal

import pytest
from django.urls import reverse

from accounts.models import Team, User
from readiness.actions.models import Action
from tests.factories import signed_in
from tests.pages import queries, words
from tests.readiness.actions.plans import change, in_days, move, own, plan

pytestmark = pytest.mark.django_db


def asked(of: Team, **values: object) -> dict[str, object]:
    return {"team": of.pk, "rule": "1", "title": "Write it down", "seen_version": "0", **values}


def test_it_works(team: Team, owner: User, colleague: User) -> None:
    [action] = plan(team, owner, "UC1.2", due_in=20)
    change(action, owner, owner=colleague, due_on=in_days(40), build_cost=Decimal(1500))
    text = words(signed_in(owner).get(action.get_absolute_url()))
    assert "Owner Colin Colleague" in text
    assert "First promise" in text
    assert "owner: Olive Owner → Colin Colleague" in text
    assert "1,500 EUR" in text


def test_a_done_action_leads_to_its_practice(team: Team, owner: User) -> None:
    [action] = plan(team, owner, "UC1.2")
    move(action, "done", owner)
    assert "Answer it again" in words(signed_in(owner).get(action.get_absolute_url()))


def test_an_action_of_your_own(team: Team, owner: User) -> None:
    values = {"effort_days": "2.5", "build_cost": "1200", "practice": "UC3", "opens": "2", "due_on": str(in_days(8))}
    answer = signed_in(owner).post(reverse("readiness:action_add"), asked(team, **values))
    action = Action.objects.get()
    assert answer["Location"] == action.get_absolute_url()
    assert (str(action.effort_days), action.practice, action.opens, action.created_by) == ("2.5", "UC3", 2, owner)


def test_a_decimal_comma_is_understood(team: Team, owner: User) -> None:
    signed_in(owner).post("/fr/plan/actions/new/", asked(team, effort_days="2,5", build_cost="1200,50"))
    assert (str(Action.objects.get().effort_days), str(Action.objects.get().build_cost)) == ("2.5", "1200.50")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"title": ""}, "This field is required."),
        ({"practice": "INF1"}, "This practice belongs to another rule."),
        ({"opens": "2"}, "Say which practice it opens a level of."),
        ({"due_on": str(in_days(-1))}, "Choose a date from today on."),
        ({"build_cost": "-1"}, "greater than or equal to 0"),
        ({"effort_days": "much"}, "Enter a number."),
        ({"rule": "5"}, "Select a valid choice."),
        ({"team": "0"}, "Select a valid choice."),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
def test_bad_input_is_refused(team: Team, owner: User, wrong: dict[str, str], said: str) -> None:
    answer = signed_in(owner).post(reverse("readiness:action_add"), asked(team, **wrong))
    assert said in words(answer)
    assert not Action.objects.exists()


def test_nobody_plans_for_another_team(team: Team, stranger: User) -> None:
    assert "Select a valid choice." in words(signed_in(stranger).post(reverse("readiness:action_add"), asked(team)))
    assert not Action.objects.exists()


def test_a_stale_form_is_refused(team: Team, owner: User, colleague: User) -> None:
    action = own(team, owner)
    change(action, colleague, title="Other words")
    url = reverse("readiness:action_edit", args=[action.pk])
    assert "Somebody else changed this action" in words(signed_in(owner).post(url, asked(team, seen_version="1")))
    assert Action.objects.get().title == "Other words"


def test_a_recommended_action_keeps_its_practice(team: Team, owner: User) -> None:
    [action] = plan(team, owner, "UC1.2")
    values = {"title": "", "practice": "UC3", "opens": "4", "rule": "2", "seen_version": "1"}
    signed_in(owner).post(reverse("readiness:action_edit", args=[action.pk]), asked(team, **values))
    action.refresh_from_db()
    assert (action.practice, action.opens, action.rule, action.owner) == ("UC1", 2, 1, None)


def test_it_waits_for_others(team: Team, owner: User) -> None:
    first, second = own(team, owner, "one"), own(team, owner, "two")
    for waiting, other in ((second, first), (first, second)):
        url = reverse("readiness:action_edit", args=[waiting.pk])
        answer = signed_in(owner).post(url, asked(team, seen_version="1", blocked_by=[other.pk]), follow=True)
    assert "would wait for each other for ever" in words(answer)
    assert [each.pk for each in second.blocked_by.all()] == [first.pk]
    assert not first.blocked_by.exists()


def test_strangers_see_nothing(team: Team, owner: User, stranger: User) -> None:
    assert signed_in(stranger).get(own(team, owner).get_absolute_url()).status_code == 404


def test_many_changes_cost_as_many_queries_as_one(team: Team, owner: User) -> None:
    action, browser = own(team, owner), signed_in(owner)
    before = queries(browser, action.get_absolute_url())
    for number in range(9):
        change(action, owner, title=f"Words {number}")
    assert queries(browser, action.get_absolute_url()) == before <= 15
