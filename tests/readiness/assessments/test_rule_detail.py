"""One rule of the company: what it promises, where it stands, and the teams behind that."""

import pytest
from django.urls import reverse

from accounts.models import Team, User
from readiness.assessments.models import Assessment, RuleTarget
from readiness.bank import load_bank
from tests.factories import TeamFactory, signed_in
from tests.pages import queries, words
from tests.readiness.assessments.writing import approved

pytestmark = pytest.mark.django_db


def url(number: int) -> str:
    return reverse("readiness:rule_detail", args=[number])


def page(number: int, person: User) -> str:
    return words(signed_in(person).get(url(number)))


def test_it_works(team: Team, owner: User) -> None:
    approved(team, 3)
    text = page(2, owner)
    rule = load_bank("2026.1").rules[1]
    assert f"Rule 2 {rule.title.en} {rule.promise.en} Ready Level 3, target 3" in text
    assert rule.why.en in text
    assert rule.good.en in text
    assert "Support 3 75.0 75.0" in text
    for practice in rule.practices:
        assert practice.question.en in text


def test_without_an_approved_assessment_it_says_so(assessment: Assessment, owner: User) -> None:
    text = page(1, owner)
    assert "Not assessed" in text
    assert "No team has an approved assessment yet." in text
    assert "Level" not in text


def test_it_says_when_the_rule_is_ready(team: Team, owner: User) -> None:
    approved(team, 3)
    RuleTarget.objects.create(rule=3, level=4)
    assert "The rule is ready when the level reaches 4," in page(3, owner)
    assert "At risk Level 3, target 4" in page(3, owner)
    assert "The rule is ready when the level reaches 3," in page(2, owner)


def test_the_lowest_team_gives_the_level(team: Team, owner: User) -> None:
    approved(team, 3)
    approved(TeamFactory(name="Vision"), 1)
    text = page(4, owner)
    assert "Off track Level 1, target 3" in text
    assert "Support 3 75.0 75.0" in text
    assert "Vision 1 25.0 25.0" in text


def test_only_results_that_one_may_open_are_links(team: Team, owner: User, stranger: User, reviewer: User) -> None:
    link = reverse("readiness:assessment_result", args=[approved(team).pk]).encode()
    for person, is_link in ((owner, True), (reviewer, True), (stranger, False)):
        content = signed_in(person).get(url(1)).content
        assert b"Support" in content
        assert (link in content) is is_link


@pytest.mark.parametrize("number", [0, 5, 99])
def test_there_are_four_rules(owner: User, number: int) -> None:
    assert signed_in(owner).get(url(number)).status_code == 404


def test_twenty_teams_cost_as_many_queries_as_one(team: Team, owner: User) -> None:
    approved(team)
    browser = signed_in(owner)
    with_one = queries(browser, url(1))
    for each in TeamFactory.create_batch(4):
        approved(each)
    assert queries(browser, url(1)) == with_one


def test_it_is_worded_in_french(owner: User) -> None:
    rule = load_bank("2026.1").rules[0]
    text = words(signed_in(owner).get("/fr/rules/1/"))
    for wording in (rule.title, rule.promise, rule.why, rule.good):
        assert wording.fr in text
        assert wording.en not in text


def test_other_methods_are_refused(owner: User) -> None:
    assert signed_in(owner).post(url(1)).status_code == 405
