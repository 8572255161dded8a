"""Teams side by side as of a day, and where they differ most."""

import pytest

from accounts.models import Team, User
from readiness.assessments.models import RuleTarget
from tests.factories import TeamFactory, signed_in
from tests.pages import queries, words
from tests.readiness.assessments.writing import days_ago
from tests.readiness.trends.past import approved_ago

pytestmark = pytest.mark.django_db

URL = "/en/comparison/"


def test_it_works(team: Team, reviewer: User) -> None:
    approved_ago(team, 20, 3, INF2=2)
    approved_ago(TeamFactory(name="Field"), 10, 2, UC2=4)
    text = words(signed_in(reviewer).get(URL))
    assert "Support Level 3 · 75.0 declared 75.0 Ready Level 3 · 70.0 declared 70.0 Ready" in text
    assert "Field Level 2 · " in text
    assert "declared 50.0 At risk" in text
    assert "Where teams differ most" in text


def test_the_widest_difference_stands_first(team: Team, reviewer: User) -> None:
    approved_ago(team, 20, 3, INF2=0)
    approved_ago(TeamFactory(name="Field"), 10, 3, INF2=4, UC2=2)
    found = signed_in(reviewer).get(URL).context["differences"]
    assert [(each.practice.key, each.lowest, behind, each.highest, ahead) for each, behind, ahead in found] == [
        ("INF2", 0, "Support", 4, "Field"),
        ("UC2", 2, "Field", 3, "Support"),
    ]


def test_it_shows_the_day_that_is_asked_for(team: Team, reviewer: User) -> None:
    approved_ago(team, 100, 2)
    approved_ago(team, 10, 3)
    browser = signed_in(reviewer)
    assert "Level 2 · 50.0" in words(browser.get(URL, {"on": days_ago(50).isoformat()}))
    assert "Nothing to compare" in words(browser.get(URL, {"on": days_ago(200).isoformat()}))


def test_the_target_level_decides_the_status(team: Team, reviewer: User) -> None:
    approved_ago(team, 10, 3)
    RuleTarget.objects.create(rule=1, level=4)
    assert "Level 3 · 75.0 declared 75.0 At risk" in words(signed_in(reviewer).get(URL))


@pytest.mark.parametrize("asked", ["yesterday", "2026-02-31"])
def test_a_day_that_is_none_is_refused(reviewer: User, asked: str) -> None:
    browser = signed_in(reviewer)
    for address in (URL, f"{URL}comparison.csv"):
        answer = browser.get(address, {"on": asked})
        assert answer.status_code == 400
        assert "That is not a date." in answer.content.decode()


def test_a_team_sees_its_own_only(team: Team, owner: User, stranger: User) -> None:
    approved_ago(team, 10)
    assert "Support" in words(signed_in(owner).get(URL))
    assert "Support" not in words(signed_in(stranger).get(URL))
    assert "Support" not in signed_in(stranger).get(f"{URL}comparison.csv").content.decode()


def test_more_teams_cost_no_more_queries(team: Team, reviewer: User) -> None:
    browser = signed_in(reviewer)
    approved_ago(team, 20)
    few = queries(browser, URL)
    for _ in range(3):
        approved_ago(TeamFactory(), 10)
    assert queries(browser, URL) == few
