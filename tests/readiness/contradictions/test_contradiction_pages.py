"""The pages of contradictions: what is open, one with its history, and who may work on it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.urls import reverse

from accounts.models import Role, User
from readiness.contradictions.models import Contradiction
from tests.factories import UserFactory, member_of, signed_in
from tests.pages import queries, words

pytestmark = pytest.mark.django_db
LIST = "/en/contradictions/"


def page(person: User, url: str = LIST) -> str:
    return words(signed_in(person).get(url))


def post(person: User, name: str, found: Contradiction, **values: Any) -> str:
    address = reverse(f"readiness:contradiction_{name}", args=[found.pk])
    return words(signed_in(person).post(address, values, follow=True))


def test_it_works(contradiction: Contradiction) -> None:
    owner = contradiction.owner
    text = page(owner)
    assert "Open (1)" in text
    assert "Latency objective met Support 3 2" in text
    detail = page(owner, contradiction.get_absolute_url())
    assert "Support declares level 3; two windows in a row measured level 2." in detail
    assert "975" in detail
    assert "While it lasts the practice counts as level 2." in detail
    assert "Acknowledged: others see" in post(owner, "acknowledge", contradiction)
    assert "Write something first." in post(owner, "comment", contradiction, text=" ")
    assert "The new node is slow." in post(owner, "comment", contradiction, text="The new node is slow.")
    contradiction.refresh_from_db()
    assert contradiction.state == "acknowledged"


def test_it_is_handed_over_within_the_team(contradiction: Contradiction) -> None:
    colleague = member_of(contradiction.team, name="Colin Colleague")
    outsider = UserFactory()
    due_on = (datetime.now(UTC) + timedelta(days=3)).date()
    values = {"owner": colleague.pk, "due_on": due_on.isoformat()}
    text = post(contradiction.owner, "hand_over", contradiction, **values)
    assert "Owner and date saved." in text
    assert "given to Colin Colleague" in text
    assert "Choose somebody of the team and a date." in post(
        colleague, "hand_over", contradiction, owner=outsider.pk, due_on=due_on.isoformat()
    )
    contradiction.refresh_from_db()
    assert (contradiction.owner, contradiction.due_on) == (colleague, due_on)


def test_a_closed_one_is_history(contradiction: Contradiction) -> None:
    now = datetime.now(UTC)
    Contradiction.objects.update(
        state="closed", ending="put_right", opened_at=now - timedelta(days=2), closed_at=now - timedelta(days=1)
    )
    assert "No answer is contradicted" in page(contradiction.owner)
    assert "Half of those closed in a year took 24\u00a0h at most." in page(contradiction.owner)
    assert "two windows in a row confirm the level" in page(contradiction.owner, f"{LIST}?closed=1")
    assert "This contradiction is closed already." in post(contradiction.owner, "acknowledge", contradiction)


def test_what_is_overdue_is_said(contradiction: Contradiction) -> None:
    Contradiction.objects.update(due_on=datetime.now(UTC).date() - timedelta(days=2))
    assert "overdue" in page(contradiction.owner)


@pytest.mark.parametrize(
    ("role", "sees"),
    [(Role.CONTRIBUTOR, False), (Role.EXECUTIVE, True), (Role.OPERATOR, True), (Role.REVIEWER, True)],
)
def test_who_sees_it(contradiction: Contradiction, role: Role, sees: bool) -> None:
    person = UserFactory(role=role)
    assert ("Latency objective met" in page(person)) is sees
    assert signed_in(person).get(contradiction.get_absolute_url()).status_code == (200 if sees else 404)


@pytest.mark.parametrize("role", [Role.EXECUTIVE, Role.OPERATOR, Role.CONTRIBUTOR])
def test_others_cannot_work_on_it(contradiction: Contradiction, role: Role) -> None:
    address = reverse("readiness:contradiction_acknowledge", args=[contradiction.pk])
    assert signed_in(UserFactory(role=role)).post(address).status_code == 404
    contradiction.refresh_from_db()
    assert contradiction.state == "open"


def test_twenty_cost_as_many_queries_as_one(contradiction: Contradiction, reviewer: User) -> None:
    few = queries(signed_in(reviewer), LIST)
    for _ in range(20):
        contradiction.pk, contradiction.binding = None, None
        contradiction.save()
    assert queries(signed_in(reviewer), LIST) == few <= 15
