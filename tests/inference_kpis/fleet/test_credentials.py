"""Credentials are sealed under keys that can be exchanged, and a lost key is told as such."""

import pytest
from cryptography.fernet import Fernet
from django.utils import translation
from pytest_django import Settings

from inference_kpis.exceptions import KeyLost
from inference_kpis.fleet.credentials import seal, unseal
from inference_kpis.fleet.models import Node
from tests.factories import NodeFactory

OLD, NEW, OTHER = (Fernet.generate_key().decode() for _ in range(3))


@pytest.fixture(autouse=True)
def _one_key(settings: Settings) -> None:
    settings.CREDENTIAL_KEYS = [OLD]


@pytest.mark.parametrize("text", ["s3cret", "lé:on", "", "x" * 4000])
def test_it_works(text: str) -> None:
    sealed = seal(text)
    assert unseal(sealed) == text
    assert not text or text.encode() not in sealed


def test_the_same_text_is_sealed_differently_every_time() -> None:
    assert seal("s3cret") != seal("s3cret")


def test_a_new_key_goes_first_and_the_old_one_still_opens(settings: Settings) -> None:
    sealed = seal("s3cret")
    settings.CREDENTIAL_KEYS = [NEW, OLD]
    assert unseal(sealed) == "s3cret"
    fresh = seal("s3cret")
    settings.CREDENTIAL_KEYS = [NEW]
    assert unseal(fresh) == "s3cret"


def test_a_lost_key_says_what_to_do(settings: Settings) -> None:
    sealed = seal("s3cret")
    settings.CREDENTIAL_KEYS = [OTHER]
    with pytest.raises(KeyLost) as caught:
        unseal(sealed)
    assert (caught.value.code, caught.value.can_retry) == ("key_lost", False)
    with translation.override("en"):
        assert "Enter them again" in str(caught.value)


def test_what_was_tampered_with_does_not_open() -> None:
    sealed = bytearray(seal("s3cret"))
    sealed[20] ^= 1
    with pytest.raises(KeyLost):
        unseal(bytes(sealed))


@pytest.mark.django_db
def test_a_node_keeps_its_credentials_sealed() -> None:
    node = NodeFactory()
    assert (node.has_credential, node.credential()) == (False, "")
    node.set_credential("s3cret")
    node.save()
    node = Node.objects.get()
    assert b"s3cret" not in bytes(node.credential_sealed)
    assert (node.has_credential, node.credential()) == (True, "s3cret")
    node.set_credential("")
    assert (node.has_credential, node.credential()) == (False, "")
