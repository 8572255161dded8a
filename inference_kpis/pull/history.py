"""What went wrong with the pulls of one node in the last day: how often, since when, and when last.

Kept with the node's schedule as plain JSON, by code and whole hour, so that it can never grow: there are a few dozen
codes, and a day and an hour hold twenty-five hours.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypedDict

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
# Not a problem, and worth telling: what counts began anew.
RESTARTED = "restarted"


class Times(TypedDict):
    """One code: since when, without a whole day in between; when last; and how often by hour since 1970."""

    first: int
    last: int
    hours: dict[str, int]


History = Mapping[str, Times]


@dataclass(frozen=True, slots=True)
class Trouble:
    """One code as a person reads of it."""

    code: str
    count: int
    since: datetime
    last_at: datetime


def noted(history: History, codes: Collection[str], at_ms: int) -> History:
    """The history with these codes once more at this moment, without what is more than a day old."""
    if not history and not codes:
        return history
    hour = str(at_ms // HOUR_MS)
    kept = {code: times for code, times in history.items() if times["last"] > at_ms - DAY_MS}
    for code in sorted({*codes}):
        times = kept.get(code, Times(first=at_ms, last=at_ms, hours={}))
        hours = {each: count for each, count in times["hours"].items() if int(each) > (at_ms - DAY_MS) // HOUR_MS}
        hours[hour] = hours.get(hour, 0) + 1
        kept[code] = Times(first=times["first"], last=max(at_ms, times["last"]), hours=hours)
    return kept


def troubles(history: History, now_ms: int) -> list[Trouble]:
    """What happened in the day before now, the latest first."""
    found = [
        Trouble(
            code,
            sum(count for hour, count in times["hours"].items() if int(hour) > (now_ms - DAY_MS) // HOUR_MS),
            _moment(times["first"]),
            _moment(times["last"]),
        )
        for code, times in history.items()
        if times["last"] > now_ms - DAY_MS
    ]
    return sorted(found, key=lambda trouble: (-trouble.last_at.timestamp(), trouble.code))


def _moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)
