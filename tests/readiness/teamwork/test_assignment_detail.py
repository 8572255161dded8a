"""One assignment: accepted, declined with a reason, handed on with its chain, withdrawn."""

from typing import Any

import pytest
from django.urls import reverse

from accounts.models import Membership, Role, Team, User
from readiness.assessments.models import Assessment
from readiness.teamwork.models import Assignment
from tests.factories import TeamFactory, UserFactory, member_of, signed_in
from tests.pages import words
from tests.readiness.teamwork.asking import ask

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked(assessment: Assessment, owner: User, stranger: User) -> Assignment:
    """Somebody of another team is asked."""
    return ask(assessment, stranger, owner, note="You run these nodes.")


def do(verb: str, asked: Assignment, person: User, **data: str) -> Any:
    return signed_in(person).post(reverse(f"readiness:assignment_{verb}", args=[asked.pk]), data, follow=True)


def test_it_works(asked: Assignment, stranger: User) -> None:
    page = words(signed_in(stranger).get(asked.get_absolute_url()))
    assert "Olive Owner asked Stan Stranger" in page
    assert "You run these nodes." in page
    assert "It is yours." in words(do("accept", asked, stranger))
    asked.refresh_from_db()
    assert (asked.state, asked.replied_by) == ("accepted", stranger)


def test_declining_tells_who_asked(asked: Assignment, stranger: User, owner: User) -> None:
    do("decline", asked, stranger, reason="Not my nodes.")
    assert "Stan Stranger declined" in words(signed_in(owner).get(reverse("readiness:my_work")))
    assert "Reason: Not my nodes." in words(signed_in(owner).get(asked.get_absolute_url()))


def test_declining_needs_a_reason(asked: Assignment, stranger: User) -> None:
    assert "Say in a few words why you decline" in words(do("decline", asked, stranger, reason=" "))
    asked.refresh_from_db()
    assert asked.state == "asked"


def test_handing_on_keeps_the_chain(asked: Assignment, stranger: User, colleague: User) -> None:
    do("hand_on", asked, stranger, to=f"person-{colleague.pk}")
    handed = Assignment.objects.standing().get()
    page = words(signed_in(colleague).get(handed.get_absolute_url()))
    assert page.index("Olive Owner asked Stan Stranger") < page.index("Stan Stranger asked Colin Colleague")


def test_who_is_of_another_team_hands_on_to_the_two_teams_only(asked: Assignment, stranger: User) -> None:
    near, far = member_of(stranger.teams.get()), member_of(TeamFactory())
    assert "Choose a person or a team" in words(do("hand_on", asked, stranger, to=f"person-{far.pk}"))
    do("hand_on", asked, stranger, to=f"person-{near.pk}")
    assert Assignment.objects.standing().get().person == near


def test_who_handed_it_on_sees_it_no_more(asked: Assignment, stranger: User, colleague: User) -> None:
    do("hand_on", asked, stranger, to=f"person-{colleague.pk}")
    assert do("decline", asked, stranger, reason="x").status_code == 404
    assert signed_in(stranger).get(asked.get_absolute_url()).status_code == 404


def test_the_first_of_a_team_takes_it(assessment: Assessment, owner: User, stranger: User) -> None:
    other = TeamFactory()
    Membership.objects.create(team=other, user=stranger)
    second = member_of(other)
    asked = ask(assessment, other, owner)
    do("accept", asked, stranger)
    assert do("accept", asked, second).status_code == 404
    asked.refresh_from_db()
    assert asked.person == stranger


def test_the_team_withdraws_it(asked: Assignment, colleague: User, stranger: User) -> None:
    do("withdraw", asked, colleague)
    asked.refresh_from_db()
    assert asked.state == "withdrawn"
    assert do("accept", asked, stranger).status_code == 404


@pytest.mark.parametrize("verb", ["accept", "decline", "hand_on", "withdraw"])
def test_nobody_else_replies(asked: Assignment, verb: str, team: Team) -> None:
    other = UserFactory(role=Role.OPERATOR)
    assert do(verb, asked, other, reason="x").status_code == 404
    asked.refresh_from_db()
    assert asked.state == "asked"
