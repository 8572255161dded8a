"""How far an assessment is: what is answered, what is open, and what comes next. Only explicit answers count."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, QuerySet

from inference_kpis.catalogue import KPIS, Kpi
from readiness.assessments.models import Answer, Assessment, Binding, BindingCheck
from readiness.assessments.results import Result
from readiness.bank import Practice, Rule, load_bank
from readiness.scoring import Obstacle, PracticeScore, RuleScore, next_level, obstacles


def with_progress(assessments: QuerySet[Assessment]) -> list[tuple[Assessment, int, int]]:
    """Each assessment with the number of its answers and of its practices; one query."""
    is_explicit = Q(answers__level__isnull=False) | Q(answers__is_not_applicable=True)
    counted = assessments.annotate(answered=Count("answers", filter=is_explicit))
    return [(each, each.answered, len(load_bank(each.bank_version).practices)) for each in counted]


@dataclass(frozen=True)
class Task:
    """One practice of the task list."""

    practice: Practice
    answer: Answer | None

    @property
    def is_done(self) -> bool:
        return self.answer is not None and (self.answer.level is not None or self.answer.is_not_applicable)


@dataclass(frozen=True)
class RuleTasks:
    rule: Rule
    tasks: tuple[Task, ...]

    @property
    def done(self) -> int:
        return sum(task.is_done for task in self.tasks)


@dataclass(frozen=True)
class TaskList:
    """An assessment as work: rule by rule, with the first open practice to go on with."""

    rules: tuple[RuleTasks, ...]

    @property
    def done(self) -> int:
        return sum(rule.done for rule in self.rules)

    @property
    def total(self) -> int:
        return sum(len(rule.tasks) for rule in self.rules)

    @property
    def open_gates(self) -> int:
        return sum(task.practice.gate and not task.is_done for rule in self.rules for task in rule.tasks)

    @property
    def minutes_left(self) -> int:
        return sum(task.practice.minutes for rule in self.rules for task in rule.tasks if not task.is_done)

    @property
    def first_open(self) -> str | None:
        """Gate practices first: they make a level possible at all."""
        still_open = [task.practice for rule in self.rules for task in rule.tasks if not task.is_done]
        return min(still_open, key=lambda practice: not practice.gate).key if still_open else None


def task_list(assessment: Assessment) -> TaskList:
    """The task list of an assessment; one query."""
    answers = {answer.practice: answer for answer in assessment.answers.all()}
    return TaskList(
        tuple(
            RuleTasks(rule, tuple(Task(practice, answers.get(practice.key)) for practice in rule.practices))
            for rule in load_bank(assessment.bank_version).rules
        )
    )


def next_open(assessment: Assessment, *, after: str) -> str | None:
    """The key of the next practice without an answer, in the bank's order and around its end; one query."""
    tasks = [task for rule in task_list(assessment).rules for task in rule.tasks]
    at = next(i for i, task in enumerate(tasks) if task.practice.key == after)
    return next((task.practice.key for task in [*tasks[at + 1 :], *tasks[:at]] if not task.is_done), None)


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
    checks: tuple[tuple[Binding, Kpi, list[BindingCheck]], ...]


@dataclass(frozen=True)
class RuleRow:
    """One rule of a result, ready to be shown: what it claims, and what keeps it from the next level."""

    rule: Rule
    score: RuleScore
    practices: tuple[PracticeRow, ...]
    next_level: int | None
    obstacles: tuple[tuple[Obstacle, Any], ...]


def result_rows(result: Result, bindings: Iterable[Binding], checks: Mapping[int, list[BindingCheck]]) -> list[RuleRow]:
    """A result with the bank's words beside its numbers; no query."""
    by_practice: dict[str, list[tuple[Binding, Kpi, list[BindingCheck]]]] = {}
    for binding in bindings:
        by_practice.setdefault(binding.practice, []).append((binding, KPIS[binding.kpi], checks.get(binding.pk, [])))
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
                    PracticeRow(words[score.practice.key], score, tuple(by_practice.get(score.practice.key, ())))
                    for score in each.score.practices
                ),
                above,
                tuple((obstacle, words.get(getattr(obstacle, "practice", ""))) for obstacle in found),
            )
        )
    return rows
