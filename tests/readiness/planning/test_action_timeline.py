"""The plan over time: bars, today, who waits for whom; and what it costs."""

from datetime import date

import pytest
from django.urls import reverse

from accounts.models import Team, User
from readiness.actions import writing
from readiness.planning.timeline import LEFT, WIDTH, Span, timeline
from tests.factories import TeamFactory, signed_in
from tests.pages import queries, words
from tests.readiness.actions.plans import NOW, in_days, move, own

PAGE = "readiness:action_timeline"
TODAY = date(2026, 11, 23)


def test_the_drawing_works() -> None:
    spans = [
        Span(7, date(2026, 11, 1), date(2026, 12, 10), "doing"),
        Span(8, date(2026, 12, 10), date(2027, 2, 1), "todo", waits_for=(7, 99)),
    ]
    drawn = timeline(spans, today=TODAY)
    first, second = drawn.bars
    assert (first.number, second.number) == (1, 2)
    assert LEFT < first.x < drawn.today_x < second.x < WIDTH  # type: ignore[operator]
    assert second.x + second.width <= WIDTH
    assert [tick.first_on for tick in drawn.ticks] == [
        date(2026, 11, 1),
        date(2026, 12, 1),
        date(2027, 1, 1),
        date(2027, 2, 1),
    ]
    assert len(drawn.links) == 1


def test_nothing_can_be_drawn() -> None:
    drawn = timeline([], today=TODAY)
    assert drawn.bars == drawn.links == ()


def test_many_years_keep_their_months_apart() -> None:
    drawn = timeline([Span(1, date(2026, 1, 1), date(2031, 1, 1), "todo")], today=TODAY)
    assert 6 <= len(drawn.ticks) <= 12


@pytest.mark.django_db
def test_it_works(team: Team, owner: User) -> None:
    first = own(team, owner, "Ask the board", due_on=in_days(5))
    second = own(team, owner, "Name the owner", due_on=in_days(9))
    writing.save_action(action=second, waits_for=[first], seen_version=1, by=owner, now=NOW)
    move(first, "blocked", owner, reason="No date.")
    own(team, owner, "Some day")
    answer = signed_in(owner).get(reverse(PAGE))
    assert "1. Ask the board Support" in words(answer)
    assert "1 action has no date and no bar." in words(answer)
    page = answer.content.decode()
    assert page.count('class="bar-blocked"') == page.count('class="waits"') == page.count('class="today"') == 1


@pytest.mark.django_db
@pytest.mark.parametrize("page", [PAGE, "readiness:action_budget"])
def test_twenty_actions_cost_as_many_queries_as_one(team: Team, owner: User, page: str) -> None:
    browser = signed_in(owner)
    own(team, owner, due_on=in_days(5))
    with_one = queries(browser, reverse(page))
    for number in range(19):
        own(TeamFactory() if number % 2 else team, owner, f"Step {number}", owner=owner, due_on=in_days(9))
    assert queries(browser, reverse(page)) == with_one <= 15


@pytest.mark.django_db
def test_the_budget_adds_up(team: Team, owner: User) -> None:
    own(team, owner, "one", effort_days=2, build_cost=1000, run_cost=100)
    move(own(team, owner, "two", effort_days="1.5", build_cost=500, run_cost=0), "done", owner)
    move(own(team, owner, "three", build_cost=9000, run_cost=1), "dropped", owner, reason="Too dear.")
    own(team, owner, "four", rule=2)
    text = words(signed_in(owner).get(reverse("readiness:action_budget")))
    assert "Support, rule 1 2 3.5 d 1,500 EUR 500 EUR 100 EUR 0" in text
    assert "Support, rule 2 1 0 d 0 EUR 0 EUR 0 EUR 1" in text
    assert "Together 3 3.5 d 1,500 EUR 500 EUR 100 EUR 1" in text
