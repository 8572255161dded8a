"""The private calendar address of a person, and the work that waits for one."""

import re

import pytest
from django.test import Client
from django.urls import reverse
from icalendar import Calendar

from accounts.models import Team, User
from readiness.planning.models import CalendarLink
from readiness.planning.waiting import work_for
from tests.factories import signed_in
from tests.pages import words
from tests.readiness.actions.plans import TODAY, in_days, move, own

pytestmark = pytest.mark.django_db


def made(person: User) -> str:
    """The address of a new link, as it is shown once."""
    page = signed_in(person).post(reverse("readiness:calendar_link_make")).content.decode()
    found = re.search(r"<code>https?://[^/]+(/[^<]+)</code>", page)
    assert found is not None
    return found[1]


def titles(address: str) -> list[str]:
    answer = Client().get(address)
    assert answer.status_code == 200
    return [str(event["SUMMARY"]) for event in Calendar.from_ical(answer.content).walk("VEVENT")]


def test_it_works(team: Team, owner: User, colleague: User) -> None:
    own(team, owner, "Mine", owner=owner, due_on=in_days(3))
    own(team, owner, "Theirs", owner=colleague, due_on=in_days(3))
    move(own(team, owner, "Done", owner=owner, due_on=in_days(3)), "done", owner)
    address = made(owner)
    assert titles(address) == ["Mine"]
    text = words(signed_in(owner).get(reverse("readiness:calendar_link")))
    assert "A calendar program last asked on" in text
    assert address not in text


def test_a_new_address_replaces_the_old_one(owner: User) -> None:
    first, second = made(owner), made(owner)
    assert Client().get(first).status_code == 404
    assert titles(second) == []
    assert CalendarLink.objects.usable().count() == 1


def test_a_revoked_address_shows_nothing(owner: User) -> None:
    address = made(owner)
    signed_in(owner).post(reverse("readiness:calendar_link_revoke"))
    assert Client().get(address).status_code == 404


def test_who_may_no_longer_sign_in_reads_nothing(owner: User) -> None:
    address = made(owner)
    User.objects.filter(pk=owner.pk).update(is_active=False)
    assert Client().get(address).status_code == 404


def test_an_unknown_address_shows_nothing() -> None:
    assert Client().get(reverse("readiness:action_feed", args=["guess"])).status_code == 404


def test_the_secret_is_kept_only_as_a_hash(owner: User) -> None:
    secret = made(owner).split("/")[-1].removesuffix(".ics")
    assert secret not in str(list(CalendarLink.objects.values()))


def test_work_is_what_one_owns_and_has_not_finished(team: Team, owner: User, colleague: User) -> None:
    own(team, owner, "Later", owner=owner)
    own(team, owner, "Soon", owner=owner, due_on=in_days(3))
    own(team, owner, "Theirs", owner=colleague)
    move(own(team, owner, "Done", owner=owner), "done", owner)
    found = work_for(owner, TODAY)
    assert [(item.title, item.due_on, item.team) for item in found] == [
        ("Soon", in_days(3), "Support"),
        ("Later", None, "Support"),
    ]
