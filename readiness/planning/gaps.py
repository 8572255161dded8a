"""What is missing for a level of a rule, which steps would bring it, and what they would change once done."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from django.utils.timezone import localdate

from readiness import scoring
from readiness.actions.models import Action
from readiness.actions.recommendations import Recommendation, key_of, prices_of, recommendation
from readiness.assessments.models import Assessment
from readiness.assessments.results import Result, RuleResult, result_of
from readiness.bank import Bank, Practice, Rule, load_bank
from readiness.scoring import (
    HIGHEST_LEVEL,
    ConditionalLevel,
    NoWay,
    Obstacle,
    OverallScore,
    PracticeScore,
    Price,
    RuleScore,
    Step,
    Way,
)
from readiness.scoring.cheapest import steps_to


@dataclass(frozen=True)
class StepRow:
    """One step, whether it is ticked and on the cheapest way, and the action that plans it already (None: not yet)."""

    recommendation: Recommendation
    is_ticked: bool
    is_cheapest: bool
    action: Action | None

    @property
    def key(self) -> str:
        return self.recommendation.key


@dataclass(frozen=True)
class GapRow:
    """A practice below the level, with its steps; none where no known action leads there."""

    practice: Practice
    score: PracticeScore
    steps: tuple[StepRow, ...]


@dataclass(frozen=True)
class Totals:
    """What several steps take together, in days and in the company's currency."""

    steps: int
    free: int
    effort_days: int
    cost_low: int
    cost_high: int
    run_cost_low: int
    run_cost_high: int


@dataclass(frozen=True)
class WhatIf:
    """The rule and the whole assessment as they are, and with the ticked steps done."""

    before: RuleScore
    after: RuleScore
    overall_before: OverallScore
    overall_after: OverallScore
    totals: Totals


@dataclass(frozen=True)
class Gaps:
    """One rule of one assessment on its way to `level`; `cheapest` is None where no known steps lead there."""

    rule: Rule
    score: RuleScore
    conditional: ConditionalLevel | None
    level: int
    levels: tuple[int, ...]
    obstacles: tuple[tuple[Obstacle, Practice | None], ...]
    cheapest: Totals | None
    stuck: tuple[Practice, ...]
    rows: tuple[GapRow, ...]
    what_if: WhatIf

    @property
    def steps(self) -> tuple[StepRow, ...]:
        return tuple(step for row in self.rows for step in row.steps)

    @property
    def ticked(self) -> tuple[Recommendation, ...]:
        return tuple(step.recommendation for step in self.steps if step.is_ticked)

    @property
    def on_cheapest_way(self) -> tuple[Recommendation, ...]:
        return tuple(step.recommendation for step in self.steps if step.is_cheapest)

    @property
    def unplanned(self) -> int:
        """How many steps of the cheapest way nobody has planned yet."""
        return sum(step.is_cheapest and step.action is None for step in self.steps)


def gaps_of(
    assessment: Assessment, rule: Rule, now: datetime, *, level: int | None = None, ticks: Collection[str] | None = None
) -> Gaps | None:
    """The gaps to `level` (None or out of reach: the next one); None where there is no level above.

    Without `ticks` the cheapest way is ticked. Six queries.
    """
    result = result_of(assessment, now)
    mine = next(each for each in result.rules if each.rule.key == rule.key)
    levels = _levels_above(mine.score)
    if not levels:
        return None
    aim = level if level in levels else levels[0]
    bank, prices = load_bank(assessment.bank_version), prices_of(*rule.practices)
    way = scoring.cheapest_way(mine.score, aim, prices)
    cheapest = {key_of(step) for step in way.steps} if isinstance(way, Way) else set()
    chosen = cheapest if ticks is None else set(ticks)
    planned = _planned(assessment)
    practices = {practice.key: practice for practice in rule.practices}

    def row(score: PracticeScore) -> GapRow:
        found = [recommendation(bank, step) for step in _steps_towards(score, aim, prices)]
        steps = (StepRow(each, each.key in chosen, each.key in cheapest, planned.get(each.key)) for each in found)
        return GapRow(practices[score.practice.key], score, tuple(steps))

    rows = tuple(row(score) for score in mine.score.applicable if score.verified < aim)
    ticked = [step.recommendation for each in rows for step in each.steps if step.is_ticked]
    return Gaps(
        rule=rule,
        score=mine.score,
        conditional=mine.team_rule.conditional,
        level=aim,
        levels=levels,
        obstacles=tuple(
            (each, practices.get(getattr(each, "practice", ""))) for each in scoring.obstacles(mine.score, aim)
        ),
        cheapest=totals(_in_words(bank, way)) if isinstance(way, Way) else None,
        stuck=tuple(practices[key] for key in way.practices) if isinstance(way, NoWay) else (),
        rows=rows,
        what_if=_what_if(result, mine, ticked, today=localdate(now)),
    )


def totals(recommendations: Collection[Recommendation]) -> Totals:
    """Sums of the ranges; proofs cost nothing."""
    actions = [each.action for each in recommendations if each.action]
    return Totals(
        steps=len(recommendations),
        free=len(recommendations) - len(actions),
        effort_days=sum(each.effort_days for each in actions),
        cost_low=sum(each.cost_low for each in actions),
        cost_high=sum(each.cost_high for each in actions),
        run_cost_low=sum(each.run_cost_low for each in actions),
        run_cost_high=sum(each.run_cost_high for each in actions),
    )


def _what_if(result: Result, rule: RuleResult, ticked: Collection[Recommendation], *, today: date) -> WhatIf:
    after = scoring.rule_after(rule.answers, [each.step for each in ticked], today=today)
    scores = [after if each is rule else each.score for each in result.rules]
    return WhatIf(rule.score, after, result.overall, scoring.overall_score(scores), totals(ticked))


def _steps_towards(score: PracticeScore, level: int, prices: Mapping[tuple[str, int], Price]) -> tuple[Step, ...]:
    """The steps to `level`, or as near to it as known actions lead."""
    ways = (steps_to(score, nearer, prices) for nearer in range(level, score.verified, -1))
    return next((way for way in ways if way is not None), ())


def _levels_above(score: RuleScore) -> tuple[int, ...]:
    return () if score.level is None else tuple(range(score.level + 1, HIGHEST_LEVEL + 1))


def _in_words(bank: Bank, way: Way) -> list[Recommendation]:
    return [recommendation(bank, step) for step in way.steps]


def _planned(assessment: Assessment) -> dict[str, Action]:
    """The team's actions by the recommendation they come from, dropped ones apart; one query."""
    found = Action.objects.filter(team=assessment.team_id).exclude(recommendation="")
    return {action.recommendation: action for action in found.exclude(status=Action.Status.DROPPED)}
