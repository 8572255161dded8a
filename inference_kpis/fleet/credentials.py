"""Sealing what opens a node's door. Keys are `settings.CREDENTIAL_KEYS`, newest first; old ones still open."""

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

from inference_kpis.exceptions import KeyLost


def seal(text: str) -> bytes:
    return _keys().encrypt(text.encode())


def unseal(sealed: bytes) -> str:
    """The sealed text. Raises `KeyLost` when no configured key opens it."""
    try:
        return _keys().decrypt(sealed).decode()
    except InvalidToken as error:
        raise KeyLost from error


def _keys() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.CREDENTIAL_KEYS])
