"""The trend of a team: its snapshots drawn, as a table and a file, and what changed between two of them."""

import csv

import pytest
from django.urls import reverse

from accounts.models import Team, User
from readiness.assessments.models import Snapshot
from tests.factories import signed_in
from tests.pages import queries, words
from tests.readiness.trends.past import approved_ago

pytestmark = pytest.mark.django_db


def url(team: Team) -> str:
    return reverse("readiness:trend_detail", args=[team.pk])


def test_it_works(team: Team, owner: User) -> None:
    approved_ago(team, 90, 2)
    approved_ago(team, 1, 2, INF2=3)
    page = signed_in(owner).get(url(team))
    text = words(page)
    assert "Rule 2: Choose the right infrastructure Level 2 as before. Index +5.0, from 50.0 to 55.0." in text
    assert "“The GPU is one option”: 2 → 3, because level 3 was declared instead of 2." in text
    assert "Rule 1: Choose use cases carefully Nothing changed." in text
    assert page.content.count(b'class="chart-svg"') == 2


def test_better_evidence_is_the_reason(team: Team, owner: User) -> None:
    approved_ago(team, 90, 3, backed=False)
    approved_ago(team, 1, 3)
    text = words(signed_in(owner).get(url(team)))
    assert "Level 2 → 3. Index +25.0, from 50.0 to 75.0." in text
    assert "“The GPU is one option”: 2 → 3, because its evidence went from E0 to E2." in text


def test_any_two_snapshots_can_be_compared_in_either_order(team: Team, owner: User) -> None:
    first, _, last = approved_ago(team, 300, 1), approved_ago(team, 200, 2), approved_ago(team, 100, 3)
    for start, end in ((first, last), (last, first)):
        page = signed_in(owner).get(url(team), {"from": start.pk, "to": end.pk})
        assert "Level 1 → 3. Index +50.0, from 25.0 to 75.0." in words(page)


@pytest.mark.parametrize("asked", ["nonsense", "999999", ""])
def test_a_snapshot_that_is_not_there_means_the_last_two(team: Team, owner: User, asked: str) -> None:
    approved_ago(team, 200, 2)
    approved_ago(team, 100, 3)
    assert "Level 2 → 3." in words(signed_in(owner).get(url(team), {"from": asked, "to": asked}))


def test_another_version_of_the_bank_is_marked(team: Team, owner: User) -> None:
    approved_ago(team, 200, 2)
    snapshot = Snapshot.objects.get(assessment=approved_ago(team, 100, 2))
    scores = {**snapshot.scores, "bank_version": "2026.2"}
    snapshot.delete()
    Snapshot.objects.create(assessment=snapshot.assessment, taken_at=snapshot.taken_at, scores=scores)
    text = words(signed_in(owner).get(url(team)))
    assert "A Question bank 2026.2 from here on" in text
    assert "The question bank went from 2026.1 to 2026.2" in text


def test_one_snapshot_says_what_is_still_missing(team: Team, owner: User) -> None:
    approved_ago(team, 1)
    assert "One snapshot so far" in words(signed_in(owner).get(url(team)))


def test_without_a_snapshot_it_says_what_to_do(team: Team, owner: User) -> None:
    assert "It starts with the first assessment that a reviewer approves." in words(signed_in(owner).get(url(team)))


def test_another_teams_person_finds_nothing(team: Team, stranger: User) -> None:
    assert signed_in(stranger).get(url(team)).status_code == 404


def test_the_file_has_the_numbers_of_the_snapshots(team: Team, owner: User) -> None:
    approved_ago(team, 1, 3, INF2=2)
    content = signed_in(owner).get(reverse("readiness:trend_csv", args=[team.pk])).content.decode()
    rows = list(csv.DictReader(content.splitlines()))
    found = [(row["rule"], row["level"], row["index"]) for row in rows]
    assert found == [
        ("use_cases", "3", "75.0"),
        ("infrastructure", "3", "70.0"),
        ("sponsorship", "3", "75.0"),
        ("metrics", "3", "75.0"),
        ("overall", "3", "73.8"),
    ]


def test_more_snapshots_cost_no_more_queries(team: Team, owner: User) -> None:
    browser = signed_in(owner)
    approved_ago(team, 200)
    few = queries(browser, url(team))
    for days in range(3):
        approved_ago(team, days)
    assert queries(browser, url(team)) == few
