"""Variables of the environment as the types that settings need; what is not understood is refused with a sentence.

The sentences do not repeat the value: some are secrets.
"""

from collections.abc import Sequence
from ipaddress import ip_network
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import environ
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured

YES, NO = {"true", "yes", "on", "1"}, {"false", "no", "off", "0", ""}
POSTGRESQL = "django.db.backends.postgresql"


def refused(name: str, wanted: str) -> ImproperlyConfigured:
    return ImproperlyConfigured(f"{name} is not understood. Write {wanted}.")


class Environment(environ.Env):
    """`environ.Env`, stricter: it takes many a slip for a value, or fails without naming the variable."""

    def whole_number(self, name: str, default: int) -> int:
        """A whole number from 1 on."""
        text = self.str(name, str(default)).strip()
        if not (text.isascii() and text.isdecimal() and int(text) > 0):
            raise refused(name, "a whole number from 1 on")
        return int(text)

    def yes_or_no(self, name: str, *, default: bool) -> bool:
        text = self.str(name, str(default)).strip().lower()
        if text not in YES | NO:
            raise refused(name, "true or false")
        return text in YES

    def listed(self, name: str, default: Sequence[str] = ()) -> list[str]:
        """What stands between commas, without the spaces around it."""
        return [part.strip() for part in self.str(name, ",".join(default)).split(",") if part.strip()]

    def networks(self, name: str) -> list[str]:
        found = self.listed(name)
        try:
            for text in found:
                ip_network(text, strict=False)
        except ValueError:
            raise refused(name, "networks such as 10.0.0.0/8, separated by commas") from None
        return found

    def one_of(self, name: str, *choices: str, default: str) -> str:
        text = self.str(name, default).strip()
        if text not in choices:
            raise refused(name, f"one of: {', '.join(choices)}")
        return text

    def time_zone(self, name: str, default: str) -> str:
        text = self.str(name, default)
        try:
            ZoneInfo(text)
        except (OSError, ValueError, LookupError):
            raise refused(name, "the name of a time zone, such as Europe/Paris") from None
        return text

    def redis(self, name: str, default: str) -> str:
        text = self.str(name, default).strip()
        if urlsplit(text).scheme not in {"redis", "rediss", "unix"}:
            raise refused(name, "the address of a Redis server: redis://host:6379/0, or unix:///path?db=0")
        return text

    def postgres(self, name: str, default: str) -> dict[str, Any]:
        """The parts of a database's address, as Django wants them."""
        wanted = "the address of a PostgreSQL database: postgres://user:password@host:5432/name"
        try:
            found: dict[str, Any] = self.db_url(name, default=default)
        except ValueError:
            raise refused(name, wanted) from None
        if found.get("ENGINE") != POSTGRESQL:
            raise refused(name, wanted)
        return found

    def mail(self, name: str, default: str) -> dict[str, Any]:
        """The parts of a mail server's address, under the names of Django's settings."""
        try:
            found: dict[str, Any] = self.email_url(name, default=default)
        except (ImproperlyConfigured, ValueError):
            raise refused(name, "the address of a mail server: smtp+tls://user:password@host:587") from None
        return found


def fernet_keys(name: str, text: str) -> list[str]:
    """Keys for sealing, newest first, separated by commas."""
    keys = [part.strip() for part in text.split(",") if part.strip()]
    try:
        for key in keys:
            Fernet(key)
    except ValueError:
        raise refused(name, "Fernet keys, newest first, separated by commas (see docs/operations.md)") from None
    return keys
