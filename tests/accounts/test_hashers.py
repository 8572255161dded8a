"""How passwords are hashed: dear for who guesses, bearable for who signs in."""

import pytest
from django.contrib.auth.hashers import check_password, identify_hasher, make_password
from pytest_django import Settings

from accounts.hashers import Argon2Hasher
from accounts.models import User
from tests.config.loading import PRODUCTION, settings_with

HASHER = "accounts.hashers.Argon2Hasher"


@pytest.fixture(autouse=True)
def _as_in_production(settings: Settings) -> None:
    settings.PASSWORD_HASHERS = [HASHER]


def test_it_works() -> None:
    encoded = make_password("correct horse battery")
    assert check_password("correct horse battery", encoded)
    assert not check_password("correct horse batterY", encoded)


def test_its_parameters_are_written_into_the_hash() -> None:
    """argon2id with at least what OWASP asks for: 19 MiB and two passes on one lane."""
    encoded = make_password("correct horse battery")
    assert encoded.startswith("argon2$argon2id$v=19$m=32768,t=3,p=1$")
    assert (Argon2Hasher.memory_cost, Argon2Hasher.time_cost, Argon2Hasher.parallelism) == (32_768, 3, 1)


def test_the_same_password_is_never_hashed_alike() -> None:
    assert make_password("correct horse battery") != make_password("correct horse battery")


def test_hashes_of_other_parameters_are_made_anew() -> None:
    class Cheaper(Argon2Hasher):
        time_cost = 1

    cheaper = Cheaper().encode("correct horse battery", "some-salt-of-old")
    assert Argon2Hasher().must_update(cheaper)
    assert not Argon2Hasher().must_update(make_password("correct horse battery"))
    assert check_password("correct horse battery", cheaper)


def test_a_person_s_password_goes_through_it() -> None:
    person = User(email="olive@example.test")
    person.set_password("correct horse battery")
    assert isinstance(identify_hasher(person.password), Argon2Hasher)
    assert person.check_password("correct horse battery")


@pytest.mark.parametrize("environment", [{}, PRODUCTION])
def test_only_tests_hash_cheaply(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert settings_with(monkeypatch, **environment).PASSWORD_HASHERS == [HASHER]
