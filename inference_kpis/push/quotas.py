"""How much a machine key may push in a minute; without a quota, as much as it likes."""

from datetime import datetime

from django.core.cache import cache
from redis.exceptions import RedisError

from accounts.models import MachineKey

MINUTE = 60


def seconds_to_wait(key: MachineKey, amount: int, now: datetime) -> int:
    """0 when the key may push so many readings or points now, which are counted then; otherwise the seconds until it may.

    All processes count in Redis, which is disposable: without it nobody is counted.
    """
    if key.quota_per_minute is None:
        return 0
    at = int(now.timestamp())
    name = f"quota:{key.pk}:{at // MINUTE}"
    try:
        cache.add(name, 0, timeout=2 * MINUTE)
        if cache.incr(name, amount) <= key.quota_per_minute:
            return 0
        # What is refused takes nothing away from what comes later in the minute.
        cache.decr(name, amount)
    except (RedisError, ValueError):
        return 0
    return MINUTE - at % MINUTE
