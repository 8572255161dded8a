"""Whether and in which language somebody is reminded."""

import pytest
from django.urls import reverse

from accounts.models import User
from readiness.teamwork.models import WorkPreference
from tests.factories import signed_in
from tests.pages import words

pytestmark = pytest.mark.django_db
PAGE = reverse("readiness:work_preference")


def test_it_works(owner: User) -> None:
    browser = signed_in(owner)
    assert "One e-mail a day at most" in words(browser.get(PAGE))
    browser.post(PAGE, {"language": "fr"})
    kept = WorkPreference.objects.get()
    assert (kept.user, kept.wants_digest, kept.language) == (owner, False, "fr")


def test_an_unknown_language_is_refused(owner: User) -> None:
    assert "valid choice" in words(signed_in(owner).post(PAGE, {"wants_digest": "on", "language": "xx"}))
    assert not WorkPreference.objects.exists()
