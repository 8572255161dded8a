"""Contradictions as they are shown, and how long the closed ones took."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median

from django.db.models import QuerySet

from inference_kpis.readings.rollups import local_day
from readiness.bank import Practice, load_bank
from readiness.contradictions.models import Contradiction


@dataclass(frozen=True)
class Line:
    contradiction: Contradiction
    practice: Practice
    is_overdue: bool


@dataclass(frozen=True)
class ShownWindow:
    start: datetime
    end: datetime
    level: int
    value: float | None
    samples: int


def practice_of(contradiction: Contradiction) -> Practice:
    """The practice in the version of the bank in which it was declared."""
    return load_bank(contradiction.assessment.bank_version).practice(contradiction.practice)


def lines_of(contradictions: Iterable[Contradiction], now: datetime) -> list[Line]:
    today = local_day(now)
    return [Line(each, practice_of(each), is_overdue(each, today)) for each in contradictions]


def is_overdue(contradiction: Contradiction, today: date) -> bool:
    return contradiction.is_open and contradiction.due_on < today


def windows_of(contradiction: Contradiction) -> list[ShownWindow]:
    """The two windows that contradicted, as they were kept."""
    return [
        ShownWindow(
            datetime.fromisoformat(each["start"]),
            datetime.fromisoformat(each["end"]),
            each["level"],
            each["value"],
            each["samples"],
        )
        for each in contradiction.windows
    ]


def median_time_to_close(contradictions: "QuerySet[Contradiction]", since: datetime) -> timedelta | None:
    """How long half of those closed since then took at most; None for none. One query."""
    closed = contradictions.filter(closed_at__gte=since).values_list("opened_at", "closed_at")
    lengths = [(closed_at - opened_at).total_seconds() for opened_at, closed_at in closed if closed_at]
    return timedelta(seconds=median(lengths)) if lengths else None
