"""Windows as people and machines ask for them: bounded, and never finer than what is kept of such a length."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from inference_kpis.readings.queries import BY_MINUTE_UP_TO, DAY, Window
from inference_kpis.readings.rollups import HOUR, MINUTE, local_day, start_of_day

DEFAULT_LENGTH = HOUR
# Hours of many groups are as many rows as minutes of a few hours: beyond a month they are read by the day.
BY_HOUR_UP_TO = timedelta(days=31)
LONGEST = timedelta(days=366)
MOST_STEPS = 500
USUAL_STEPS = 60
FUTURE_ALLOWED = DAY
EPOCH, EARLIEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2000, 1, 1, tzinfo=UTC)

LENGTHS = re.compile(r"([1-9][0-9]{0,3})([mhd])", re.ASCII)
UNITS = {"m": MINUTE, "h": HOUR, "d": DAY}


@dataclass(frozen=True)
class WindowRefused(Exception):
    """Which parameter cannot be, and what to write instead."""

    field: str
    message: str | Promise


@dataclass(frozen=True)
class AskedWindow:
    """A window as it was asked for; None for what was left out."""

    start: datetime | None = None
    end: datetime | None = None
    length: timedelta | None = None
    step: timedelta | None = None


def read_length(text: str) -> timedelta:
    """`15m`, `6h` or `7d`. Raises ValueError for anything else."""
    found = LENGTHS.fullmatch(text)
    if not found:
        raise ValueError(text)
    return int(found[1]) * UNITS[found[2]]


def read_moment(text: str) -> datetime:
    """An ISO 8601 time with an offset, in UTC. Raises ValueError for anything else."""
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise ValueError(text)
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError(text) from None


# Of these units are the steps of a window: what longer ones are read by, and what to write instead.
UNITS_OF_STEPS: dict[timedelta, str | Promise] = {
    MINUTE: _("A step is a whole number of minutes."),
    HOUR: _("Windows of more than 6 hours are read by the hour: write a step such as 1h."),
    DAY: _("Windows of more than 31 days are read by the day: write a step such as 1d."),
}


def window_asked(asked: AskedWindow, now: datetime) -> Window:
    """The window to read. Raises `WindowRefused`.

    One that is given by its length up to now is the one that pages show. The ends of others move outwards: to whole
    minutes, beyond six hours to whole hours, so that what they hold is there whole.
    """
    start, end = _ends(asked, now)
    length = end - start
    unit = MINUTE if length <= BY_MINUTE_UP_TO else HOUR if length <= BY_HOUR_UP_TO else DAY
    step = asked.step or _up(length / USUAL_STEPS, unit)
    if step % unit:
        raise WindowRefused("step", UNITS_OF_STEPS[unit])
    first = start_of_day(local_day(start)).astimezone(UTC) if unit == DAY else EPOCH + (start - EPOCH) // unit * unit
    last = EPOCH + _up(end - EPOCH, min(unit, HOUR)) if asked.end else end
    if (last - first) // step > MOST_STEPS:
        raise WindowRefused("step", _("That would be more than 500 steps. Write a longer step or a shorter window."))
    return Window(first, last, step)


def _ends(asked: AskedWindow, now: datetime) -> tuple[datetime, datetime]:
    """Start and end, within bounds."""
    if asked.length and (asked.start or asked.end):
        raise WindowRefused("window", _("Write either a window up to now, or its start and end."))
    if asked.end and not asked.start:
        raise WindowRefused("start", _("Write the start as well."))
    end = asked.end or Window.ending(now, DEFAULT_LENGTH).end
    start = asked.start or end - (asked.length or DEFAULT_LENGTH)
    if start >= end:
        raise WindowRefused("start", _("The start has to be before the end."))
    if start < EARLIEST:
        raise WindowRefused("start", _("Nothing is as old as that. Begin in the year 2000 or later."))
    if end > now + FUTURE_ALLOWED:
        raise WindowRefused("end", _("A window ends at most one day ahead."))
    if end - start > LONGEST:
        raise WindowRefused("start" if asked.start else "window", _("A window is at most 366 days long."))
    return start, end


def _up(length: timedelta, unit: timedelta) -> timedelta:
    """The next whole number of units."""
    return -(-length // unit) * unit
