"""Answering blind: the practices of the round and nothing else, part by part, until it is closed."""

import re

import pytest
from django.http import HttpResponse
from django.urls import reverse

from accounts.models import User
from readiness.assessments.models import Assessment
from readiness.perceptions.models import BlindAnswer, BlindRound
from readiness.teamwork.waiting import work_for
from tests.factories import signed_in
from tests.pages import queries, words
from tests.readiness.assessments.writing import answer, days_ago
from tests.readiness.perceptions.rounds import BOARD, IT, closed, open_blind, past_due, reply

pytestmark = pytest.mark.django_db


def url(blind_round: BlindRound) -> str:
    return reverse("readiness:blind_answer", args=[blind_round.pk])


@pytest.fixture
def opened(assessment: Assessment, owner: User, colleague: User, stranger: User) -> BlindRound:
    return open_blind(assessment, owner, [(colleague, IT), (stranger, BOARD)], is_anonymous=True)


def given(person: User) -> dict[str, tuple[int | None, str]]:
    rows = BlindAnswer.objects.filter(invitation__person=person)
    return {each.practice: (each.level, each.comment) for each in rows}


def chosen(page: HttpResponse) -> int:
    """How many of the page's answers are chosen already."""
    return len(re.findall(r"<input[^>]* checked", page.content.decode()))


def test_it_works(opened: BlindRound, stranger: User) -> None:
    [item] = work_for(stranger, days_ago(0)).items
    assert (item.title, item.due_on) == ("Answer 2 practices blind, asked by Olive Owner", days_ago(-5))
    browser = signed_in(stranger)
    assert "Anonymous: only how often each level was chosen is shown" in words(browser.get(item.url))
    data = {"UC1": "3", "INF3": "cannot_say", "INF3-comment": "Not my field."}
    page = words(browser.post(item.url, data, follow=True))
    assert "You answered everything" in page
    assert given(stranger) == {"UC1": (3, ""), "INF3": (None, "Not my field.")}
    assert not work_for(stranger, days_ago(0)).items


def test_one_goes_on_later(opened: BlindRound, stranger: User) -> None:
    browser = signed_in(stranger)
    assert "Saved. 1 practice is left." in words(browser.post(url(opened), {"UC1": "3"}, follow=True))
    assert chosen(browser.get(url(opened))) == 1
    browser.post(url(opened), {"INF3": "0"})
    assert given(stranger) == {"UC1": (3, ""), "INF3": (0, "")}


def test_an_answer_is_changed_until_it_is_closed(opened: BlindRound, stranger: User) -> None:
    for level in ("3", "1"):
        signed_in(stranger).post(url(opened), {"UC1": level})
    assert given(stranger) == {"UC1": (1, "")}


def test_they_see_nothing_else(assessment: Assessment, opened: BlindRound, owner: User, stranger: User) -> None:
    written = answer(assessment, "UC1", 3, owner)
    written.note = "secret-marker"
    written.save()
    browser = signed_in(stranger)
    page = browser.get(url(opened)).content.decode()
    assert "secret-marker" not in page
    assert page.count('type="radio"') == 2 * 6
    assert chosen(browser.get(url(opened))) == 0
    assert browser.get(assessment.get_absolute_url()).status_code == 404


def test_nobody_sees_the_answers_of_others(opened: BlindRound, colleague: User, stranger: User) -> None:
    browser = signed_in(stranger)
    before = words(browser.get(url(opened)))
    reply(opened, colleague, 4, comment="secret-marker")
    after = browser.get(url(opened))
    assert (words(after), chosen(after)) == (before, 0)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"UC1": "5"}, "Select a valid choice."),
        ({"UC1": "2", "INF3-comment": "Slow."}, "Choose a level or “I cannot say” beside your comment."),
        ({"UC1": "2", "UC1-comment": "x" * 1001}, "at most 1000 characters"),
    ],
)
def test_what_is_wrong_is_said(opened: BlindRound, stranger: User, data: dict[str, str], sentence: str) -> None:
    assert sentence in words(signed_in(stranger).post(url(opened), data))
    assert given(stranger) == {}


def test_practices_that_are_not_asked_are_not_written(opened: BlindRound, stranger: User) -> None:
    signed_in(stranger).post(url(opened), {"UC1": "2", "UC2": "4"})
    assert given(stranger) == {"UC1": (2, "")}


@pytest.mark.parametrize("is_by_hand", [True, False])
def test_a_closed_round_takes_no_answer(opened: BlindRound, owner: User, stranger: User, is_by_hand: bool) -> None:
    reply(opened, stranger, 1, "UC1")
    ended = closed(opened, owner) if is_by_hand else past_due(opened)
    page = words(signed_in(stranger).post(url(ended), {"UC1": "4"}, follow=True))
    assert "This round is closed" in page
    assert "See what was answered" in page
    assert given(stranger) == {"UC1": (1, "")}


def test_who_is_not_asked_may_not(opened: BlindRound, owner: User) -> None:
    assert signed_in(owner).get(url(opened)).status_code == 404
    assert signed_in(owner).post(url(opened), {"UC1": "4"}).status_code == 404


def test_many_practices_cost_as_many_queries_as_two(assessment: Assessment, opened: BlindRound, owner: User) -> None:
    keys = ["UC1", "UC2", "UC3", "INF1", "INF2", "INF3"]
    many = open_blind(assessment, owner, [(owner, IT)], practices=keys)
    few = open_blind(assessment, owner, [(owner, IT)])
    browser = signed_in(owner)
    assert queries(browser, url(few)) == queries(browser, url(many)) <= 15
