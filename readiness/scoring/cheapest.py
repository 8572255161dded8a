"""The cheapest way to a rule's next level: which steps, at the least total cost, open it. Exact, by dynamic programming.

A rule needs every gate at the level, every other practice at most one below, and four fifths of the weight at the
level. What gates and stragglers need is fixed; which of the other practices to lift all the way is a knapsack that has
to be covered: the least (cost, effort, number of steps) whose weights reach what is missing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import ceil

from readiness.scoring.evidence import HIGHEST_LEVEL, EvidenceClass
from readiness.scoring.practices import Limit, PracticeScore
from readiness.scoring.rules import FULL_SHARE, RuleScore


@dataclass(frozen=True, slots=True)
class Price:
    """What a step takes: a range of cost, of cost a year once it is done (both in the company's currency), and days."""

    cost_low: int
    cost_high: int
    effort_days: int
    run_cost_low: int = 0
    run_cost_high: int = 0


class Proof(StrEnum):
    """What has to stand behind an answer before its level is believed."""

    ATTACH = "attach"  # dated evidence
    REVIEW = "review"  # by a second person
    MEASURE = "measure"  # a binding that confirms


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do for a practice: an action that opens a level of it, or a proof (free: `price` is None)."""

    practice: str
    opens: int
    price: Price | None = None
    proof: Proof | None = None


Prices = Mapping[tuple[str, int], Price]
# Twice the middle of the cost, the effort, the number of steps: compared in this order.
Weighed = tuple[int, int, int]
NOTHING: Weighed = (0, 0, 0)


@dataclass(frozen=True, slots=True)
class Way:
    """The steps to `level`, practice by practice in the rule's order."""

    level: int
    steps: tuple[Step, ...]

    @property
    def price(self) -> Price:
        """All steps together."""
        prices = [step.price for step in self.steps if step.price]
        return Price(
            sum(price.cost_low for price in prices),
            sum(price.cost_high for price in prices),
            sum(price.effort_days for price in prices),
            sum(price.run_cost_low for price in prices),
            sum(price.run_cost_high for price in prices),
        )


@dataclass(frozen=True, slots=True)
class NoWay:
    """No known action opens `level`: these practices lack one that would be needed."""

    level: int
    practices: tuple[str, ...]


def standing(score: PracticeScore) -> int:
    """The level from which a practice has to be worked up: what was declared, or what was measured against it."""
    return score.verified if score.limit is Limit.CONTRADICTED else score.declared_level


def steps_to(score: PracticeScore, level: int, prices: Prices) -> tuple[Step, ...] | None:
    """What brings a practice to a verified `level`; None if a level on the way has no known action."""
    if score.verified >= level:
        return ()
    actions = []
    for opens in range(standing(score) + 1, level + 1):
        price = prices.get((score.practice.key, opens))
        if price is None:
            return None
        actions.append(Step(score.practice.key, opens, price))
    return (*actions, *_proofs(score, level))


def _proofs(score: PracticeScore, level: int) -> tuple[Step, ...]:
    """Nothing up to level 2, dated evidence for 3, for 4 somebody else's review or, where it can be had, measurement."""
    key, needed = score.practice.key, []
    if level >= 3 and score.evidence < EvidenceClass.ATTACHED:
        needed.append(Step(key, 3, proof=Proof.ATTACH))
    if level >= HIGHEST_LEVEL and score.practice.is_measurable and score.evidence < EvidenceClass.MEASURED:
        needed.append(Step(key, HIGHEST_LEVEL, proof=Proof.MEASURE))
    elif level >= HIGHEST_LEVEL and score.evidence < EvidenceClass.REVIEWED:
        needed.append(Step(key, HIGHEST_LEVEL, proof=Proof.REVIEW))
    return tuple(needed)


def cheapest_way(rule: RuleScore, level: int, prices: Prices) -> Way | NoWay:
    """The cheapest steps from a rule as it is scored to `level`.

    Cost is the middle of the range plus that of the first year's running; ties go to the least effort, then to the
    fewest steps. Raises ValueError for a rule that is not assessable or a level outside 1 to 4.
    """
    if not rule.is_assessable:
        raise ValueError("A rule that is not assessable has no way to a level.")
    if not 1 <= level <= HIGHEST_LEVEL:
        raise ValueError(f"A rule is asked for a level between 1 and {HIGHEST_LEVEL}, not {level}.")
    applicable = rule.applicable
    floor = {score: steps_to(score, level - (not score.practice.is_gate), prices) for score in applicable}
    if stuck := [score.practice.key for score, steps in floor.items() if steps is None]:
        return NoWay(level, tuple(stuck))
    fixed: dict[PracticeScore, tuple[Step, ...]] = {score: steps for score, steps in floor.items() if steps is not None}
    rest = [score for score in applicable if not score.practice.is_gate and score.verified < level]
    lifts = {score: steps for score in rest if (steps := steps_to(score, level, prices)) is not None}
    missing = _missing_weight(applicable, level)
    if sum(score.practice.weight for score in lifts) < missing:
        return NoWay(level, tuple(score.practice.key for score in rest if score not in lifts))
    chosen = _cover(missing, [(score, _more(steps, fixed[score])) for score, steps in lifts.items()])
    ways = {score: lifts[score] if score in chosen else fixed[score] for score in applicable}
    return Way(level, tuple(step for score in applicable for step in ways[score]))


def _missing_weight(applicable: Sequence[PracticeScore], level: int) -> int:
    """How much weight besides the gates has to be lifted for four fifths to hold the level."""
    total = sum(score.practice.weight for score in applicable)
    at_level = sum(score.practice.weight for score in applicable if score.practice.is_gate or score.verified >= level)
    short = FULL_SHARE * total - at_level
    return max(0, ceil(short))


def _cover(missing: int, lifts: Iterable[tuple[PracticeScore, Weighed]]) -> frozenset[PracticeScore]:
    """The lifts of the least total whose weights add up to `missing` or more."""
    best: dict[int, tuple[Weighed, tuple[PracticeScore, ...]]] = {0: (NOTHING, ())}
    for score, weighed in lifts:
        for covered, (total, chosen) in sorted(best.items(), reverse=True):
            reached = min(covered + score.practice.weight, missing)
            candidate = (_plus(total, weighed), (*chosen, score))
            if reached not in best or candidate[0] < best[reached][0]:
                best[reached] = candidate
    return frozenset(best[missing][1])


def _more(steps: Sequence[Step], already: Sequence[Step]) -> Weighed:
    return _weighed([step for step in steps if step not in already])


def _weighed(steps: Iterable[Step]) -> Weighed:
    total = NOTHING
    for step in steps:
        price = step.price or Price(0, 0, 0)
        cost = price.cost_low + price.cost_high + price.run_cost_low + price.run_cost_high
        total = _plus(total, (cost, price.effort_days, 1))
    return total


def _plus(one: Weighed, other: Weighed) -> Weighed:
    return one[0] + other[0], one[1] + other[1], one[2] + other[2]
