"""The cheapest way to the next level: vectors, and for any rule as good as trying every set of steps."""

from datetime import date, timedelta
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readiness.scoring import (
    NoWay,
    Piece,
    PracticeAnswer,
    Price,
    Proof,
    RuleScore,
    ScoredPractice,
    Step,
    Way,
    cheapest_way,
    obstacles,
    rule_score,
)
from readiness.scoring.cheapest import steps_to
from readiness.scoring.measurement import BindingState
from readiness.scoring.practices import Limit, PracticeScore
from readiness.scoring.rules import rule_of_scores

TODAY = date(2026, 11, 23)
REVIEWED = (Piece(TODAY - timedelta(days=5), 180, is_reviewed=True),)


def answered(
    key: str, declared: int | None, *, gate: bool = False, weight: int = 1, proved: bool = True
) -> PracticeAnswer:
    return PracticeAnswer(ScoredPractice(key, weight, gate), declared, REVIEWED if proved else ())


def rule(*answers: PracticeAnswer) -> RuleScore:
    return rule_score(answers, today=TODAY)


def price(cost: int, effort: int = 1, run: int = 0) -> Price:
    return Price(cost, cost, effort, run, run)


def way(found: Way | NoWay) -> list[tuple[str, int]]:
    assert isinstance(found, Way)
    return [(step.practice, step.opens) for step in found.steps]


def test_it_works() -> None:
    """The gate has to rise; of the three others at 1, the two cheapest fill four fifths of five."""
    found = rule(
        answered("G", 1, gate=True),
        answered("A", 2),
        *(answered(key, 1) for key in "BCD"),
    )
    prices = {("G", 2): price(900), ("B", 2): price(300), ("C", 2): price(100), ("D", 2): price(200)}
    cheapest = cheapest_way(found, 2, prices)
    assert way(cheapest) == [("G", 2), ("C", 2), ("D", 2)]
    assert isinstance(cheapest, Way)
    assert cheapest.price == Price(1200, 1200, 3)


def test_one_heavy_practice_can_be_cheaper_than_two_light_ones() -> None:
    found = rule(answered("G", 3, gate=True, weight=5), answered("H", 2, weight=3), *(answered(k, 2) for k in "AB"))
    prices = {("H", 3): price(500), ("A", 3): price(100), ("B", 3): price(100)}
    assert way(cheapest_way(found, 3, prices)) == [("H", 3)]


@pytest.mark.parametrize(
    ("b", "expected"),
    [
        (price(100, effort=1), "B"),  # the same cost, less effort
        (price(100, effort=2), "A"),  # the same in all: the first of the rule
        (price(90, effort=9), "B"),  # cost decides before effort
        (price(60, effort=1, run=50), "A"),  # the first year's running counts
    ],
)
def test_ties_go_to_effort_and_then_to_order(b: Price, expected: str) -> None:
    found = rule(answered("G", 2, gate=True, weight=3), answered("A", 1), answered("B", 1))
    prices = {("A", 2): price(100, effort=2), ("B", 2): b}
    assert way(cheapest_way(found, 2, prices)) == [(expected, 2)]


def test_the_middle_of_the_range_is_compared() -> None:
    found = rule(answered("G", 2, gate=True, weight=3), answered("A", 1), answered("B", 1))
    prices = {("A", 2): Price(0, 300, 1), ("B", 2): Price(140, 150, 1)}
    assert way(cheapest_way(found, 2, prices)) == [("B", 2)]


def test_a_straggler_is_lifted_to_one_below() -> None:
    found = rule(answered("G", 3, gate=True, weight=8), answered("A", 0))
    prices = {("A", level): price(10 * level) for level in (1, 2, 3)}
    assert way(cheapest_way(found, 3, prices)) == [("A", 1), ("A", 2)]


def test_what_lacks_only_proof_costs_nothing() -> None:
    found = rule(answered("G", 4, gate=True, proved=False))
    cheapest = cheapest_way(found, 4, {})
    assert isinstance(cheapest, Way)
    assert cheapest.steps == (Step("G", 3, proof=Proof.ATTACH), Step("G", 4, proof=Proof.REVIEW))
    assert cheapest.price == Price(0, 0, 0)


def test_a_measurable_practice_is_measured_for_level_4() -> None:
    practice = ScoredPractice("G", is_gate=True, is_measurable=True)
    found = rule_score([PracticeAnswer(practice, 4, REVIEWED)], today=TODAY)
    cheapest = cheapest_way(found, 4, {})
    assert isinstance(cheapest, Way)
    assert cheapest.steps == (Step("G", 4, proof=Proof.MEASURE),)


def test_a_contradicted_level_has_to_be_worked_for_again() -> None:
    practice = ScoredPractice("G", is_gate=True, is_measurable=True)
    [backed] = rule(answered("G", 4, gate=True)).practices
    score = PracticeScore(practice, 4, 2, backed.evidence, state=BindingState.CONTRADICTED, limit=Limit.CONTRADICTED)
    prices = {("G", level): price(5) for level in (3, 4)}
    assert way(cheapest_way(rule_of_scores((score,)), 3, prices)) == [("G", 3)]


def test_a_level_without_an_action_is_said() -> None:
    found = rule(answered("G", 1, gate=True), answered("A", 1, weight=3))
    assert cheapest_way(found, 2, {("A", 2): price(1)}) == NoWay(2, ("G",))
    assert cheapest_way(found, 2, {("G", 2): price(1)}) == NoWay(2, ("A",))


@pytest.mark.parametrize("level", [0, 5])
def test_a_level_outside_the_scale_is_refused(level: int) -> None:
    with pytest.raises(ValueError, match="between 1 and 4"):
        cheapest_way(rule(answered("G", 1, gate=True)), level, {})


# --- For any rule ----------------------------------------------------------------------------------------------------

declared = st.none() | st.integers(0, 4)
few_prices = st.builds(price, st.integers(0, 4), st.integers(0, 2))


@st.composite
def rules_with_prices(draw: st.DrawFn) -> tuple[RuleScore, dict[tuple[str, int], Price], int]:
    keys = "ABCD"[: draw(st.integers(1, 4))]
    answers = [
        answered(
            key, draw(declared), gate=draw(st.booleans()), weight=draw(st.integers(1, 3)), proved=draw(st.booleans())
        )
        for key in keys
    ]
    prices = {(key, level): draw(few_prices) for key in keys for level in range(1, 5) if draw(st.integers(0, 9))}
    return rule(*answers), prices, draw(st.integers(1, 4))


def every_way(found: RuleScore, level: int, prices: dict[tuple[str, int], Price]) -> list[tuple[int, int, int]]:
    """What every combination of levels that opens `level` takes: cost, effort, steps."""
    totals = []
    for wanted in product(range(5), repeat=len(found.practices)):
        steps = [steps_to(score, at, prices) for score, at in zip(found.practices, wanted, strict=True)]
        lifted = [
            PracticeScore(score.practice, score.declared, max(score.verified, at), score.evidence)
            for score, at in zip(found.practices, wanted, strict=True)
        ]
        if None not in steps and not obstacles(rule_of_scores(tuple(lifted)), level):
            totals.append(takes([step for some in steps for step in some or ()]))
    return totals


def takes(steps: list[Step]) -> tuple[int, int, int]:
    priced = [step.price for step in steps if step.price]
    return sum(each.cost_low for each in priced), sum(each.effort_days for each in priced), len(steps)


@given(rules_with_prices())
@settings(max_examples=40, deadline=None)
def test_no_other_way_is_cheaper(case: tuple[RuleScore, dict[tuple[str, int], Price], int]) -> None:
    found, prices, level = case
    cheapest = cheapest_way(found, level, prices)
    others = every_way(found, level, prices)
    if isinstance(cheapest, NoWay):
        assert not others
    else:
        assert takes(list(cheapest.steps)) == min(others)


@given(rules_with_prices())
def test_the_way_opens_the_level(case: tuple[RuleScore, dict[tuple[str, int], Price], int]) -> None:
    found, prices, level = case
    cheapest = cheapest_way(found, level, prices)
    if isinstance(cheapest, Way):
        reached = {step.practice: step.opens for step in cheapest.steps}
        lifted = tuple(
            PracticeScore(
                score.practice, score.declared, max(score.verified, reached.get(score.practice.key, 0)), score.evidence
            )
            for score in found.practices
        )
        assert not obstacles(rule_of_scores(lifted), level)
