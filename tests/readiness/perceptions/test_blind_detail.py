"""Watching a blind round: who has answered and nothing of what; asking more, reminding, extending, closing."""

import pytest
from django.urls import reverse

from accounts.models import AuditEvent, User
from readiness.assessments.models import Assessment
from readiness.perceptions.models import BlindRound
from readiness.teamwork.digests import sections_of
from readiness.teamwork.waiting import work_for
from tests.factories import UserFactory, signed_in
from tests.pages import queries, words
from tests.readiness.assessments.writing import NOW, days_ago
from tests.readiness.perceptions.rounds import BOARD, IT, closed, open_blind, past_due, reply

pytestmark = pytest.mark.django_db


def url(verb: str, blind_round: BlindRound) -> str:
    return reverse(f"readiness:blind_{verb}", args=[blind_round.pk])


@pytest.fixture
def opened(assessment: Assessment, owner: User, colleague: User, stranger: User) -> BlindRound:
    return open_blind(assessment, owner, [(colleague, IT), (stranger, BOARD)])


def test_it_works(opened: BlindRound, owner: User, colleague: User, stranger: User) -> None:
    reply(opened, colleague, 4, comment="secret-marker")
    reply(opened, stranger, 0, "UC1")
    page = signed_in(owner).get(url("detail", opened))
    assert "1 of 2 people has answered" not in words(page)
    assert "1 of 2 people have answered everything." in words(page)
    assert "Colin Colleague IT has answered" in words(page)
    assert "Stan Stranger Board has begun" in words(page)
    assert "secret-marker" not in page.content.decode()


@pytest.mark.parametrize("first", [0, 4])
def test_nothing_of_what_was_answered_changes_the_page(
    opened: BlindRound, owner: User, colleague: User, first: int
) -> None:
    """Two looks at an open round differ in who has answered, and in nothing else."""
    browser = signed_in(owner)
    reply(opened, colleague, first)
    before = words(browser.get(url("detail", opened)))
    reply(opened, colleague, None, comment="Changed my mind.")
    assert words(browser.get(url("detail", opened))) == before


def test_answering_leaves_no_line_in_the_audit_trail(opened: BlindRound, colleague: User) -> None:
    before = AuditEvent.objects.count()
    reply(opened, colleague, 3)
    assert AuditEvent.objects.count() == before


def test_who_answered_is_not_listed_once_an_anonymous_round_is_closed(
    assessment: Assessment, owner: User, stranger: User
) -> None:
    opened = open_blind(assessment, owner, [(stranger, IT)], is_anonymous=True)
    assert "Stan Stranger" in words(signed_in(owner).get(url("detail", opened)))
    closed(opened, owner)
    assert "Stan Stranger" not in words(signed_in(owner).get(url("detail", opened)))


def test_more_people_are_asked(opened: BlindRound, owner: User, colleague: User) -> None:
    data = {"people-TOTAL_FORMS": "3", "people-INITIAL_FORMS": "0"}
    rows = {"people-0-person": owner.pk, "people-0-circle": "business", "people-1-person": colleague.pk}
    page = words(signed_in(owner).post(url("invite", opened), {**data, **rows, "people-1-circle": "it"}, follow=True))
    assert "1 more person is asked." in page
    assert opened.invitations.count() == 3


def test_nobody_chosen_is_said(opened: BlindRound, owner: User) -> None:
    data = {"people-TOTAL_FORMS": "3", "people-INITIAL_FORMS": "0"}
    assert "Choose at least one person" in words(signed_in(owner).post(url("invite", opened), data, follow=True))


def test_who_has_not_answered_is_reminded(opened: BlindRound, owner: User, colleague: User, stranger: User) -> None:
    reply(opened, colleague, 2)
    page = words(signed_in(owner).post(url("remind", opened), follow=True))
    assert "1 person is reminded" in page
    assert not work_for(colleague, days_ago(0)).items
    [item] = work_for(stranger, days_ago(0)).items
    assert item.title == "Olive Owner reminds you: answer 2 practices blind"
    assert [heading for heading, _items in sections_of([item], days_ago(0))] == ["You are reminded"]
    [later] = work_for(stranger, days_ago(-2)).items
    assert not later.is_reminded


def test_it_is_extended(opened: BlindRound, owner: User) -> None:
    signed_in(owner).post(url("extend", opened), {"due_on": str(days_ago(-9))})
    opened.refresh_from_db()
    assert opened.due_on == days_ago(-9)


@pytest.mark.parametrize("days", [0, 5, None])
def test_it_is_not_shortened(opened: BlindRound, owner: User, days: int | None) -> None:
    due_on = "" if days is None else str(days_ago(-days))
    page = words(signed_in(owner).post(url("extend", opened), {"due_on": due_on}, follow=True))
    assert "Choose a day after the present one" in page
    opened.refresh_from_db()
    assert opened.due_on == days_ago(-5)


def test_closing_shows_the_result(opened: BlindRound, owner: User, colleague: User) -> None:
    reply(opened, colleague, 2)
    page = words(signed_in(owner).post(url("close", opened), follow=True))
    assert "Closed. Here is what was answered." in page
    opened.refresh_from_db()
    assert (opened.closed_by, opened.is_open(days_ago(0))) == (owner, False)


@pytest.mark.parametrize("verb", ["close", "remind", "extend", "invite"])
@pytest.mark.parametrize("is_by_hand", [True, False])
def test_a_closed_round_stays_as_it_is(opened: BlindRound, owner: User, verb: str, is_by_hand: bool) -> None:
    ended = closed(opened, owner) if is_by_hand else past_due(opened)
    rows = BlindRound.objects.values().get()
    people = {"people-TOTAL_FORMS": "3", "people-INITIAL_FORMS": "0", "people-0-person": owner.pk}
    data = {"due_on": str(days_ago(-20)), **people, "people-0-circle": "it"}
    page = words(signed_in(owner).post(url(verb, ended), data, follow=True))
    assert "This round is closed: it takes no more answers, and nothing was changed." in page
    assert BlindRound.objects.values().get() == rows
    assert ended.invitations.count() == 2


def test_many_people_cost_as_many_queries_as_one(assessment: Assessment, owner: User, colleague: User) -> None:
    few = open_blind(assessment, owner, [(colleague, IT)])
    many = open_blind(assessment, owner, [(UserFactory(), IT) for _ in range(20)])
    browser = signed_in(owner)
    assert queries(browser, url("detail", few)) == queries(browser, url("detail", many)) <= 15
    with_two = queries(browser, reverse("readiness:blind_list"))
    for _ in range(10):
        reply(open_blind(assessment, owner, [(owner, IT)]), owner, 1)
    assert queries(browser, reverse("readiness:blind_list")) == with_two <= 15


def test_the_opener_is_asked_to_decide(opened: BlindRound, owner: User) -> None:
    assert not work_for(owner, days_ago(0)).items
    past_due(opened)
    [item] = work_for(owner, NOW.date()).items
    assert item.title == "Decide on the levels after the blind answers"
