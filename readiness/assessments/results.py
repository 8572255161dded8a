"""Answers, evidence and measurements brought together and scored; the one door from tables to `readiness.scoring`.

Whatever shows a score asks here, so that page, overview and snapshot cannot differ. A constant number of queries,
whether for one assessment or for the latest of every team.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, OuterRef, Q
from django.db.models.functions import JSONObject

from inference_kpis.readings.rollups import local_day
from inference_kpis.readings.store import as_ms
from readiness import scoring
from readiness.actions.promises import promises_of
from readiness.assessments.models import Answer, Assessment, Binding, BindingCheck, RuleTarget
from readiness.bank import Practice, Rule, load_bank
from readiness.scoring import (
    CompanyRule,
    Measurement,
    NotApplicable,
    OverallScore,
    Piece,
    PracticeAnswer,
    Requirement,
    RuleVerdict,
    ScoredPractice,
    TeamRule,
    WindowResult,
)

# Windows advance by a quarter of their length; two in a row that contradict are therefore 1.25 windows long together.
STEPS_PER_WINDOW = 4
CHECKS_READ = 8
SHORTEST_VALIDITY = timedelta(minutes=10)


@dataclass(frozen=True)
class RuleResult:
    """One rule of one assessment: the bank's words, what was answered, and the score."""

    rule: Rule
    answers: tuple[PracticeAnswer, ...]
    team_rule: TeamRule

    @property
    def score(self) -> scoring.RuleScore:
        return self.team_rule.score


@dataclass(frozen=True)
class Result:
    """An assessment, scored as of a moment."""

    assessment: Assessment
    rules: tuple[RuleResult, ...]
    as_of: datetime
    answers: Mapping[str, Answer]

    @property
    def overall(self) -> OverallScore:
        return scoring.overall_score(rule.score for rule in self.rules)

    def frozen(self) -> dict[str, Any]:
        """The scores as plain values for a snapshot; numbers are text, so that no locale ever touches them."""
        return {
            "as_of": self.as_of.isoformat(),
            "bank_version": self.assessment.bank_version,
            "overall": _frozen_score(self.overall),
            "rules": {
                rule.rule.key: {
                    **_frozen_score(rule.score),
                    "practices": {
                        score.practice.key: {
                            "declared": score.declared,
                            "verified": score.verified,
                            "evidence": score.evidence.code,
                            "state": score.state.value if score.state else None,
                            "measured": score.measured_level,
                            "is_applicable": score.is_applicable,
                            **_frozen_answer(self.answers.get(score.practice.key)),
                        }
                        for score in rule.score.practices
                    },
                }
                for rule in self.rules
            },
        }


def _frozen_answer(answer: Answer | None) -> dict[str, Any]:
    """What stands behind a score: who answered, with which words, and which pieces."""
    if answer is None:
        return {}
    frozen: dict[str, Any] = {
        "note": answer.note,
        "answered_by": str(answer.answered_by),
        "answered_at": answer.answered_at.isoformat(),
        "pieces": [
            {
                "title": piece.title,
                "dated_on": piece.dated_on.isoformat(),
                "is_reviewed": piece.reviewed_at is not None,
                "sha256": piece.blob_id,
            }
            for piece in answer.evidence.all()
        ],
    }
    if answer.is_not_applicable and answer.not_applicable_until:
        frozen["not_applicable"] = {
            "reason": answer.not_applicable_reason,
            "until": answer.not_applicable_until.isoformat(),
            "approved_by": str(answer.not_applicable_approved_by),
        }
    return frozen


def _frozen_score(score: scoring.RuleScore | OverallScore) -> dict[str, Any]:
    return {
        "level": score.level,
        "index": None if score.index is None else str(scoring.rounded(score.index)),
        "declared_index": None if score.declared_index is None else str(scoring.rounded(score.declared_index)),
    }


@dataclass(frozen=True)
class CompanyResult:
    """The four rules over the latest approved assessment of every team."""

    rules: tuple[tuple[Rule, CompanyRule | None, RuleVerdict, int], ...]  # with the target level
    results: tuple[Result, ...]

    @property
    def overall(self) -> OverallScore:
        return scoring.overall_score(rule for _, rule, _, _ in self.rules)


def result_of(assessment: Assessment, now: datetime) -> Result:
    """One assessment as of `now`; four queries."""
    return results_of([assessment], now)[0]


def company_result(now: datetime) -> CompanyResult:
    """The company as of `now`; six queries, however many teams there are."""
    latest = list(Assessment.objects.latest_approved_per_team().select_related("team"))
    results = results_of(latest, now)
    targets = RuleTarget.by_rule()
    rows = []
    for rule in load_bank().rules:
        teams = [each.team_rule for result in results for each in result.rules if each.rule.key == rule.key]
        company = scoring.company_rule(teams)
        target = targets[rule.number]
        rows.append((rule, company, scoring.rule_verdict(company, target=target), target))
    return CompanyResult(tuple(rows), tuple(results))


Measured = Mapping[tuple[int, str], Sequence[Measurement]]


def results_of(
    assessments: Sequence[Assessment], now: datetime, *, measurements: Measured | None = None
) -> list[Result]:
    """Score assessments as of `now`; `measurements` are those of their teams where the caller has them already."""
    answers: dict[int, dict[str, Answer]] = defaultdict(dict)
    people = ("answered_by", "not_applicable_approved_by")
    given = Answer.objects.filter(assessment__in=assessments).select_related(*people)
    for answer in given.prefetch_related("evidence"):
        answers[answer.assessment_id][answer.practice] = answer
    team_ids = {assessment.team_id for assessment in assessments}
    known = measurements_of(team_ids, now) if measurements is None else measurements
    promises = promises_of(team_ids)
    today = local_day(now)

    def scored(assessment: Assessment, rule: Rule) -> RuleResult:
        team = assessment.team
        answered = tuple(
            _practice_answer(
                practice,
                answers[assessment.pk].get(practice.key),
                known.get((assessment.team_id, practice.key), ()),
            )
            for practice in rule.practices
        )
        actions = promises.get(team.pk, ())
        return RuleResult(rule, answered, scoring.team_rule(team.name, answered, today=today, actions=actions))

    return [
        Result(
            assessment,
            tuple(scored(assessment, rule) for rule in load_bank(assessment.bank_version).rules),
            now,
            answers[assessment.pk],
        )
        for assessment in assessments
    ]


def _practice_answer(practice: Practice, answer: Answer | None, measurements: Iterable[Measurement]) -> PracticeAnswer:
    scored = ScoredPractice(practice.key, practice.weight, practice.gate, practice.measurable)
    if answer is None:
        return PracticeAnswer(scored, None, (), tuple(measurements))
    not_applicable = None
    # Set aside while it was no gate practice yet: it applies now, and is unanswered.
    if answer.is_not_applicable and not practice.gate:
        is_approved = answer.not_applicable_approved_by_id is not None
        not_applicable = NotApplicable(answer.not_applicable_reason, is_approved, answer.not_applicable_until)
    pieces = tuple(
        Piece(piece.dated_on, piece.validity_days(practice.validity_days), piece.reviewed_by_id is not None)
        for piece in answer.evidence.all()
    )
    return PracticeAnswer(scored, answer.level, pieces, tuple(measurements), not_applicable)


# --- Measurements ----------------------------------------------------------------------------------------------------


def validity_of(binding: Binding) -> timedelta:
    """How long after its end a window of this binding counts: its own length, but ten minutes at least."""
    return max(timedelta(seconds=binding.window_seconds), SHORTEST_VALIDITY)


def requirement_of(binding: Binding) -> Requirement:
    validity_ms = validity_of(binding) // timedelta(milliseconds=1)
    return Requirement(binding.minimum_samples, binding.minimum_coverage, validity_ms)


def measurements_of(team_ids: Iterable[int], now: datetime) -> dict[tuple[int, str], list[Measurement]]:
    """What the bindings of these teams measured, by team and practice; one query that reads their newest checks alone."""
    newest = (
        BindingCheck.objects.filter(binding=OuterRef("pk"))
        .filter(Q(binding__judged_since=None) | Q(window_end__gt=F("binding__judged_since")))
        .order_by("-window_end")
    )
    said = JSONObject(end="window_end", level="measured_level", samples="samples", coverage="coverage")
    bindings = Binding.objects.filter(team__in=set(team_ids)).annotate(
        newest=ArraySubquery(newest.values(said=said)[:CHECKS_READ])
    )
    found: dict[tuple[int, str], list[Measurement]] = defaultdict(list)
    for binding in bindings:
        windows = [
            WindowResult(
                as_ms(datetime.fromisoformat(each["end"])),
                each["level"],
                each["samples"],
                Decimal(str(each["coverage"])),
            )
            for each in binding.newest
        ]
        measurement = scoring.measure(windows, requirement_of(binding), now_ms=as_ms(now))
        found[binding.team_id, binding.practice].append(measurement)
    return found


def measurement_of(binding: Binding, checks: Iterable[BindingCheck], now: datetime) -> Measurement:
    """What these checks of a binding say together as of `now`."""
    windows = [
        WindowResult(as_ms(check.window_end), check.measured_level, check.samples, Decimal(check.coverage))
        for check in checks
    ]
    return scoring.measure(windows, requirement_of(binding), now_ms=as_ms(now))


def latest_checks(bindings: Iterable[Binding]) -> dict[int, list[BindingCheck]]:
    """The newest checks of each binding by its present rules, newest first; one query that reads only those rows."""
    ids = [binding.pk for binding in bindings]
    rows = BindingCheck.objects.raw(
        "SELECT c.* FROM readiness_binding b CROSS JOIN LATERAL (SELECT * FROM readiness_bindingcheck c"
        " WHERE c.binding_id = b.id AND c.window_end > coalesce(b.judged_since, '-infinity')"
        " ORDER BY c.window_end DESC LIMIT %s) c"
        " WHERE b.id = ANY(%s)",
        [CHECKS_READ, ids],
    )
    found: dict[int, list[BindingCheck]] = defaultdict(list)
    for check in rows:
        found[check.binding_id].append(check)
    return found
