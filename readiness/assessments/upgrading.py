"""Moving an assessment in progress to the newest version of the bank: what it would change, the move, the way back.

No answer is lost either way: what a version does not ask is kept, and counts again in one that does.
"""

from copy import copy
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Max, Q
from django.utils.translation import gettext_lazy as _

from accounts.audit import record
from accounts.models import User
from readiness.assessments.bank_changes import BankChanges, compare
from readiness.assessments.carrying import practice_in
from readiness.assessments.locking import lock_editable
from readiness.assessments.models import Answer, AnswerChange, Assessment, BankMove
from readiness.assessments.needing import is_reworded
from readiness.assessments.results import Measured, results_of
from readiness.bank import Bank, Practice, Rule, current_version, load_bank, release
from readiness.exceptions import ReadinessError
from readiness.scoring import OverallScore, RuleScore


class NothingNewer(ReadinessError):
    code = "nothing_newer"
    message = _("This assessment already answers the newest version of the question bank.")


class PreviewChanged(ReadinessError):
    code = "preview_changed"
    message = _("Something changed since this page was shown. Look at it again, then decide.")


class NothingToUndo(ReadinessError):
    code = "nothing_to_undo"
    message = _("This assessment was not moved to another version of the question bank.")


@dataclass(frozen=True, slots=True)
class Effect:
    """One rule before and after the move; `before` is None for a rule that only the later version has."""

    rule: Rule
    before: RuleScore | None
    after: RuleScore


@dataclass(frozen=True)
class Preview:
    """What moving to another version would do to an assessment, as of now."""

    changes: BankChanges
    effects: tuple[Effect, ...]
    before: OverallScore
    after: OverallScore


@dataclass(frozen=True, slots=True)
class Loss:
    """An answer given since the move. In the earlier version it is not asked, or has to be looked at again."""

    practice: Practice
    is_asked: bool


def newer_version(assessment: Assessment) -> str | None:
    """The version that this assessment can move to; None where it cannot."""
    newest = current_version()
    is_newer = release(newest) > release(assessment.bank_version)
    return newest if assessment.is_editable and is_newer else None


def preview_of(assessment: Assessment, version: str, now: datetime, *, measurements: Measured | None = None) -> Preview:
    """What the move to a version would do, computed from the answers as they are; four queries."""
    moved = copy(assessment)
    moved.bank_version = version
    before, after = results_of([assessment, moved], now, measurements=measurements)
    changes = compare(load_bank(assessment.bank_version), load_bank(version))
    earlier = {each.rule.key: each.score for each in before.rules}
    return Preview(
        changes=changes,
        effects=tuple(Effect(each.rule, earlier.get(each.rule.key), each.score) for each in after.rules),
        before=before.overall,
        after=after.overall,
    )


def to_look_at(assessment: Assessment, version: str) -> tuple[Practice, ...]:
    """The practices whose answers will wait for somebody only because of the move; one query."""
    bank = load_bank(version)
    waiting = _set_waiting(assessment, bank)
    return tuple(practice for practice in bank.practices if practice.key in waiting)


def _set_waiting(assessment: Assessment, bank: Bank) -> list[str]:
    """The answers that nobody has to look at now, and that the version words otherwise or no longer lets set aside."""
    given = Q(level__isnull=False) | Q(is_not_applicable=True)
    found = []
    for answer in Answer.objects.filter(given, assessment=assessment, awaits_confirmation=False):
        then = practice_in(load_bank(answer.worded_in or assessment.bank_version), answer.practice)
        now = practice_in(bank, answer.practice)
        if then and now and (is_reworded(then, now) or (answer.is_not_applicable and now.gate)):
            found.append(answer.practice)
    return found


def move_to_newest(*, assessment: Assessment, seen_version: str, by: User, now: datetime) -> BankMove:
    """Move an assessment to the newest version, whole or not at all. `seen_version` is what the preview was of.

    Raises `NotEditable`, `NothingNewer`, or `PreviewChanged`.
    """
    with transaction.atomic():
        locked = lock_editable(assessment.pk)
        version = newer_version(locked)
        if version is None:
            raise NothingNewer
        if version != seen_version:
            raise PreviewChanged
        waiting = _set_waiting(locked, load_bank(version))
        Answer.objects.filter(assessment=locked, practice__in=waiting).update(
            awaits_confirmation=True, worded_in=locked.bank_version
        )
        move = BankMove.objects.create(
            assessment=locked,
            from_version=locked.bank_version,
            to_version=version,
            set_waiting=waiting,
            last_change=AnswerChange.objects.filter(assessment=locked).aggregate(last=Max("id"))["last"] or 0,
            moved_by=by,
            moved_at=now,
        )
        locked.bank_version = version
        locked.save(update_fields=["bank_version"])
        record("assessment.upgrade", locked, actor=by, to=version, **{"from": move.from_version})
    return move


# --- The way back --------------------------------------------------------------------------------------------------


def standing_move(assessment: Assessment) -> BankMove | None:
    """The move that can be taken back: the newest one, while the assessment may be changed. One query."""
    if not assessment.is_editable:
        return None
    found = BankMove.objects.filter(assessment=assessment, undone_at=None).select_related("moved_by").first()
    return found if found and found.to_version == assessment.bank_version else None


def losses_of(move: BankMove) -> tuple[Loss, ...]:
    """What was answered since the move and would not count as answered after taking it back; one query."""
    changes = compare(load_bank(move.from_version), load_bank(move.to_version))
    since = set(_changed_since(move))
    return (
        *(Loss(practice, is_asked=False) for practice in changes.added if practice.key in since),
        *(Loss(practice, is_asked=True) for practice in changes.reworded if practice.key in since),
    )


def _changed_since(move: BankMove) -> list[str]:
    found = AnswerChange.objects.filter(assessment=move.assessment_id, id__gt=move.last_change)
    return list(found.order_by("practice").values_list("practice", flat=True).distinct())


def undo_move(*, assessment: Assessment, seen_losses: int, by: User, now: datetime) -> BankMove:
    """Take the last move back. `seen_losses` is how many answers somebody was told will no longer count.

    Raises `NotEditable`, `NothingToUndo`, or `PreviewChanged` where it is another number by now.
    """
    with transaction.atomic():
        locked = lock_editable(assessment.pk)
        move = standing_move(locked)
        if move is None:
            raise NothingToUndo
        losses = losses_of(move)
        if len(losses) != seen_losses:
            raise PreviewChanged
        answers = Answer.objects.filter(assessment=locked)
        untouched = set(move.set_waiting) - set(_changed_since(move))
        answers.filter(practice__in=untouched).update(awaits_confirmation=False, worded_in="")
        given = Q(level__isnull=False) | Q(is_not_applicable=True)
        again = [loss.practice.key for loss in losses if loss.is_asked]
        answers.filter(given, practice__in=again).update(awaits_confirmation=True, worded_in=move.to_version)
        move.undone_by, move.undone_at = by, now
        move.save(update_fields=["undone_by", "undone_at"])
        locked.bank_version = move.from_version
        locked.save(update_fields=["bank_version"])
        record("assessment.upgrade_undo", locked, actor=by, to=move.from_version, answers=len(losses))
    return move
