"""What a rule would score with steps done: vectors, and every cheapest way really opens its level."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.scoring import (
    BindingState,
    Measurement,
    Piece,
    PracticeAnswer,
    Price,
    Proof,
    RuleScore,
    ScoredPractice,
    Step,
    Way,
    cheapest_way,
    rule_after,
    rule_score,
)

TODAY = date(2026, 11, 23)
GATE = ScoredPractice("G", is_gate=True)
MEASURED = ScoredPractice("G", is_gate=True, is_measurable=True)
DATED, REVIEWED = Piece(TODAY - timedelta(days=5), 180), Piece(TODAY - timedelta(days=5), 180, is_reviewed=True)
OLD = Piece(TODAY - timedelta(days=200), 180, is_reviewed=True)


def after(answer: PracticeAnswer, *steps: Step) -> RuleScore:
    return rule_after([answer], steps, today=TODAY)


def test_it_works() -> None:
    score = after(PracticeAnswer(GATE, 2, (DATED,)), Step("G", 3))
    assert (score.level, score.index) == (3, 75)


@pytest.mark.parametrize(
    ("answer", "steps", "level"),
    [
        (PracticeAnswer(GATE, 1), [], 1),
        (PracticeAnswer(GATE, None), [Step("G", 1), Step("G", 2)], 2),
        (PracticeAnswer(GATE, 1), [Step("G", 3)], 1),  # the rung between is missing
        (PracticeAnswer(GATE, 1), [Step("H", 2)], 1),  # another practice's
        (PracticeAnswer(GATE, 3), [], 2),
        (PracticeAnswer(GATE, 3), [Step("G", 3, proof=Proof.ATTACH)], 3),
        (PracticeAnswer(GATE, 4, (DATED,)), [Step("G", 4, proof=Proof.REVIEW)], 4),
        (PracticeAnswer(GATE, 4), [Step("G", 4, proof=Proof.REVIEW)], 2),  # nothing to review
        (PracticeAnswer(GATE, 4, (OLD,)), [Step("G", 4, proof=Proof.REVIEW)], 4),
        (PracticeAnswer(GATE, None), [Step("G", 3, proof=Proof.ATTACH)], 0),
        (PracticeAnswer(GATE, 2), [Step("G", 3), Step("G", 3, proof=Proof.ATTACH)], 3),
        (PracticeAnswer(MEASURED, 4, (REVIEWED,)), [], 3),
        (PracticeAnswer(MEASURED, 4, (REVIEWED,)), [Step("G", 4, proof=Proof.MEASURE)], 4),
        (PracticeAnswer(MEASURED, 4, (REVIEWED,), (Measurement(2, 2, 2),)), [], 2),
        (PracticeAnswer(MEASURED, 4, (REVIEWED,), (Measurement(2, 2, 2),)), [Step("G", 3)], 3),
        (PracticeAnswer(MEASURED, 2, (), (Measurement(3, 3, 1),)), [Step("G", 3), Step("G", 4)], 4),
    ],
)
def test_vectors(answer: PracticeAnswer, steps: list[Step], level: int) -> None:
    assert after(answer, *steps).level == level


def test_what_was_contradicted_is_so_no_longer() -> None:
    answer = PracticeAnswer(MEASURED, 3, (), (Measurement(1, 1, 2),))
    [score] = after(answer, Step("G", 2), Step("G", 3)).practices
    assert (score.verified, score.state) == (3, BindingState.CONFIRMED)


pieces = st.lists(st.sampled_from([DATED, REVIEWED, OLD]), max_size=2).map(tuple)
measurements = st.lists(
    st.builds(Measurement, st.integers(0, 4), st.integers(0, 4), st.integers(1, 2))
    | st.sampled_from([Measurement(), Measurement(is_stale=True)]),
    max_size=2,
).map(tuple)


@st.composite
def rules(draw: st.DrawFn) -> list[PracticeAnswer]:
    return [
        PracticeAnswer(
            ScoredPractice(key, draw(st.integers(1, 3)), draw(st.booleans()), draw(st.booleans())),
            draw(st.none() | st.integers(0, 4)),
            draw(pieces),
            draw(measurements),
        )
        for key in "ABC"[: draw(st.integers(1, 3))]
    ]


@given(rules(), st.integers(1, 4))
def test_every_cheapest_way_opens_its_level(answers: list[PracticeAnswer], level: int) -> None:
    prices = {(answer.practice.key, opens): Price(1, 1, 1) for answer in answers for opens in range(1, 5)}
    way = cheapest_way(rule_score(answers, today=TODAY), level, prices)
    assert isinstance(way, Way)
    reached = rule_after(answers, way.steps, today=TODAY).level
    assert reached is not None
    assert reached >= level


@given(rules(), st.lists(st.tuples(st.sampled_from("ABC"), st.integers(1, 4)), max_size=6))
def test_doing_never_lowers_a_practice(answers: list[PracticeAnswer], done: list[tuple[str, int]]) -> None:
    before = rule_score(answers, today=TODAY)
    then = rule_after(answers, [Step(*each) for each in done], today=TODAY)
    assert all(now.verified <= later.verified for now, later in zip(before.practices, then.practices, strict=True))
