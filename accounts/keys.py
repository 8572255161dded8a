"""Finding the machine key behind a request."""

import hmac
from datetime import datetime, timedelta

from accounts.models import MachineKey, hash_secret

# The date of last use is for people: to the minute is enough, and spares a write per request.
LAST_USE_PRECISION = timedelta(minutes=1)


def find_key(text: str, now: datetime) -> MachineKey | None:
    """The usable key whose text this is, or None. One query, and one write a minute for its date of last use."""
    kind, _, rest = text.partition("_")
    prefix, _, secret = rest.partition("_")
    if kind != "vig" or not prefix.isalnum() or not secret:
        return None
    key = MachineKey.objects.usable(now).filter(prefix=prefix).first()
    if key is None or not hmac.compare_digest(key.secret_hash, hash_secret(secret)):
        return None
    if key.last_used_at is None or now - key.last_used_at > LAST_USE_PRECISION:
        MachineKey.objects.filter(pk=key.pk).update(last_used_at=now)
    return key
