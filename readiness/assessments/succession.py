"""The next assessment of a team: it starts from the last approved one, and asks for what needs somebody again."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from django.db import models, transaction
from django.utils.translation import ngettext

from accounts.audit import record
from accounts.models import Team, User
from readiness.assessments.answering import change_of, start_assessment
from readiness.assessments.carrying import needs_of, open_remarks, practice_in, waiting_of
from readiness.assessments.locking import lock_editable
from readiness.assessments.models import Answer, AnswerChange, Assessment, Evidence, Remark
from readiness.assessments.needing import Need
from readiness.assessments.replies import NOTHING
from readiness.assessments.results import Measured
from readiness.bank import Bank, Practice, Rule, load_bank
from readiness.exceptions import ReadinessError

Row = TypeVar("Row", bound=models.Model)


class CarriedNeedSomebody(ReadinessError):
    """Answers that were carried over cannot be confirmed together, because something speaks against each of them."""

    code = "carried_need_somebody"

    def __init__(self, count: int) -> None:
        super().__init__()
        self.message = ngettext(
            "%(count)d earlier answer still needs you. Open it, then confirm or change it before you submit.",
            "%(count)d earlier answers still need you. Open each, then confirm or change it before you submit.",
            count,
        ) % {"count": count}


class CarriedNotConfirmed(ReadinessError):
    """Answers that were carried over stand, and nobody has said so; `confirming` was another number."""

    code = "carried_not_confirmed"

    def __init__(self, count: int) -> None:
        super().__init__()
        self.message = ngettext(
            "%(count)d earlier answer waits to be confirmed. Confirm it as you submit, or one by one before.",
            "%(count)d earlier answers wait to be confirmed. Confirm them as you submit, or one by one before.",
            count,
        ) % {"count": count}


# --- Before it starts ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class NextTask:
    practice: Practice
    needs: tuple[Need, ...]


@dataclass(frozen=True)
class NextRule:
    rule: Rule
    needing: tuple[NextTask, ...]
    standing: int


@dataclass(frozen=True)
class NextTime:
    """What the next assessment will ask of a team whose last approved one is `source`."""

    source: Assessment
    bank: Bank
    rules: tuple[NextRule, ...]

    @property
    def total(self) -> int:
        return len(self.bank.practices)

    @property
    def needing(self) -> int:
        return sum(len(rule.needing) for rule in self.rules)

    @property
    def standing(self) -> int:
        return self.total - self.needing

    @property
    def minutes(self) -> int:
        """How long what needs somebody takes to answer."""
        return sum(task.practice.minutes for rule in self.rules for task in rule.needing)


def last_approved(team: Team) -> Assessment | None:
    """The assessment that the next one of this team starts from; one query."""
    return Assessment.objects.latest_approved_per_team().filter(team=team).select_related("team").first()


def next_time(source: Assessment, bank: Bank, now: datetime, *, measurements: Measured | None = None) -> NextTime:
    """What carrying the answers of an approved assessment over to a version of the bank leaves to do; five queries."""
    answers = list(source.answers.prefetch_related("evidence"))
    found = needs_of(source, answers, bank=bank, remarked=open_remarks(source), now=now, measurements=measurements)
    before = load_bank(source.bank_version)

    def reasons(practice: Practice) -> tuple[Need, ...]:
        is_new = practice_in(before, practice.key) is None
        return found.get(practice.key, (Need.NEW if is_new else Need.UNANSWERED,))

    rules = []
    for rule in bank.rules:
        tasks = [NextTask(practice, reasons(practice)) for practice in rule.practices]
        needing = tuple(task for task in tasks if task.needs)
        rules.append(NextRule(rule, needing, len(tasks) - len(needing)))
    return NextTime(source, bank, tuple(rules))


# --- Starting ------------------------------------------------------------------------------------------------------


def start_next(*, team: Team, by: User, now: datetime) -> Assessment:
    """A new assessment on the current bank with the answers of the last approved one, which wait to be confirmed.

    Evidence comes along with its own dates and reviews, and so do open remarks. Raises `AlreadyInProgress`.
    """
    with transaction.atomic():
        assessment = start_assessment(team=team, by=by, now=now)
        source = last_approved(team)
        if source:
            carried = _carry(source, assessment, by, now)
            record("assessment.carry", assessment, actor=by, source=source.pk, answers=carried)
    return assessment


def _carry(source: Assessment, assessment: Assessment, by: User, now: datetime) -> int:
    asked = [practice.key for practice in load_bank(assessment.bank_version).practices]
    earlier = list(source.answers.filter(practice__in=asked).prefetch_related("evidence"))
    answers = Answer.objects.bulk_create(_carried(each, source, assessment) for each in earlier)
    changes = [change_of(each, NOTHING, by=by, at=now, carried_from=source) for each in answers]
    AnswerChange.objects.bulk_create(changes)
    Evidence.objects.bulk_create(
        _as_new(piece, answer=answer, replaces=None)
        for answer, before in zip(answers, earlier, strict=True)
        for piece in before.evidence.all()
    )
    remarks = Remark.objects.filter(assessment=source, practice__in=asked, resolved_at=None)
    Remark.objects.bulk_create(_as_new(each, assessment=assessment) for each in remarks)
    return len(answers)


def _carried(answer: Answer, source: Assessment, assessment: Assessment) -> Answer:
    return _as_new(
        answer,
        assessment=assessment,
        version=1,
        awaits_confirmation=answer.reply.is_given,
        worded_in=answer.worded_in or source.bank_version,
        carried_from=source,
    )


def _as_new(row: Row, **values: object) -> Row:
    """The row once more, otherwise unchanged: what was dated, reviewed or written stays so."""
    fields = (field for field in row._meta.concrete_fields if not field.primary_key)
    twin = type(row)(**{field.attname: getattr(row, field.attname) for field in fields})
    for name, value in values.items():
        setattr(twin, name, value)
    return twin


# --- Confirming ----------------------------------------------------------------------------------------------------


def confirm_carried(*, assessment: Assessment, practices: Collection[str], by: User, now: datetime) -> int:
    """Say that the answers to these practices that stand are true today, each with a line in its history; how many.

    What needs somebody is left as it is. Raises `NotEditable`.
    """
    with transaction.atomic():
        locked = lock_editable(assessment.pk)
        standing = [answer for answer in waiting_of(locked, now).standing if answer.practice in practices]
        _confirm(locked, standing, by, now)
    return len(standing)


def settle_carried(*, locked: Assessment, confirming: int, by: User, now: datetime) -> None:
    """Leave no answer waiting in an assessment that the caller has locked and is about to submit.

    `confirming` is how many somebody was shown. Raises `CarriedNeedSomebody` or `CarriedNotConfirmed`.
    """
    waiting = waiting_of(locked, now)
    if waiting.needing:
        raise CarriedNeedSomebody(len(waiting.needing))
    if len(waiting.standing) != confirming:
        raise CarriedNotConfirmed(len(waiting.standing))
    _confirm(locked, waiting.standing, by, now)


def _confirm(assessment: Assessment, answers: Collection[Answer], by: User, now: datetime) -> None:
    if not answers:
        return
    for answer in answers:
        answer.version += 1
        answer.awaits_confirmation, answer.worded_in = False, ""
        answer.answered_by, answer.answered_at = by, now
    names = ("version", "awaits_confirmation", "worded_in", "answered_by", "answered_at")
    Answer.objects.bulk_update(answers, names)
    AnswerChange.objects.bulk_create(change_of(each, each.reply, by=by, at=now) for each in answers)
    record("assessment.confirm", assessment, actor=by, answers=len(answers))
