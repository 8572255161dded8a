"""Days as a calendar file (iCalendar, RFC 5545) that any calendar program reads or subscribes to."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.http import HttpResponse
from icalendar import Calendar, Event


@dataclass(frozen=True, slots=True)
class CalendarDay:
    """One whole day with something on it; `uid` stays the same when the day moves, so that programs move it too."""

    uid: str
    day: date
    title: str
    url: str
    details: str = ""


def as_calendar(name: str, days: Iterable[CalendarDay], *, now: datetime) -> bytes:
    """The file's bytes; `now` stamps the entries, `name` is what programs call the calendar."""
    calendar = Calendar()
    calendar.add("prodid", "-//Vigie//Vigie//EN")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", name)
    for each in days:
        event = Event()
        event.add("uid", each.uid)
        event.add("dtstamp", now)
        event.add("dtstart", each.day)
        event.add("summary", each.title)
        event.add("url", each.url)
        if each.details:
            event.add("description", each.details)
        calendar.add_component(event)
    return calendar.to_ical()


def calendar_answer(file_name: str, content: bytes) -> HttpResponse:
    """A calendar file of this name to download or subscribe to."""
    response = HttpResponse(content, content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{file_name}.ics"'
    return response
