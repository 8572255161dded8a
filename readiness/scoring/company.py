"""Several rules and several teams together: overall, the company's four rules, and whether each is ready."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from fractions import Fraction
from typing import Protocol

from readiness.scoring.index import mean_index
from readiness.scoring.practices import PracticeAnswer
from readiness.scoring.rules import ConditionalLevel, GapAction, RuleScore, conditional_level, rule_score

DEFAULT_TARGET_LEVEL = 3
# How far ahead a rule looks for evidence and exemptions that run out.
OUTLOOK_DAYS = 30


class Scored(Protocol):
    """What a team's rule and a company's rule have in common; None where not assessable."""

    @property
    def level(self) -> int | None: ...
    @property
    def index(self) -> Fraction | None: ...
    @property
    def declared_index(self) -> Fraction | None: ...


@dataclass(frozen=True, slots=True)
class OverallScore:
    """Over the rules: the lowest level, the mean of the unrounded indexes; None where not assessable."""

    level: int | None
    index: Fraction | None
    declared_index: Fraction | None


def overall_score(rules: Iterable[Scored | None]) -> OverallScore:
    """A rule that is missing (None) or not assessable makes the whole not assessable."""
    together = list(rules)
    present = [rule for rule in together if rule is not None]
    if not present or len(present) < len(together) or any(rule.level is None for rule in present):
        return OverallScore(None, None, None)
    return OverallScore(
        level=_lowest(rule.level for rule in present),
        index=mean_index(rule.index for rule in present),
        declared_index=mean_index(rule.declared_index for rule in present),
    )


@dataclass(frozen=True, slots=True)
class TeamRule:
    """A rule in the latest approved assessment of one team, now and in 30 days if nobody does anything."""

    team: str
    score: RuleScore
    level_ahead: int | None
    conditional: ConditionalLevel | None = None

    @property
    def standing(self) -> int | None:
        """The level reached, or the one held on condition."""
        return self.conditional.level if self.conditional else self.score.level


def team_rule(
    team: str, answers: Iterable[PracticeAnswer], *, today: date, actions: Iterable[GapAction] = ()
) -> TeamRule:
    """Scores a team's rule today and 30 days ahead. Measurements are taken to go on as they are, paper ages."""
    known = tuple(answers)
    score = rule_score(known, today=today)
    ahead = rule_score(known, today=today + timedelta(days=OUTLOOK_DAYS))
    return TeamRule(team, score, ahead.level, conditional_level(score, actions, today=today))


def falls_on(answers: Sequence[PracticeAnswer], *, below: int, today: date) -> date | None:
    """The first of the next 30 days on which the rule's level is under `below`; None if there is none."""
    days = (today + timedelta(days=ahead) for ahead in range(1, OUTLOOK_DAYS + 1))
    return next((day for day in days if (rule_score(answers, today=day).level or 0) < below), None)


@dataclass(frozen=True, slots=True)
class CompanyRule:
    """A rule over the teams: the lowest level, the mean index. `teams` stand behind both, the furthest behind first."""

    teams: tuple[TeamRule, ...]
    level: int | None
    index: Fraction | None
    declared_index: Fraction | None
    level_ahead: int | None
    conditional: int | None
    conditional_until: date | None

    @property
    def is_assessable(self) -> bool:
        return self.level is not None

    @property
    def teams_at_level(self) -> tuple[TeamRule, ...]:
        """The teams that hold the company where it is; where it is not assessable, those that are not."""
        return tuple(team for team in self.teams if team.score.level == self.level)


def company_rule(teams: Iterable[TeamRule]) -> CompanyRule | None:
    """One rule over all teams with an approved assessment; None when there is none.

    A team whose rule is not assessable makes the company's not assessable: a minimum without it would flatter.
    """
    ranked = tuple(sorted(teams, key=lambda team: (_known(team.score.level), team.score.index or 0, team.team)))
    if not ranked:
        return None
    overall = overall_score(team.score for team in ranked)
    conditional, until = _company_conditional(ranked, overall.level)
    return CompanyRule(
        teams=ranked,
        level=overall.level,
        index=overall.index,
        declared_index=overall.declared_index,
        level_ahead=_lowest(team.level_ahead for team in ranked),
        conditional=conditional,
        conditional_until=until,
    )


def _company_conditional(teams: Sequence[TeamRule], level: int | None) -> tuple[int | None, date | None]:
    """The level all teams stand at when some do on condition, and the first day one of those conditions ends."""
    standing = _lowest(team.standing for team in teams)
    if level is None or standing is None or standing <= level:
        return None, None
    behind = [team.conditional for team in teams if (team.score.level or 0) < standing]
    return standing, min(conditional.until for conditional in behind if conditional is not None)


def _lowest(levels: Iterable[int | None]) -> int | None:
    """The lowest level; None as soon as one is not known, and for none at all."""
    known = list(levels)
    return None if None in known else min((level for level in known if level is not None), default=None)


def _known(level: int | None) -> int:
    """Sorts what is not assessable before level 0."""
    return -1 if level is None else level


class RuleStatus(StrEnum):
    READY = "ready"
    AT_RISK = "at_risk"
    OFF_TRACK = "off_track"
    NOT_ASSESSED = "not_assessed"


class StatusReason(StrEnum):
    """Why a rule has the status it has."""

    REACHED = "reached"
    ABOUT_TO_FALL = "about_to_fall"
    CONDITIONAL = "conditional"
    ONE_BELOW = "one_below"
    FAR_BELOW = "far_below"
    NOT_ASSESSABLE = "not_assessable"
    NOTHING_APPROVED = "nothing_approved"


@dataclass(frozen=True, slots=True)
class RuleVerdict:
    status: RuleStatus
    reason: StatusReason


def rule_verdict(rule: CompanyRule | None, *, target: int = DEFAULT_TARGET_LEVEL) -> RuleVerdict:
    """Whether a rule of the company is ready, and the one reason for it."""
    if rule is None:
        return RuleVerdict(RuleStatus.NOT_ASSESSED, StatusReason.NOTHING_APPROVED)
    if rule.level is None:
        return RuleVerdict(RuleStatus.OFF_TRACK, StatusReason.NOT_ASSESSABLE)
    if rule.level >= target:
        if rule.level_ahead is None or rule.level_ahead < target:
            return RuleVerdict(RuleStatus.AT_RISK, StatusReason.ABOUT_TO_FALL)
        return RuleVerdict(RuleStatus.READY, StatusReason.REACHED)
    # A level held on condition is stood on: the rule is one below if that one is.
    if rule.conditional is not None and rule.conditional >= target - 1:
        return RuleVerdict(RuleStatus.AT_RISK, StatusReason.CONDITIONAL)
    if rule.level == target - 1:
        return RuleVerdict(RuleStatus.AT_RISK, StatusReason.ONE_BELOW)
    return RuleVerdict(RuleStatus.OFF_TRACK, StatusReason.FAR_BELOW)
