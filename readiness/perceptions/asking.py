"""Opening a blind round, inviting, reminding, extending, closing, and answering in it: each write whole or not at all.

A round is locked by whatever changes it, so that no answer slips in after it was closed.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.audit import record
from accounts.models import User
from readiness.assessments.locking import lock_editable
from readiness.assessments.models import Assessment
from readiness.exceptions import ReadinessError
from readiness.perceptions.models import BlindAnswer, BlindInvitation, BlindRound
from readiness.perceptions.spread import Circle

Invited = Sequence[tuple[User, Circle]]


class RoundClosed(ReadinessError):
    code = "round_closed"
    message = _("This round is closed: it takes no more answers, and nothing was changed.")


class NotLater(ReadinessError):
    code = "not_later"
    message = _("Choose a day after the present one: a round is extended, and closed by hand to end sooner.")


def open_round(
    *,
    assessment: Assessment,
    practices: Sequence[str],
    people: Invited,
    is_anonymous: bool,
    due_on: date,
    note: str,
    by: User,
    now: datetime,
    is_demo: bool = False,
) -> BlindRound:
    """Ask these people these practices until the end of `due_on`. Raises `NotEditable`."""
    with transaction.atomic():
        locked = lock_editable(assessment.pk)
        opened = BlindRound.objects.create(
            assessment=assessment,
            bank_version=locked.bank_version,
            practices=list(practices),
            is_anonymous=is_anonymous,
            due_on=due_on,
            note=note,
            opened_by=by,
            opened_at=now,
            is_demo=is_demo,
        )
        _add_people(opened, people)
        record("blind_round.open", opened, actor=by, practices=list(practices), people=len(people))
    return opened


def invite(*, blind_round: BlindRound, people: Invited, by: User, now: datetime) -> int:
    """Ask more people; how many are new. Who is invited already stays in their circle. Raises `RoundClosed`."""
    with transaction.atomic():
        locked = _lock_open(blind_round, now)
        added = _add_people(locked, people)
        if added:
            record("blind_round.invite", locked, actor=by, people=added)
    return added


def remind(*, blind_round: BlindRound, by: User, now: datetime) -> int:
    """Ask again everybody who has not answered everything; how many. Raises `RoundClosed`."""
    with transaction.atomic():
        locked = _lock_open(blind_round, now)
        missing = [each.pk for each in locked.invitations.with_given() if each.given < len(locked.practices)]
        count = BlindInvitation.objects.filter(pk__in=missing).update(reminded_at=now)
        if count:
            record("blind_round.remind", locked, actor=by, people=count)
    return count


def extend(*, blind_round: BlindRound, due_on: date, by: User, now: datetime) -> None:
    """Take answers until a later day. Raises `RoundClosed`, `NotLater`."""
    with transaction.atomic():
        locked = _lock_open(blind_round, now)
        if due_on <= locked.due_on:
            raise NotLater
        locked.due_on = due_on
        locked.save(update_fields=["due_on"])
        record("blind_round.extend", locked, actor=by, due_on=due_on.isoformat())


def close(*, blind_round: BlindRound, by: User, now: datetime) -> None:
    """Take no more answers and show what there is, for good. Raises `RoundClosed`."""
    with transaction.atomic():
        locked = _lock_open(blind_round, now)
        locked.closed_by, locked.closed_at = by, now
        locked.save(update_fields=["closed_by", "closed_at"])
        record("blind_round.close", locked, actor=by)


def save_blind_answers(
    *, invitation: BlindInvitation, replies: Mapping[str, tuple[int | None, str]], now: datetime
) -> None:
    """Write (level, comment) by practice, over what this person answered before. Raises `RoundClosed`.

    Leaves no line in the audit trail: it would tell who answered what, and when.
    """
    with transaction.atomic():
        _lock_open(invitation.round, now)
        BlindAnswer.objects.bulk_create(
            [
                BlindAnswer(invitation=invitation, practice=practice, level=level, comment=comment)
                for practice, (level, comment) in replies.items()
            ],
            update_conflicts=True,
            unique_fields=["invitation", "practice"],
            update_fields=["level", "comment"],
        )


def _lock_open(blind_round: BlindRound, now: datetime) -> BlindRound:
    locked = BlindRound.objects.select_for_update().get(pk=blind_round.pk)
    if not locked.is_open(timezone.localdate(now)):
        raise RoundClosed
    return locked


def _add_people(blind_round: BlindRound, people: Invited) -> int:
    known = set(blind_round.invitations.values_list("person", flat=True))
    new = [
        BlindInvitation(round=blind_round, person=person, circle=circle)
        for person, circle in people
        if person.pk not in known
    ]
    return len(BlindInvitation.objects.bulk_create(new))
