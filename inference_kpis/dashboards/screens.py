"""Links of wall screens: made, found by their secret, revoked."""

import secrets
from datetime import datetime, timedelta

from django.core.cache import cache
from django.db import transaction
from redis.exceptions import RedisError

from accounts.audit import record
from accounts.models import User, hash_secret
from inference_kpis.dashboards.models import ScreenLink

SECRET_BYTES = 32
# A screen asks every five seconds; several may share a link.
MOST_PER_MINUTE = 120
LAST_USE_PRECISION = timedelta(minutes=1)


def make_link(link: ScreenLink, *, by: User) -> str:
    """Save a new link and return its secret, which cannot be shown again."""
    secret = secrets.token_urlsafe(SECRET_BYTES)
    with transaction.atomic():
        link.secret_hash, link.created_by = hash_secret(secret), by
        link.save()
        record("screen_link.add", link, actor=by)
    return secret


def revoke_link(link: ScreenLink, *, by: User, now: datetime) -> None:
    with transaction.atomic():
        if ScreenLink.objects.usable().filter(pk=link.pk).update(revoked_at=now):
            record("screen_link.revoke", link, actor=by)


def find_link(secret: str, now: datetime) -> ScreenLink | None:
    """The usable link of this secret. One query, and one write a minute for its date of last use."""
    link = ScreenLink.objects.usable().filter(secret_hash=hash_secret(secret)).first()
    if link and (link.last_used_at is None or now - link.last_used_at > LAST_USE_PRECISION):
        ScreenLink.objects.filter(pk=link.pk).update(last_used_at=now)
    return link


def is_too_often(whose: str, now: datetime) -> bool:
    """Counts a request and says whether `whose` had more than enough this minute; without Redis nobody is counted."""
    key = f"screen:{whose}:{int(now.timestamp()) // 60}"
    try:
        cache.add(key, 0, timeout=120)
        return cache.incr(key) > MOST_PER_MINUTE
    except (RedisError, ValueError):
        # Redis is disposable, and a key may be flushed between the two calls.
        return False
