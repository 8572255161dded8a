"""The company over time: the lowest level and the mean index of the snapshots until each day."""

import csv

import pytest
from django.urls import reverse

from accounts.models import Team, User
from tests.factories import TeamFactory, signed_in
from tests.pages import queries, words
from tests.readiness.trends.past import approved_ago

pytestmark = pytest.mark.django_db

URL = "/en/trends/"


def test_it_works(team: Team, owner: User) -> None:
    other = TeamFactory(name="Field")
    approved_ago(team, 200, 2)
    approved_ago(other, 100, 4)
    approved_ago(team, 10, 3)
    content = signed_in(owner).get(reverse("readiness:trend_company_csv")).content.decode()
    rows = [row for row in csv.DictReader(content.splitlines()) if row["rule"] == "sponsorship"]
    assert [(row["level"], row["index"]) for row in rows] == [("2", "50.0"), ("2", "75.0"), ("3", "87.5")]


def test_the_page_shows_what_the_file_says(team: Team, owner: User) -> None:
    approved_ago(team, 200, 2)
    approved_ago(team, 10, 3)
    text = words(signed_in(owner).get(URL))
    assert "Level 3 · 75.0 declared 75.0" in text
    assert "Level 2 · 50.0 declared 50.0" in text


def test_people_are_led_to_the_teams_they_may_see(team: Team, owner: User) -> None:
    TeamFactory(name="Field")
    text = words(signed_in(owner).get(URL))
    assert "Trend of a team Support" in text
    assert "Field" not in text


def test_without_a_snapshot_it_says_what_to_do(owner: User) -> None:
    assert "It starts with the first assessment that a reviewer approves." in words(signed_in(owner).get(URL))


def test_more_teams_cost_no_more_queries(team: Team, reviewer: User) -> None:
    browser = signed_in(reviewer)
    approved_ago(team, 200)
    few = queries(browser, URL)
    for _ in range(3):
        approved_ago(TeamFactory(), 10)
    assert queries(browser, URL) == few
