"""The outbox: one's own e-mails, everybody's for administrators."""

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from accounts.models import Role, User
from readiness.teamwork.models import Mail
from tests.factories import UserFactory, signed_in
from tests.pages import queries, words

pytestmark = pytest.mark.django_db
NOW = datetime(2027, 3, 27, 7, tzinfo=UTC)
PAGE = reverse("readiness:outbox")


def write(person: User, days: int = 0, **values: object) -> Mail:
    day = NOW.date() + timedelta(days=days)
    text = f"For {person.name}"
    return Mail.objects.create(
        recipient=person, day=day, language="en", subject="Hello", text=text, created_at=NOW, due_at=NOW, **values
    )


def test_it_works(owner: User, colleague: User) -> None:
    write(owner, problem="mail_failed", tries=2)
    write(colleague)
    page = words(signed_in(owner).get(PAGE))
    assert "For Olive Owner" in page
    assert "The mail server refused the e-mail, or did not answer. Tried 2 times." in page
    assert "For Colin Colleague" not in page


def test_administrators_see_all(owner: User, colleague: User) -> None:
    write(owner)
    write(colleague)
    page = words(signed_in(UserFactory(role=Role.ADMINISTRATOR)).get(PAGE))
    assert "For Olive Owner" in page
    assert "For Colin Colleague" in page


def test_the_demo_says_that_nothing_left(owner: User) -> None:
    User.objects.filter(pk=owner.pk).update(is_demo=True)
    write(owner, state="held")
    page = words(signed_in(owner).get(PAGE))
    assert "In the demo nothing leaves" in page
    assert "Held back: demo" in page


def test_nothing_was_sent_yet(owner: User) -> None:
    assert "No e-mail yet" in words(signed_in(owner).get(PAGE))


def test_twenty_cost_as_many_queries_as_one(owner: User) -> None:
    write(owner)
    browser = signed_in(owner)
    browser.get(PAGE)
    with_one = queries(browser, PAGE)
    for days in range(1, 20):
        write(owner, days)
    assert queries(browser, PAGE) == with_one
