"""When a rule falls if nobody does anything: the days on which evidence ages or an exemption ends, and what that does."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from readiness.scoring.practices import PracticeAnswer
from readiness.scoring.rules import rule_score

ONE_DAY = timedelta(days=1)


class Ageing(StrEnum):
    """What happens to something that stands behind an answer."""

    COUNTS_LESS = "counts_less"  # evidence past its validity: one class lower
    COUNTS_NOT = "counts_not"  # evidence past twice its validity
    ASKED_AGAIN = "asked_again"  # an exemption that ended


@dataclass(frozen=True, slots=True)
class Change:
    """The first day on which a practice's backing counts otherwise; `piece` is its place among the answer's pieces."""

    day: date
    practice: str
    ageing: Ageing
    piece: int | None = None


@dataclass(frozen=True, slots=True)
class Fall:
    """A day from which a rule holds less; levels are None where it is not assessable."""

    day: date
    level_before: int | None
    level_after: int | None
    causes: tuple[Change, ...]


def changes(answers: Sequence[PracticeAnswer], *, today: date, until: date) -> list[Change]:
    """Everything that starts to count otherwise in (today, until], by day."""
    found = []
    for answer in answers:
        for number, piece in enumerate(answer.pieces):
            length = timedelta(days=piece.validity_days)
            for ageing, last in (
                (Ageing.COUNTS_LESS, piece.dated_on + length),
                (Ageing.COUNTS_NOT, piece.dated_on + 2 * length),
            ):
                found.append(Change(last + ONE_DAY, answer.practice.key, ageing, number))
        exemption = answer.not_applicable
        if exemption and exemption.expires_on and exemption.is_in_force(today):
            found.append(Change(exemption.expires_on + ONE_DAY, answer.practice.key, Ageing.ASKED_AGAIN))
    return sorted(
        (change for change in found if today < change.day <= until),
        key=lambda change: (change.day, change.practice, change.ageing),
    )


def falls(answers: Sequence[PracticeAnswer], *, today: date, until: date) -> list[Fall]:
    """The days in (today, until] from which the rule's level is lower than on the day before, or not assessable.

    Exact: only the days on which something changes are scored. Measurements are taken to go on as they are.
    """
    by_day: dict[date, list[Change]] = {}
    for change in changes(answers, today=today, until=until):
        by_day.setdefault(change.day, []).append(change)
    found = []
    before = rule_score(answers, today=today).level
    for day, causes in by_day.items():
        after = rule_score(answers, today=day).level
        if before is not None and (after is None or after < before):
            found.append(Fall(day, before, after, tuple(causes)))
        before = after
    return found
