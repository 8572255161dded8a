"""Checking certificates as they are entered, so that a pull does not fail for what could have been said before."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from cryptography.x509.oid import NameOID
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

MOST_CHARACTERS = 100_000
MOST_CERTIFICATES = 50

SENTENCES: dict[str, str | Promise] = {
    "expired": _("The certificate has expired."),
    "key_does_not_match": _("The key does not belong to the certificate."),
    "key_locked": _("The key is locked with a password. Enter it without one; it is stored encrypted."),
    "no_authority": _("This is no bundle of certificates in PEM."),
    "no_certificate": _("This is no certificate in PEM."),
    "no_key": _("This is no private key in PEM."),
    "too_long": _("This is too long to be a certificate or a key."),
}


@dataclass
class BadCertificate(Exception):
    """What was entered cannot be used; `code` is one of `SENTENCES`."""

    code: str


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """A certificate that was checked, with those above it, and its key."""

    chain: str
    key: str = field(repr=False)
    name: str
    expires_at: datetime


def client_certificate(chain: str, key: str, now: datetime) -> ClientCertificate:
    """The certificate, which stands first in its chain, and the key that belongs to it. Raises `BadCertificate`."""
    certificates = _certificates(chain, "no_certificate")
    leaf = certificates[0]
    if leaf.not_valid_after_utc <= now:
        raise BadCertificate("expired")
    key = _bounded(key)
    try:
        private = load_pem_private_key(key.encode(), None)
    except TypeError:
        raise BadCertificate("key_locked") from None
    except Exception:
        # The library raises errors of a dozen kinds for what is no key, and none of them says more.
        raise BadCertificate("no_key") from None
    if _public(private.public_key()) != _public(leaf.public_key()):
        raise BadCertificate("key_does_not_match")
    names = leaf.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    name = str(names[0].value) if names else leaf.subject.rfc4514_string()
    return ClientCertificate(_as_pem(certificates), key, name[:200], leaf.not_valid_after_utc)


def authorities(bundle: str, now: datetime) -> str:
    """The certificates of a bundle as PEM, whatever stood between them; one at least is in force. Raises `BadCertificate`."""
    certificates = _certificates(bundle, "no_authority")
    if all(each.not_valid_after_utc <= now for each in certificates):
        raise BadCertificate("expired")
    return _as_pem(certificates)


def days_left(expires_at: datetime, now: datetime) -> int:
    """Whole days until a certificate expires; negative after."""
    return (expires_at.astimezone(UTC) - now).days


def _certificates(text: str, code: str) -> list[x509.Certificate]:
    try:
        found = x509.load_pem_x509_certificates(_bounded(text).encode())
    except ValueError:
        raise BadCertificate(code) from None
    if len(found) > MOST_CERTIFICATES:
        raise BadCertificate("too_long")
    return found


def _bounded(text: str) -> str:
    if len(text) > MOST_CHARACTERS:
        raise BadCertificate("too_long")
    return text


def _as_pem(certificates: list[x509.Certificate]) -> str:
    return "".join(each.public_bytes(Encoding.PEM).decode() for each in certificates)


def _public(key: object) -> bytes:
    encoded: bytes = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)  # type: ignore[attr-defined]
    return encoded
