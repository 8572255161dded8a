"""Signing in and out: e-mail and password, in words that help, and no faster than a person tries."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from accounts.models import Role, User
from tests.factories import PASSWORD, UserFactory, signed_in
from tests.pages import words

pytestmark = pytest.mark.django_db
LOGIN = "/en/account/login/"
WRONG = "The email address and/or password you specified are not correct."
NEW = "a much better battery"


@pytest.fixture(autouse=True)
def _no_failures_yet() -> Iterator[None]:
    """Failures are counted by account and by address, and every test comes from the same address."""
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def person() -> User:
    return UserFactory(email="olive@example.test", name="Olive Owner")


def sign_in(client: Client, email: str = "olive@example.test", password: str = PASSWORD, **fields: Any) -> Any:
    return client.post(LOGIN, {"login": email, "password": password, **fields})


def is_signed_in(client: Client) -> bool:
    return client.get(reverse("readiness:overview")).status_code == 200


def test_it_works(client: Client, person: User) -> None:
    page = words(client.get(LOGIN))
    assert "Accounts are given out by your administrator." in page
    assert sign_in(client)["Location"] == reverse("readiness:overview")
    assert "Olive Owner" in words(client.get(reverse("readiness:overview")))
    person.refresh_from_db()
    assert person.last_login is not None


@pytest.mark.parametrize("email", ["Olive@Example.test", " olive@example.test "])
def test_capitals_and_spaces_do_not_matter(client: Client, person: User, email: str) -> None:
    assert sign_in(client, email).status_code == 302


@pytest.mark.parametrize(
    ("email", "password"),
    [("olive@example.test", "wrong"), ("olive@example.test", PASSWORD.upper()), ("nobody@example.test", PASSWORD)],
)
def test_a_wrong_one_gets_one_sentence_whatever_is_wrong(
    client: Client, person: User, email: str, password: str
) -> None:
    response = sign_in(client, email, password)
    assert WRONG in words(response)
    assert not is_signed_in(client)


def test_an_empty_form_says_what_is_missing(client: Client) -> None:
    errors = sign_in(client, "", "").context["form"].errors
    assert set(errors) == {"login", "password"}


def test_after_five_failures_the_account_has_to_wait(client: Client, person: User) -> None:
    for _ in range(5):
        assert WRONG in words(sign_in(client, password="wrong"))
    response = sign_in(client)
    assert "Too many failed login attempts. Try again later." in words(response)
    assert not is_signed_in(client)


def test_others_need_not_wait_for_it(client: Client, person: User) -> None:
    for _ in range(5):
        sign_in(client, password="wrong")
    other = UserFactory()
    assert sign_in(client, other.email).status_code == 302


def test_after_ten_failures_the_address_has_to_wait(client: Client) -> None:
    for number in range(10):
        assert WRONG in words(sign_in(client, f"guess{number}@example.test", "wrong"))
    assert "Too many failed login attempts." in words(sign_in(client, UserFactory().email))


def test_who_may_no_longer_sign_in_is_told(client: Client, person: User) -> None:
    User.objects.update(is_active=False)
    response = client.post(LOGIN, {"login": person.email, "password": PASSWORD}, follow=True)
    assert "Account switched off An administrator can switch it on again." in words(response)
    assert not is_signed_in(client)


def test_nobody_signs_up(client: Client) -> None:
    url = reverse("account_signup")
    new = {"email": "new@example.test", "password1": NEW, "password2": NEW}
    for response in (client.get(url), client.post(url, new)):
        assert "No open registration" in words(response)
    assert not User.objects.exists()


# --- Where to ------------------------------------------------------------------------------------------------------


def test_one_comes_back_to_the_page_asked_for(client: Client, person: User) -> None:
    asked = reverse("kpis:fleet") + "?site=lyon"
    sent_to = client.get(asked)["Location"]
    assert sent_to.startswith(LOGIN)
    form = client.get(sent_to).content.decode().partition(f'action="{LOGIN}"')[2]
    hidden = re.search(r'name="next" value="([^"]*)"', form)
    assert hidden is not None
    assert sign_in(client, next=hidden[1])["Location"] == asked


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
def test_one_is_not_sent_to_another_host(client: Client, person: User, target: str) -> None:
    assert sign_in(client, next=target)["Location"] == reverse("readiness:overview")


def test_who_is_signed_in_needs_no_form(person: User) -> None:
    assert signed_in(person).get(LOGIN)["Location"] == reverse("readiness:overview")


def test_the_page_is_there_in_french(client: Client, person: User) -> None:
    response = client.post("/fr/account/login/", {"login": person.email, "password": "wrong"})
    assert '<html lang="fr">' in response.content.decode()
    assert WRONG not in words(response)
    assert response.context["form"].non_field_errors()


# --- Out -----------------------------------------------------------------------------------------------------------


def test_signing_out_is_a_post(person: User) -> None:
    browser, url = signed_in(person), reverse("account_logout")
    assert "Sign out of Vigie?" in words(browser.get(url))
    assert is_signed_in(browser)
    assert browser.post(url)["Location"] == LOGIN
    assert not is_signed_in(browser)


# --- Passwords -----------------------------------------------------------------------------------------------------


def change(browser: Client, old: str = PASSWORD, new: str = NEW, again: str | None = None) -> Any:
    fields = {"oldpassword": old, "password1": new, "password2": new if again is None else again}
    return browser.post(reverse("account_change_password"), fields)


def test_the_password_is_changed_and_other_browsers_are_out(person: User) -> None:
    here, elsewhere = signed_in(person), signed_in(person)
    assert change(here).status_code == 302
    person.refresh_from_db()
    assert person.check_password(NEW)
    assert is_signed_in(here)
    assert not is_signed_in(elsewhere)


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"old": "wrong"}, "oldpassword"),
        ({"again": "another battery"}, "password2"),
        ({"new": "short"}, "password1"),
        ({"new": "password1234"}, "password1"),
        ({"new": "olive@example.test"}, "password1"),
    ],
)
def test_a_password_has_to_be_a_good_one(person: User, fields: dict[str, str], wrong: str) -> None:
    response = change(signed_in(person), **fields)
    assert set(response.context["form"].errors) == {wrong}
    person.refresh_from_db()
    assert person.check_password(PASSWORD)


def test_a_forgotten_password_is_replaced_by_mail(client: Client, person: User) -> None:
    client.post(reverse("account_reset_password"), {"email": person.email})
    (message,) = mail.outbox
    assert message.to == [person.email]
    link = re.search(r"http\S+", message.body)
    assert link is not None
    page = client.get(link[0], follow=True)
    assert "Choose a new password" in words(page)
    client.post(page.redirect_chain[-1][0], {"password1": NEW, "password2": NEW})
    person.refresh_from_db()
    assert person.check_password(NEW)
    assert "This link does not work any more" in words(Client().get(link[0], follow=True))


def test_whether_there_is_an_account_is_not_told(client: Client, person: User) -> None:
    pages = [
        words(client.post(reverse("account_reset_password"), {"email": email}, follow=True))
        for email in (person.email, "nobody@example.test")
    ]
    assert pages[0] == pages[1]
    assert "If there is an account with this address, a link is on its way." in pages[0]
    assert [message.to for message in mail.outbox] == [[person.email]]


def test_nobody_is_sent_to_the_sign_in_page_in_their_language(client: Client) -> None:
    for language in ("en", "fr"):
        location = client.get(f"/{language}/fleet/")["Location"]
        assert location == f"/{language}/account/login/?next=/{language}/fleet/"


def test_a_role_changes_at_once(person: User) -> None:
    browser = signed_in(person)
    assert browser.get(reverse("kpis:node_add")).status_code == 403
    User.objects.update(role=Role.OPERATOR)
    assert browser.get(reverse("kpis:node_add")).status_code == 200
