"""What the overview says of the plan: levels on condition, and what is late or blocked."""

import pytest
from django.urls import reverse

from accounts.models import Role, Team, User
from tests.factories import UserFactory, signed_in
from tests.pages import queries, words
from tests.readiness.actions.plans import move, own, plan, whole

pytestmark = pytest.mark.django_db
PAGE = "readiness:overview"


def overview(person: User) -> str:
    return words(signed_in(person).get(reverse(PAGE)))


def test_it_works(team: Team, owner: User) -> None:
    whole(team, 3, UC3=2, UC4=2, UC5=2)
    plan(team, owner, "UC3.3", "UC4.3", "UC5.3", due_in=20)
    plan(team, owner, "UC6.4", due_in=5, days_ago=10)
    move(own(team, owner, rule=1), "blocked", owner, reason="Budget")
    text = overview(UserFactory(role=Role.EXECUTIVE))
    assert "conditional level 3 until" in text
    assert "5 open actions · 1 overdue · 1 blocked" in text


def test_it_counts_what_its_links_show(team: Team, owner: User, stranger: User) -> None:
    own(team, owner)
    assert "1 open action" in overview(owner)
    assert "open action" not in overview(stranger)
    shown = words(signed_in(owner).get(reverse("readiness:action_list"), {"rule": 1, "status": "open"}))
    assert "1 action " in shown


def test_many_actions_cost_as_many_queries_as_one(team: Team, owner: User) -> None:
    browser = signed_in(owner)
    whole(team, 3)
    own(team, owner)
    before = queries(browser, reverse(PAGE))
    for number in range(19):
        own(team, owner, f"Step {number}", rule=number % 4 + 1)
    assert queries(browser, reverse(PAGE)) == before
