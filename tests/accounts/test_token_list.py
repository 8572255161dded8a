"""The page of one's own access tokens."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from accounts.models import AuditEvent, PersonalToken, User
from accounts.tokens import MOST_TOKENS, find_token, issue_token
from tests.factories import UserFactory, signed_in
from tests.pages import queries, words

pytestmark = pytest.mark.django_db
NOW = datetime.now(UTC)
FORM = {"name": "Report script", "scope": "assessments:read", "days": "30"}


@pytest.fixture
def person() -> User:
    return UserFactory()


def make(person: User, count: int = 1) -> None:
    for _ in range(count):
        issue_token(user=person, name="x", scopes=[], expires_at=NOW + timedelta(days=1), now=NOW)


def test_it_works(person: User) -> None:
    browser = signed_in(person)
    answer = browser.post(reverse("accounts:token_add"), FORM)
    found = re.search(r"vigp_[0-9a-f]{8}_[\w-]+", answer.content.decode())
    assert found is not None
    assert "no-store" in answer["Cache-Control"]
    token = find_token(found[0], NOW)
    assert token is not None
    assert (token.user, token.scopes) == (person, ["assessments:read"])
    assert token.expires_at - datetime.now(UTC) < timedelta(days=30)
    page = browser.get(reverse("accounts:token_list"))
    assert "Report script" in words(page)
    assert found[0] not in page.content.decode()
    assert AuditEvent.objects.get(verb="token.add").actor == person


def test_writing_includes_reading(person: User) -> None:
    signed_in(person).post(reverse("accounts:token_add"), {**FORM, "scope": "assessments:write"})
    assert PersonalToken.objects.get().scopes == ["assessments:read", "assessments:write"]


@pytest.mark.parametrize("wrong", [{"name": ""}, {"scope": "fleet:write"}, {"days": "9999"}], ids=str)
def test_what_is_wrong_makes_none(person: User, wrong: dict[str, str]) -> None:
    page = signed_in(person).post(reverse("accounts:token_add"), {**FORM, **wrong})
    assert "error-summary" in page.content.decode()
    assert not PersonalToken.objects.exists()


def test_there_is_a_limit(person: User) -> None:
    make(person, MOST_TOKENS)
    page = signed_in(person).post(reverse("accounts:token_add"), FORM)
    assert f"You have {MOST_TOKENS} tokens." in words(page)
    assert PersonalToken.objects.count() == MOST_TOKENS


def test_a_revoked_token_is_gone_for_good(person: User) -> None:
    token, text = issue_token(user=person, name="x", scopes=[], expires_at=NOW + timedelta(days=1), now=NOW)
    browser = signed_in(person)
    for _ in range(2):
        browser.post(reverse("accounts:token_revoke", args=[token.pk]))
    assert find_token(text, NOW) is None
    assert AuditEvent.objects.filter(verb="token.revoke").count() == 1
    assert "You have none." in words(browser.get(reverse("accounts:token_list")))


def test_nobody_revokes_what_is_not_theirs(person: User) -> None:
    make(person)
    token = PersonalToken.objects.get()
    assert signed_in(UserFactory()).post(reverse("accounts:token_revoke", args=[token.pk])).status_code == 404
    assert PersonalToken.objects.usable(NOW).exists()


@pytest.mark.parametrize("text", ["", "vigp", "vigp__", "vig_12345678_x", "vigp_12345678_x"])
def test_what_is_no_token_finds_none(text: str) -> None:
    assert find_token(text, NOW) is None


def test_last_use_is_kept_to_the_minute(person: User) -> None:
    _, text = issue_token(user=person, name="x", scopes=[], expires_at=NOW + timedelta(days=1), now=NOW)
    for seconds in (0, 59, 61):
        find_token(text, NOW + timedelta(seconds=seconds))
    assert PersonalToken.objects.get().last_used_at == NOW + timedelta(seconds=61)


def test_one_and_twenty_cost_the_same(person: User) -> None:
    make(person)
    browser, url = signed_in(person), reverse("accounts:token_list")
    browser.get(url)
    before = queries(browser, url)
    make(person, MOST_TOKENS - 1)
    assert queries(browser, url) == before
