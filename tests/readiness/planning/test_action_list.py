"""The list, its filters, and the files of it."""

import csv
from io import StringIO

import pytest
from django.urls import reverse
from icalendar import Calendar

from accounts.models import Team, User
from tests.factories import TeamFactory, signed_in
from tests.pages import queries, words
from tests.readiness.actions.plans import in_days, move, own, plan

pytestmark = pytest.mark.django_db
PAGE = "readiness:action_list"


def listed(person: User, **asked: object) -> str:
    return words(signed_in(person).get(reverse(PAGE), asked))


def test_it_works(team: Team, owner: User) -> None:
    own(team, owner, "Name the owner", owner=owner, due_on=in_days(4), effort_days=2, build_cost=1500, run_cost=300)
    text = listed(owner)
    assert "1 action" in text
    assert "Name the owner Support 1 Olive Owner To do" in text
    assert "2 d 1,500 EUR 300 EUR" in text


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, {"Early", "Late", "Blocked"}),
        ({"status": "overdue"}, {"Late"}),
        ({"status": "blocked"}, {"Blocked"}),
        ({"status": "open", "rule": "2"}, {"Early"}),
        ({"rule": "3"}, set()),
        ({"status": "nonsense"}, {"Early", "Late", "Blocked"}),
    ],
    ids=["all", "overdue", "blocked", "rule", "none", "unknown"],
)
def test_filters(team: Team, owner: User, asked: dict[str, str], found: set[str]) -> None:
    plan(team, owner, "UC1.1", due_in=10, days_ago=30, owner=None)
    move(own(team, owner, "Blocked"), "blocked", owner, reason="Why")
    own(team, owner, "Early", due_on=in_days(9), rule=2)
    text = listed(owner, **asked)
    titles = {"Early": "Early", "Late": "overdue", "Blocked": "Blocked Support"}
    shown = {name for name, sign in titles.items() if sign in text.partition("Due on")[2]}
    assert shown == found


def test_a_filter_that_is_not_understood_says_so(team: Team, owner: User) -> None:
    own(team, owner)
    assert "Select a valid choice." in listed(owner, team="0")


def test_by_team_and_owner(team: Team, owner: User, colleague: User) -> None:
    own(team, owner, "Mine", owner=owner)
    own(team, owner, "Theirs", owner=colleague)
    assert "Theirs" not in listed(owner, owner=owner.pk, team=team.pk)


def test_the_spreadsheet_runs_no_formula(team: Team, owner: User) -> None:
    own(team, owner, "=HYPERLINK(1)", build_cost="1234.50", due_on=in_days(3))
    answer = signed_in(owner).get("/fr/plan/actions.csv")
    [row] = csv.DictReader(StringIO(answer.content.decode()))
    assert row["title"] == "'=HYPERLINK(1)"
    assert (row["build_cost"], row["due_on"], row["currency"]) == ("1234.50", str(in_days(3)), "EUR")


def test_the_calendar_file_is_read_by_the_library(team: Team, owner: User) -> None:
    action = own(team, owner, "Name the owner", due_on=in_days(3))
    move(own(team, owner, "Past", due_on=in_days(1)), "done", owner)
    answer = signed_in(owner).get(reverse("readiness:action_ics"))
    assert answer["Content-Type"] == "text/calendar; charset=utf-8"
    [event] = Calendar.from_ical(answer.content).walk("VEVENT")
    assert (str(event["SUMMARY"]), event["DTSTART"].dt) == ("Name the owner", in_days(3))
    assert str(event["URL"]).endswith(action.get_absolute_url())


def test_files_hold_no_other_teams_actions(team: Team, owner: User, stranger: User) -> None:
    own(team, owner, "Secret step", due_on=in_days(3))
    for name in ("readiness:action_csv", "readiness:action_ics"):
        assert b"Secret step" not in signed_in(stranger).get(reverse(name)).content


def test_twenty_actions_cost_as_many_queries_as_one(team: Team, owner: User) -> None:
    browser = signed_in(owner)
    plan(team, owner, "UC1.1")
    with_one = queries(browser, reverse(PAGE))
    for number in range(19):
        own(TeamFactory() if number % 2 else team, owner, f"Step {number}", owner=owner)
    assert queries(browser, reverse(PAGE)) == with_one <= 15
