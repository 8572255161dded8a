"""What all pages have in common: headers that keep attacks out, and the reader's language in the address."""

import re

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.models import User
from tests.factories import PASSWORD, UserFactory, signed_in
from tests.pages import words

pytestmark = pytest.mark.django_db
PAGES = (
    "readiness:overview",
    "readiness:assessment_list",
    "readiness:success_metric_list",
    "kpis:fleet",
    "kpis:kpi_list",
)


@pytest.fixture
def person() -> User:
    return UserFactory()


@pytest.fixture
def browser(person: User) -> Client:
    return signed_in(person)


def policy(header: str) -> dict[str, list[str]]:
    """The directives of a Content-Security-Policy."""
    directives = [part.split() for part in header.split(";") if part.strip()]
    return {name: values for name, *values in directives}


@pytest.mark.parametrize("page", PAGES)
def test_it_works(browser: Client, page: str) -> None:
    response = browser.get(reverse(page))
    content = response.content.decode()
    assert response.status_code == 200
    assert '<html lang="en">' in content
    assert len(re.findall(r"<h1\b", content)) == 1
    assert len(re.findall(r'aria-current="page"', content)) >= 1


# --- Headers -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ["/en/", "/fr/account/login/", "/en/nothing/", "/en/admin/"])
def test_the_policy_admits_nothing_unsafe(browser: Client, address: str) -> None:
    header = browser.get(address)["Content-Security-Policy"]
    assert "unsafe" not in header
    found = policy(header)
    assert found["default-src"] == found["frame-ancestors"] == found["base-uri"] == ["'none'"]
    assert found["script-src"] == found["connect-src"] == found["form-action"] == found["font-src"] == ["'self'"]
    assert not [value for values in found.values() for value in values if "http" in value or "*" in value]


@pytest.mark.parametrize("address", ["/en/", "/en/account/login/", "/en/nothing/", "/healthz", "/api/v1/nothing"])
def test_no_answer_is_sniffed_or_framed(client: Client, address: str) -> None:
    response = client.get(address)
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["X-Frame-Options"] == "DENY"
    assert response["Referrer-Policy"] == "same-origin"


def test_cookies_are_not_for_scripts_or_other_sites(client: Client, person: User) -> None:
    page = client.get(reverse("account_login"))
    signed = client.post(reverse("account_login"), {"login": person.email, "password": PASSWORD})
    for cookie in (page.cookies["csrftoken"], signed.cookies["sessionid"]):
        assert cookie["httponly"]
        assert cookie["samesite"] == "Lax"


def test_a_form_of_another_site_is_refused(person: User) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(person)
    response = browser.post(reverse("account_logout"))
    assert response.status_code == 403
    assert "This form has expired" in words(response)


# --- Language ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accepted", "address"),
    [("en", "/en/"), ("fr", "/fr/"), ("fr-CA,en;q=0.5", "/fr/"), ("de", "/en/"), ("", "/en/")],
)
def test_the_start_page_is_in_the_reader_s_language(client: Client, accepted: str, address: str) -> None:
    assert client.get("/", headers={"Accept-Language": accepted})["Location"] == address


@pytest.mark.parametrize("code", ["en", "fr"])
def test_the_address_says_the_language(browser: Client, code: str) -> None:
    response = browser.get(f"/{code}/fleet/", headers={"Accept-Language": "en"})
    assert f'<html lang="{code}">' in response.content.decode()
    assert response["Content-Language"] == code


def test_an_unknown_language_is_no_page(browser: Client) -> None:
    assert browser.get("/de/fleet/").status_code == 404


def test_changing_the_language_keeps_the_page(browser: Client) -> None:
    page = browser.get("/en/fleet/?site=lyon&state=down")
    form = re.search(r'action="(/en/i18n/setlang/)".*?name="next" value="([^"]*)"', page.content.decode(), re.DOTALL)
    assert form is not None
    fields = {"next": form[2].replace("&amp;", "&"), "language": "fr"}
    assert browser.post(form[1], fields)["Location"] == "/fr/fleet/?site=lyon&state=down"


def test_the_choice_is_remembered(browser: Client) -> None:
    browser.post("/en/i18n/setlang/", {"next": "/en/fleet/", "language": "fr"})
    assert browser.get("/", headers={"Accept-Language": "en"})["Location"] == "/fr/"


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/"])
def test_changing_the_language_leads_to_no_other_host(browser: Client, target: str) -> None:
    response = browser.post("/en/i18n/setlang/", {"next": target, "language": "fr"})
    assert "evil" not in response["Location"]


def test_only_the_other_language_is_offered(browser: Client) -> None:
    assert "Français" in words(browser.get("/en/"))
    assert "English" in words(browser.get("/fr/"))
    assert "English" not in words(browser.get("/en/"))


# --- Refusals ------------------------------------------------------------------------------------------------------


def test_a_page_that_is_not_there_is_said_in_words(browser: Client) -> None:
    response = browser.get("/en/nothing/")
    assert response.status_code == 404
    assert "This address leads nowhere" in words(response)
    assert "Go to the overview" in words(response)


def test_a_page_that_one_s_role_does_not_allow_is_said_in_words(browser: Client) -> None:
    response = browser.get(reverse("kpis:node_add"))
    assert response.status_code == 403
    assert "You are signed in as “Contributor”. Ask an administrator if you need more." in words(response)


def test_a_stranger_learns_nothing_of_the_company(client: Client, settings: Settings) -> None:
    settings.COMPANY_NAME = "Acme Inference"
    assert b"Acme Inference" not in client.get(reverse("account_login")).content
    assert b"Acme Inference" in signed_in(UserFactory()).get(reverse("kpis:fleet")).content
