"""How far an assessment is: what is answered, what is open, and what comes next. Only explicit answers count."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from inference_kpis.catalogue import Kpi
from readiness.actions.recommendations import Recommendation, prices_of, recommendation
from readiness.assessments.carrying import needs_of, open_remarks
from readiness.assessments.models import (
    Answer,
    AnsweringPreference,
    Assessment,
    Binding,
    BindingCheck,
    Evidence,
)
from readiness.assessments.needing import Need
from readiness.assessments.results import Result, RuleResult
from readiness.assessments.workings import workings
from readiness.bank import Practice, Rule, load_bank, versions
from readiness.scoring import (
    ConditionalLevel,
    Obstacle,
    PracticeScore,
    RuleScore,
    Way,
    cheapest_way,
    next_level,
    obstacles,
)

# How long before it counts less a piece of evidence is pointed at.
WARN_WITHIN = timedelta(days=30)


def with_progress(assessments: QuerySet[Assessment]) -> list[tuple[Assessment, int, int]]:
    """Each assessment with the number of its answers and of its practices; one query."""
    is_given = Q(answers__level__isnull=False) | Q(answers__is_not_applicable=True)
    is_explicit = is_given & Q(answers__awaits_confirmation=False)
    counted = assessments.annotate(answered=Count("answers", filter=is_explicit & _is_asked()))
    return [(each, each.answered, len(load_bank(each.bank_version).practices)) for each in counted]


def _is_asked() -> Q:
    """Answers to practices of the assessment's own version; after a move between versions there may be others."""
    asked = Q()
    for version in versions():
        keys = [practice.key for practice in load_bank(version).practices]
        asked |= Q(bank_version=version, answers__practice__in=keys)
    return asked


Path = AnsweringPreference.Path


class TaskState(Enum):
    """How far one practice is; what was sent back needs work, whatever was answered."""

    SENT_BACK = "sent_back"
    DONE = "done"
    CARRIED = "carried"
    IN_PROGRESS = "in_progress"
    TO_DO = "to_do"


@dataclass(frozen=True)
class Task:
    """One practice of the task list."""

    practice: Practice
    answer: Answer | None
    has_evidence: bool = False
    is_sent_back: bool = False
    needs: tuple[Need, ...] = ()

    @property
    def is_waiting(self) -> bool:
        """Whether an earlier answer is there that nobody has confirmed or changed yet."""
        return self.answer is not None and self.answer.awaits_confirmation

    @property
    def is_done(self) -> bool:
        return self.answer is not None and self.answer.reply.is_given and not self.is_waiting

    @property
    def is_standing(self) -> bool:
        """Whether an earlier answer only has to be confirmed."""
        return self.is_waiting and not self.needs

    @property
    def is_left(self) -> bool:
        """Whether it has to be answered, or looked at again."""
        return not (self.is_done or self.is_standing)

    @property
    def state(self) -> TaskState:
        if self.is_sent_back:
            return TaskState.SENT_BACK
        if self.is_done:
            return TaskState.DONE
        if self.is_waiting:
            return TaskState.CARRIED
        is_begun = self.has_evidence or bool(self.answer and self.answer.note)
        return TaskState.IN_PROGRESS if is_begun else TaskState.TO_DO


@dataclass(frozen=True)
class RuleTasks:
    rule: Rule
    tasks: tuple[Task, ...]

    @property
    def done(self) -> int:
        return sum(task.is_done for task in self.tasks)

    @property
    def minutes_left(self) -> int:
        return sum(task.practice.minutes for task in self.tasks if task.is_left)

    @property
    def standing(self) -> tuple[Task, ...]:
        return tuple(task for task in self.tasks if task.is_standing)

    @property
    def shown(self) -> tuple[Task, ...]:
        """Everything but what stands; what needs somebody comes first."""
        return tuple(sorted((task for task in self.tasks if not task.is_standing), key=lambda task: not task.needs))


@dataclass(frozen=True)
class TaskList:
    """An assessment as work: rule by rule, with the first open practice to go on with."""

    rules: tuple[RuleTasks, ...]

    @property
    def tasks(self) -> tuple[Task, ...]:
        return tuple(task for rule in self.rules for task in rule.tasks)

    @property
    def gates(self) -> tuple[Task, ...]:
        return tuple(task for task in self.tasks if task.practice.gate)

    @property
    def done(self) -> int:
        return sum(rule.done for rule in self.rules)

    @property
    def total(self) -> int:
        return len(self.tasks)

    @property
    def open(self) -> int:
        return sum(task.is_left for task in self.tasks)

    @property
    def standing(self) -> tuple[Task, ...]:
        return tuple(task for task in self.tasks if task.is_standing)

    @property
    def needing(self) -> tuple[Task, ...]:
        """What was answered before and needs somebody again."""
        return tuple(task for task in self.tasks if task.needs)

    @property
    def carried_from(self) -> Assessment | None:
        """The assessment that this one started from, while any of its answers waits."""
        sources = (task.answer.carried_from for task in self.tasks if task.answer and task.is_waiting)
        return next((source for source in sources if source), None)

    @property
    def open_gates(self) -> int:
        return sum(task.is_left for task in self.gates)

    @property
    def gate_minutes_left(self) -> int:
        return sum(task.practice.minutes for task in self.gates if task.is_left)

    @property
    def has_work(self) -> bool:
        """Whether something is open or was sent back."""
        return bool(self.open or self.sent_back)

    @property
    def sent_back(self) -> tuple[Task, ...]:
        return tuple(task for task in self.tasks if task.is_sent_back)

    @property
    def minutes_left(self) -> int:
        return sum(rule.minutes_left for rule in self.rules)

    def resume(self, path: str) -> str | None:
        """Where to go on: what was sent back, then what is open, on the path of gates these before others."""
        still_open = [*self.sent_back, *(task for task in _on(path, self.tasks) if task.is_left)]
        return still_open[0].practice.key if still_open else None

    def first_of(self, rule: Rule, path: str) -> str:
        """Where to begin or go on with one rule; its first practice when all are answered."""
        tasks = _on(path, [task for each in self.rules if each.rule == rule for task in each.tasks])
        return next((task for task in tasks if task.is_left), tasks[0]).practice.key

    def next_open(self, path: str, *, after: str) -> str | None:
        """The next practice to answer, around the end of the list; None when this leg of the path is done."""
        at = next(i for i, task in enumerate(self.tasks) if task.practice.key == after)
        around = [*self.tasks[at + 1 :], *self.tasks[:at]]
        still_open = [task for task in around if task.is_left]
        if any(task.is_sent_back for task in around):
            still_open = [task for task in around if task.is_sent_back]
        elif path == Path.GATES and (self.tasks[at].practice.gate or self.open_gates):
            still_open = [task for task in still_open if task.practice.gate]
        return still_open[0].practice.key if still_open else None

    def is_untouched(self, rule: Rule) -> bool:
        """Whether nobody has begun this rule."""
        return all(task.state is TaskState.TO_DO for each in self.rules if each.rule == rule for task in each.tasks)


def _on(path: str, tasks: Iterable[Task]) -> list[Task]:
    """In the order of the path: on that of gates these before the others."""
    return sorted(tasks, key=lambda task: path == Path.GATES and not task.practice.gate)


def task_list(assessment: Assessment) -> TaskList:
    """The task list of an assessment; two queries, five while earlier answers wait to be confirmed."""
    has_evidence = Exists(Evidence.objects.filter(answer=OuterRef("pk")))
    rows = assessment.answers.annotate(has_evidence=has_evidence).select_related("carried_from")
    answers = {answer.practice: answer for answer in rows}
    sent_back = open_remarks(assessment)
    bank = load_bank(assessment.bank_version)
    waiting = [answer for answer in answers.values() if answer.awaits_confirmation]
    needed = needs_of(assessment, waiting, bank=bank, remarked=sent_back, now=datetime.now(UTC)) if waiting else {}

    def task(practice: Practice) -> Task:
        answer = answers.get(practice.key)
        has_pieces = bool(answer and answer.has_evidence)
        return Task(practice, answer, has_pieces, practice.key in sent_back, needed.get(practice.key, ()))

    return TaskList(tuple(RuleTasks(rule, tuple(map(task, rule.practices))) for rule in bank.rules))


@dataclass(frozen=True)
class ShownPiece:
    """A piece of evidence on the page of its practice: the last day it counts in full, the first it counts no more.

    `is_ending` from 30 days before it counts less.
    """

    piece: Evidence
    full_until: date
    nothing_from: date
    is_ending: bool


def pieces_of(answer: Answer | None, practice: Practice) -> tuple[list[ShownPiece], list[Evidence]]:
    """What counts behind an answer; and earlier revisions and what was withdrawn, newest first. One query."""
    if answer is None:
        return [], []
    found = Evidence.everything.filter(answer=answer).select_related("added_by", "withdrawn_by")
    soon = timezone.localdate() + WARN_WITHIN
    shown = []
    former = []
    for piece in found:
        if piece.withdrawn_at or piece.replaced_at:
            former.append(piece)
        else:
            length = timedelta(days=piece.validity_days(practice.validity_days))
            end = piece.dated_on + length
            shown.append(ShownPiece(piece, end, end + length + timedelta(days=1), end < soon))
    return shown, sorted(former, key=lambda piece: -piece.pk)


@dataclass(frozen=True)
class Place:
    """Where a practice stands in its rule, counted from 1."""

    rule: Rule
    number: int
    total: int
    previous: str | None
    following: str | None


def place_of(assessment: Assessment, key: str) -> Place:
    """Where a practice of this assessment's bank stands."""
    bank = load_bank(assessment.bank_version)
    rule = next(rule for rule in bank.rules if any(practice.key == key for practice in rule.practices))
    keys = [practice.key for practice in rule.practices]
    at = keys.index(key)
    following = keys[at + 1] if at + 1 < len(keys) else None
    return Place(rule, at + 1, len(keys), keys[at - 1] if at else None, following)


# --- Results as rows -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PracticeRow:
    practice: Practice
    score: PracticeScore
    answer: Answer | None
    checks: tuple[tuple[Binding, Kpi, list[BindingCheck]], ...]

    @property
    def full_until(self) -> date | None:
        """The last day on which any piece counts in full; None without one."""
        pieces = self.answer.evidence.all() if self.answer else ()
        usual = self.practice.validity_days
        return max((piece.dated_on + timedelta(days=piece.validity_days(usual)) for piece in pieces), default=None)


@dataclass(frozen=True)
class RuleRow:
    """One rule of a result, ready to be shown: what it claims, and what keeps it from the next level."""

    rule: Rule
    score: RuleScore
    practices: tuple[PracticeRow, ...]
    next_level: int | None
    obstacles: tuple[tuple[Obstacle, Any], ...]
    way: Way | None
    steps: tuple[Recommendation, ...]
    workings: list[tuple[str, str]]
    conditional: ConditionalLevel | None


def result_rows(result: Result, bindings: Iterable[Binding], checks: Mapping[int, list[BindingCheck]]) -> list[RuleRow]:
    """A result with the bank's words beside its numbers; no query."""
    by_practice: dict[str, list[tuple[Binding, Kpi, list[BindingCheck]]]] = {}
    for binding in bindings:
        by_practice.setdefault(binding.practice, []).append((binding, binding.figure, checks.get(binding.pk, [])))
    rows = []
    for each in result.rules:
        words = {practice.key: practice for practice in each.rule.practices}
        above = next_level(each.score)
        found = obstacles(each.score, above or 1) if above or not each.score.is_assessable else []
        rows.append(
            RuleRow(
                each.rule,
                each.score,
                tuple(
                    PracticeRow(
                        words[score.practice.key],
                        score,
                        result.answers.get(score.practice.key),
                        tuple(by_practice.get(score.practice.key, ())),
                    )
                    for score in each.score.practices
                ),
                above,
                tuple((obstacle, words.get(getattr(obstacle, "practice", ""))) for obstacle in found),
                *_way(result.assessment.bank_version, each, above),
                workings(each.score, result.assessment.bank_version),
                each.team_rule.conditional,
            )
        )
    return rows


def _way(bank_version: str, rule: RuleResult, level: int | None) -> tuple[Way | None, tuple[Recommendation, ...]]:
    """The cheapest way to a level with the bank's words for its steps; none where no known action leads there."""
    found = cheapest_way(rule.score, level, prices_of(*rule.rule.practices)) if level else None
    if not isinstance(found, Way):
        return None, ()
    bank = load_bank(bank_version)
    return found, tuple(recommendation(bank, step) for step in found.steps)
