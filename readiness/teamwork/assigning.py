"""Asking somebody to answer a practice, and what they reply: each write whole, and the chain of who asked is kept."""

from collections.abc import Sequence
from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.audit import record
from accounts.models import Team, User
from readiness.assessments.locking import lock_editable
from readiness.assessments.models import Assessment
from readiness.exceptions import ReadinessError
from readiness.teamwork.models import Assignment

State = Assignment.State


class NoLongerYours(ReadinessError):
    code = "no_longer_yours"
    message = _("Somebody else has replied meanwhile, or it was withdrawn. Nothing was changed.")


class NoReason(ReadinessError):
    code = "no_reason"
    message = _("Say in a few words why you decline: who asked you can then find somebody else.")


def assign(
    *,
    assessment: Assessment,
    practices: Sequence[str],
    person: User | None,
    team: Team | None,
    due_on: date | None,
    note: str,
    by: User,
    now: datetime,
) -> list[Assignment]:
    """Ask a person or a team to answer these practices, instead of whoever held them. Raises `NotEditable`.

    A practice that this person or team holds already, until the same day, stays as it is.
    """
    with transaction.atomic():
        lock_editable(assessment.pk)
        held = {each.practice: each for each in Assignment.objects.standing().filter(assessment=assessment)}
        asked = []
        for practice in practices:
            before = held.get(practice)
            if before and (before.person, before.team, before.due_on, before.note) == (person, team, due_on, note):
                continue
            if before:
                _reply(before, State.WITHDRAWN, by=by, now=now)
            asked.append(
                Assignment.objects.create(
                    assessment=assessment,
                    practice=practice,
                    person=person,
                    team=team,
                    due_on=due_on,
                    note=note,
                    asked_by=by,
                    asked_at=now,
                    previous=before,
                )
            )
        if asked:
            keys = [each.practice for each in asked]
            record("assignment.add", assessment, actor=by, practices=keys, to=str(person or team))
    return asked


def accept(*, assignment: Assignment, by: User, now: datetime) -> None:
    """Take it; what a team was asked is then this person's. Raises `NoLongerYours`."""
    with transaction.atomic():
        locked = _lock_standing(assignment)
        locked.person = by
        _reply(locked, State.ACCEPTED, by=by, now=now)


def decline(*, assignment: Assignment, reason: str, by: User, now: datetime) -> None:
    """Give it back, with the reason, to who asked. Raises `NoReason`, `NoLongerYours`."""
    if not reason.strip():
        raise NoReason
    with transaction.atomic():
        locked = _lock_standing(assignment)
        locked.reason = reason.strip()
        _reply(locked, State.DECLINED, by=by, now=now)


def hand_on(
    *, assignment: Assignment, person: User | None, team: Team | None, note: str, by: User, now: datetime
) -> Assignment:
    """Ask somebody else in one's place, until the same day. Raises `NotEditable`, `NoLongerYours`."""
    with transaction.atomic():
        lock_editable(assignment.assessment_id)
        locked = _lock_standing(assignment)
        _reply(locked, State.HANDED_ON, by=by, now=now)
        handed = Assignment.objects.create(
            assessment_id=locked.assessment_id,
            practice=locked.practice,
            person=person,
            team=team,
            due_on=locked.due_on,
            note=note or locked.note,
            asked_by=by,
            asked_at=now,
            previous=locked,
        )
        record(
            "assignment.hand_on", assignment.assessment, actor=by, practices=[locked.practice], to=str(person or team)
        )
    return handed


def withdraw(*, assignment: Assignment, by: User, now: datetime) -> None:
    """Nobody is asked any more, also where it was declined; nothing to do where it already is no longer standing."""
    with transaction.atomic():
        locked = Assignment.objects.select_for_update().get(pk=assignment.pk)
        if locked.is_withdrawable:
            _reply(locked, State.WITHDRAWN, by=by, now=now)


def chain_of(assignment: Assignment) -> list[Assignment]:
    """Everything that was asked about this practice up to this one, the oldest first; one query."""
    whole = Assignment.objects.filter(
        assessment=assignment.assessment_id, practice=assignment.practice, pk__lte=assignment.pk
    )
    links = {each.pk: each for each in whole.select_related("person", "team", "asked_by", "replied_by").order_by("pk")}
    chain, at = [], links.get(assignment.pk)
    while at is not None:
        chain.append(at)
        at = links.get(at.previous_id) if at.previous_id else None
    return chain[::-1]


def _lock_standing(assignment: Assignment) -> Assignment:
    locked = Assignment.objects.select_for_update().get(pk=assignment.pk)
    if not locked.is_standing or locked.person_id != assignment.person_id:
        raise NoLongerYours
    return locked


def _reply(assignment: Assignment, state: str, *, by: User, now: datetime) -> None:
    assignment.state, assignment.replied_by, assignment.replied_at = state, by, now
    assignment.save()
