"""Calendar files."""

from datetime import UTC, date, datetime

from icalendar import Calendar

from readiness.calendars import CalendarDay, as_calendar

NOW = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)


def test_a_program_reads_back_what_was_written() -> None:
    day = CalendarDay(
        "evidence-1@vigie", date(2027, 3, 12), "Règle 2 : niveau 2; preuve, échue", "https://v.example/x/"
    )
    [event] = Calendar.from_ical(as_calendar("Preuves", [day], now=NOW)).events
    assert event["summary"] == "Règle 2 : niveau 2; preuve, échue"
    assert event["dtstart"].dt == date(2027, 3, 12)
    assert event["uid"] == "evidence-1@vigie"


def test_a_title_cannot_add_a_line() -> None:
    day = CalendarDay("a@vigie", date(2027, 3, 12), "x\r\nATTENDEE:mailto:a@b.example", "https://v.example/x/")
    [event] = Calendar.from_ical(as_calendar("Preuves", [day], now=NOW)).events
    assert "attendee" not in event
