"""What becomes of contradictions: opened by the second window, worked on by people, closed by what they changed.

A contradiction opens and closes in the transaction that measured, so that none is lost between the two.
"""

from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.audit import record
from accounts.models import User
from inference_kpis.readings.rollups import local_day
from readiness.assessments.measuring import check_if_due, declared_by, measured
from readiness.assessments.models import Answer, Binding
from readiness.assessments.results import latest_checks
from readiness.contradictions.models import Contradiction, ContradictionEvent
from readiness.exceptions import ReadinessError
from readiness.scoring import Measurement

State, Ending, Kind = Contradiction.State, Contradiction.Ending, ContradictionEvent.Kind
DUE_AFTER = timedelta(days=14)
WINDOWS_SHOWN = 2


class AlreadyClosed(ReadinessError):
    code = "already_closed"
    message = _("This contradiction is closed already.")


def check_bindings(now: datetime) -> int:
    """Measure every binding whose next window is over, and follow what it says; the number of windows measured."""
    return sum(_check(binding, now) for binding in Binding.objects.select_related("team").prefetch_related("sites"))


def _check(binding: Binding, now: datetime) -> bool:
    with transaction.atomic():
        is_new = check_if_due(binding, now)
        if is_new:
            follow(binding, now)
    return is_new


def follow(binding: Binding, now: datetime) -> None:
    """Open, or close, the contradiction of a binding by what its windows and the team's answer say now."""
    standing = Contradiction.objects.select_for_update().open().filter(binding=binding).first()
    answer, found = declared_by(binding), measured(binding, now)
    level = answer.level if answer else None
    contradicted_at = None if level is None else found.contradicted_at(level)
    if standing is None:
        if answer and level is not None and contradicted_at is not None:
            _open(binding, answer, level, contradicted_at, now)
    elif ending := _ending(standing, level, found, is_contradicted=contradicted_at is not None):
        close(standing, ending, by=None, now=now)


def _ending(
    standing: Contradiction, declared: int | None, found: Measurement, *, is_contradicted: bool
) -> Contradiction.Ending | None:
    """Why a contradiction is over; None while it is not: one good window, or none at all, ends nothing."""
    if declared is None or (declared < standing.declared and not is_contradicted):
        return Ending.ANSWER_CORRECTED
    return Ending.PUT_RIGHT if found.is_confirmed_twice(declared) else None


def _open(binding: Binding, answer: Answer, declared: int, measured_level: int, now: datetime) -> None:
    kpi = binding.figure
    checks = [check for check in latest_checks([binding])[binding.pk] if check.measured_level is not None]
    opened = Contradiction.objects.create(
        binding=binding,
        team=binding.team,
        assessment=answer.assessment,
        practice=binding.practice,
        figure=binding.kpi,
        declared=declared,
        measured=measured_level,
        windows=[
            {
                "start": check.window_start.isoformat(),
                "end": check.window_end.isoformat(),
                "level": check.measured_level,
                "value": check.value,
                "samples": check.samples,
            }
            for check in reversed(checks[:WINDOWS_SHOWN])
        ],
        owner=answer.answered_by,
        due_on=local_day(now) + DUE_AFTER,
        opened_at=now,
    )
    _tell(opened, Kind.OPENED, None, now)
    record("answer.contradicted", opened, actor=None, kpi=kpi.key, declared=declared, measured=measured_level)


def close(standing: Contradiction, ending: Contradiction.Ending, *, by: User | None, now: datetime) -> None:
    """End a contradiction; whoever ended it already stands."""
    ended = Contradiction.objects.open().filter(pk=standing.pk)
    if ended.update(state=State.CLOSED, closed_at=now, ending=ending):
        _tell(standing, Kind.CLOSED, by, now, ending.value)
        record("answer.contradiction_closed", standing, actor=by, ending=ending.value)


# --- What people do --------------------------------------------------------------------------------------------------


def acknowledge(standing: Contradiction, *, by: User, now: datetime) -> None:
    """Say that somebody works on it. Raises `AlreadyClosed`."""
    with transaction.atomic():
        locked = _open_one(standing)
        if locked.state == State.OPEN:
            locked.state = State.ACKNOWLEDGED
            locked.save(update_fields=["state"])
            _tell(locked, Kind.ACKNOWLEDGED, by, now)


def hand_over(standing: Contradiction, *, owner: User, due_on: date, by: User, now: datetime) -> None:
    """Another owner, another date, or both. Raises `AlreadyClosed`."""
    with transaction.atomic():
        locked = _open_one(standing)
        if locked.owner_id != owner.pk:
            _tell(locked, Kind.OWNER, by, now, str(owner))
        if locked.due_on != due_on:
            _tell(locked, Kind.DUE, by, now, due_on.isoformat())
        locked.owner, locked.due_on = owner, due_on
        locked.save(update_fields=["owner", "due_on"])


def comment(standing: Contradiction, *, text: str, by: User, now: datetime) -> None:
    """Words that stay with it, also after its end."""
    _tell(standing, Kind.COMMENT, by, now, text)


def _open_one(standing: Contradiction) -> Contradiction:
    locked = Contradiction.objects.select_for_update().get(pk=standing.pk)
    if not locked.is_open:
        raise AlreadyClosed
    return locked


def _tell(
    contradiction: Contradiction, kind: ContradictionEvent.Kind, by: User | None, now: datetime, text: str = ""
) -> None:
    ContradictionEvent.objects.create(contradiction=contradiction, kind=kind, by=by, at=now, text=text)
