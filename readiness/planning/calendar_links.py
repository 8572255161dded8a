"""Private calendar links: made, found by their secret, revoked."""

import secrets
from datetime import datetime, timedelta

from django.db import transaction

from accounts.audit import record
from accounts.models import User, hash_secret
from readiness.planning.models import CalendarLink

SECRET_BYTES = 32
LAST_USE_PRECISION = timedelta(minutes=1)


def make_link(*, user: User, now: datetime) -> str:
    """A new link of this person, instead of the one before; its secret, which cannot be shown again."""
    secret = secrets.token_urlsafe(SECRET_BYTES)
    with transaction.atomic():
        # Two clicks wait for each other here; the second one replaces the link of the first.
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        CalendarLink.objects.filter(user=user, revoked_at=None).update(revoked_at=now)
        link = CalendarLink.objects.create(user=user, secret_hash=hash_secret(secret), created_at=now)
        record("calendar_link.add", link, actor=user)
    return secret


def revoke_link(*, user: User, now: datetime) -> bool:
    """Whether there was a link to revoke."""
    with transaction.atomic():
        revoked = CalendarLink.objects.filter(user=user, revoked_at=None).update(revoked_at=now)
        if revoked:
            record("calendar_link.revoke", user, actor=user)
    return bool(revoked)


def find_link(secret: str, now: datetime) -> CalendarLink | None:
    """The usable link of this secret. One query, and one write a minute at most for its date of last use."""
    link = CalendarLink.objects.usable().select_related("user").filter(secret_hash=hash_secret(secret)).first()
    if link and (link.last_used_at is None or now - link.last_used_at > LAST_USE_PRECISION):
        CalendarLink.objects.filter(pk=link.pk).update(last_used_at=now)
    return link
