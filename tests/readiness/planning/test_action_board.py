"""The board: what is to do, in work, blocked and done, and moving it by buttons alone."""

import re

import pytest
from django.urls import reverse

from accounts.models import Role, Team, User
from readiness.actions.models import Action
from tests.factories import TeamFactory, UserFactory, member_of, signed_in
from tests.pages import queries, words
from tests.readiness.actions.plans import in_days, move, own, plan, whole

pytestmark = pytest.mark.django_db
PAGE = "readiness:action_board"


def board(person: User, **asked: object) -> str:
    return words(signed_in(person).get(reverse(PAGE), asked))


def test_it_works(team: Team, owner: User) -> None:
    move(own(team, owner, "Ask the board"), "blocked", owner, reason="No date for the meeting.")
    move(own(team, owner, "Draw the map"), "doing", owner)
    own(team, owner, "Name the owner", due_on=in_days(3), owner=owner)
    text = board(owner)
    assert re.search(r"To do 1 Name the owner .*Doing 1 Draw the map .*Blocked 1 Ask the board .*Done 0", text)
    assert "No date for the meeting." in text


def test_a_button_moves_and_takes_back(team: Team, owner: User) -> None:
    action, browser = own(team, owner, "Name the owner"), signed_in(owner)
    asked = {"status": "doing", "seen_version": "1", "next": reverse(PAGE)}
    answer = browser.post(reverse("readiness:action_move", args=[action.pk]), asked, follow=True)
    assert "“Name the owner” is now: Doing." in words(answer)
    asked = {"seen_version": "2", "next": reverse(PAGE)}
    answer = browser.post(reverse("readiness:action_undo", args=[action.pk]), asked, follow=True)
    assert "“Name the owner” is To do again." in words(answer)
    assert "is now" not in words(browser.get(reverse(PAGE)))


def test_what_is_done_suggests_to_answer_again(team: Team, owner: User) -> None:
    assessment = whole(team, 2, state="open")
    [action] = plan(team, owner, "UC1.3")
    browser = signed_in(owner)
    asked = {"status": "done", "seen_version": "1", "next": reverse(PAGE)}
    answer = browser.post(reverse("readiness:action_move", args=[action.pk]), asked, follow=True)
    assert reverse("readiness:assessment_practice", args=[assessment.pk, "UC1"]) in answer.content.decode()
    assert assessment.answers.get(practice="UC1").level == 2


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"status": "blocked", "seen_version": "1"}, "Say why the action is blocked or dropped."),
        ({"status": "doing", "seen_version": "7"}, "Somebody else changed this action meanwhile."),
        ({"status": "gone", "seen_version": "1"}, "Choose one of the statuses"),
        ({}, "Choose one of the statuses"),
    ],
    ids=["reason", "stale", "unknown", "empty"],
)
def test_a_wrong_move_changes_nothing(team: Team, owner: User, asked: dict[str, str], said: str) -> None:
    action = own(team, owner)
    answer = signed_in(owner).post(reverse("readiness:action_move", args=[action.pk]), asked, follow=True)
    assert said in words(answer)
    assert Action.objects.get().status == "todo"


def test_nobody_is_led_elsewhere(team: Team, owner: User) -> None:
    action = own(team, owner)
    asked = {"status": "doing", "seen_version": "1", "next": "https://elsewhere.example/"}
    answer = signed_in(owner).post(reverse("readiness:action_move", args=[action.pk]), asked)
    assert answer["Location"] == action.get_absolute_url()


def test_who_owns_an_action_of_another_team_moves_it(team: Team, owner: User, stranger: User) -> None:
    action = own(team, owner, "Lend a hand", owner=stranger)
    assert "Lend a hand" in board(stranger)
    asked = {"status": "doing", "seen_version": "1"}
    signed_in(stranger).post(reverse("readiness:action_move", args=[action.pk]), asked)
    assert Action.objects.get().status == "doing"
    assert signed_in(stranger).get(reverse("readiness:action_edit", args=[action.pk])).status_code == 404


def test_strangers_see_nothing(team: Team, owner: User, stranger: User) -> None:
    own(team, owner, "Secret step")
    assert "Secret step" not in board(stranger)


def test_executives_read_and_do_not_move(team: Team, owner: User) -> None:
    own(team, owner, "Name the owner")
    text = board(member_of(team, Role.EXECUTIVE))
    assert "Name the owner" in text
    assert "Block or drop" not in text


def test_without_any_it_says_what_to_do(owner: User) -> None:
    assert "No action is planned yet" in board(owner)


def test_a_column_is_cut_and_says_so(team: Team, owner: User) -> None:
    made = [Action(team=team, rule=1, bank_version="2026.2", title=f"Step {number}") for number in range(32)]
    for action in made:
        action.created_by, action.agreed_on = owner, in_days(0)
    Action.objects.bulk_create(made)
    text = board(owner)
    assert "To do 32" in text
    assert "2 more in the list" in text


def test_twenty_actions_cost_as_many_queries_as_one(team: Team, owner: User) -> None:
    browser = signed_in(owner)
    own(team, owner, owner=owner)
    with_one = queries(browser, reverse(PAGE))
    for number in range(19):
        own(TeamFactory() if number % 2 else team, UserFactory(), f"Step {number}", owner=owner)
    assert queries(browser, reverse(PAGE)) == with_one <= 15
