"""Asking the API of assessments as somebody's script does: with a token."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.test import Client

from accounts.models import PersonalToken, User
from accounts.tokens import issue_token

Scope = PersonalToken.Scope
BASE = "/api/v1/"


def token_of(person: User, *scopes: str, days: int = 30) -> str:
    """The text of a new token of this person; with all scopes unless told."""
    now = datetime.now(UTC)
    _token, text = issue_token(
        user=person,
        name="script",
        scopes=scopes or Scope.values,
        expires_at=now + timedelta(days=days),
        now=now,
    )
    return text


class Script:
    """A script of one person."""

    def __init__(self, person: User, *scopes: str) -> None:
        self.client = Client()
        self.headers = {"Authorization": f"Bearer {token_of(person, *scopes)}"}

    def get(self, path: str, **query: Any) -> Any:
        return self.client.get(BASE + path, query, headers=self.headers)

    def send(self, path: str, method: str = "post", **fields: Any) -> Any:
        ask = getattr(self.client, method)
        return ask(BASE + path, fields, content_type="application/json", headers=self.headers)
