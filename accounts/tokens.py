"""Personal access tokens: issued, found by their text, revoked."""

import hmac
import secrets
from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.audit import record
from accounts.keys import LAST_USE_PRECISION
from accounts.models import PersonalToken, User, hash_secret

KIND = "vigp"
SECRET_BYTES = 32
MOST_TOKENS = 20


class TooManyTokens(Exception):
    """So many tokens can be used already that nobody can tell which of them is where."""

    message = _("You have %(count)s tokens. Revoke one that you no longer need first.")

    def __str__(self) -> str:
        return str(self.message) % {"count": MOST_TOKENS}


def issue_token(
    *, user: User, name: str, scopes: Collection[str], expires_at: datetime, now: datetime
) -> tuple[PersonalToken, str]:
    """A new token and its text `vigp_<prefix>_<secret>`, which cannot be shown again. Raises `TooManyTokens`."""
    secret = secrets.token_urlsafe(SECRET_BYTES)
    with transaction.atomic():
        # Two clicks wait for each other here, so that the limit holds.
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        if PersonalToken.objects.usable(now).filter(user=user).count() >= MOST_TOKENS:
            raise TooManyTokens
        token = PersonalToken.objects.create(
            user=user,
            name=name,
            prefix=secrets.token_hex(PersonalToken.PREFIX_LENGTH // 2),
            secret_hash=hash_secret(secret),
            scopes=sorted(scopes),
            created_at=now,
            expires_at=expires_at,
        )
        record("token.add", token, actor=user, scopes=token.scopes, expires_at=expires_at.isoformat())
    return token, f"{KIND}_{token.prefix}_{secret}"


def revoke_token(*, token: PersonalToken, by: User, now: datetime) -> None:
    """It opens nothing any more; revoking twice is revoking once."""
    with transaction.atomic():
        if PersonalToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=now):
            record("token.revoke", token, actor=by)


def find_token(text: str, now: datetime) -> PersonalToken | None:
    """The usable token whose text this is, with its person. One query, and one write a minute for its last use."""
    kind, _, rest = text.partition("_")
    prefix, _, secret = rest.partition("_")
    if kind != KIND or not prefix.isalnum() or not secret:
        return None
    token = PersonalToken.objects.usable(now).select_related("user").filter(prefix=prefix).first()
    if token is None or not hmac.compare_digest(token.secret_hash, hash_secret(secret)):
        return None
    if token.last_used_at is None or now - token.last_used_at > LAST_USE_PRECISION:
        PersonalToken.objects.filter(pk=token.pk).update(last_used_at=now)
    return token
