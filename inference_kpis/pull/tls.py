"""How a node is recognised and how it recognises us: TLS with the system's authorities, or the node's own.

A server's certificate and its name are always checked; there is no way to say otherwise.
"""

import ssl
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from secrets import token_hex
from tempfile import TemporaryDirectory

from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

# OpenSSL's codes for what is wrong with a certificate.
_WRONG_NAME = {62, 63, 64}
_NOT_NOW = {9, 10}


@dataclass(frozen=True, slots=True)
class Tls:
    """A node's own authorities, '' for the system's, and what to show it: certificates and a key in PEM, or ''."""

    authorities: str = ""
    certificate: str = field(default="", repr=False)
    key: str = field(default="", repr=False)


SYSTEM_TLS = Tls()


@lru_cache(maxsize=1000)
def context_of(tls: Tls) -> ssl.SSLContext:
    """The context of a connection; remembered, since pulls repeat it and reading authorities takes milliseconds."""
    context = ssl.create_default_context(cadata=tls.authorities or None)
    if tls.certificate:
        _load(context, tls)
    return context


def _load(context: ssl.SSLContext, tls: Tls) -> None:
    """OpenSSL reads a key from a file alone: the one it gets is locked with a password that nobody keeps."""
    password = token_hex(32)
    key = load_pem_private_key(tls.key.encode(), None)
    locked = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(password.encode()))
    with TemporaryDirectory() as folder:
        path = Path(folder) / "client.pem"
        path.write_bytes(tls.certificate.encode() + b"\n" + locked)
        context.load_cert_chain(path, password=password)


def certificate_problem(error: Exception) -> str:
    """What to call a certificate that was refused."""
    code = getattr(error, "verify_code", 0)
    if code in _WRONG_NAME:
        return "tls_wrong_name"
    return "tls_expired" if code in _NOT_NOW else "tls_failed"
