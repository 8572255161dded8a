"""The laws of the algebra of scores, for any answers, any evidence and any measurements."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from readiness.scoring import (
    CONDITIONAL_DAYS,
    BindingState,
    EvidenceClass,
    GapAction,
    Measurement,
    NotApplicable,
    Piece,
    PracticeAnswer,
    Requirement,
    RuleScore,
    ScoredPractice,
    WindowResult,
    company_rule,
    conditional_level,
    confidence,
    measure,
    next_level,
    obstacles,
    overall_score,
    practice_score,
    rounded,
    rule_score,
    team_rule,
    verified_level,
)

TODAY = date(2026, 11, 23)
NOW_MS = 1_795_392_000_000
REQUIREMENT = Requirement(minimum_samples=10, minimum_coverage=Decimal("0.5"), validity_ms=10_000)

levels = st.integers(0, 4)
declared_levels = st.none() | levels
pieces = st.builds(
    Piece, st.dates(TODAY - timedelta(days=500), TODAY), validity_days=st.integers(1, 365), is_reviewed=st.booleans()
)
window_results = st.builds(
    WindowResult,
    ended_at_ms=st.integers(NOW_MS - 25_000, NOW_MS),
    level=st.none() | levels,
    samples=st.integers(9, 11),
    coverage=st.sampled_from([Decimal("0.4"), Decimal(1)]),
)
window_rows = st.lists(window_results, max_size=6, unique_by=lambda window: window.ended_at_ms)
measurements = window_rows.map(lambda windows: measure(windows, REQUIREMENT, now_ms=NOW_MS))
wishes = st.builds(
    NotApplicable,
    st.sampled_from(["", "No such site"]),
    is_approved=st.booleans(),
    expires_on=st.none() | st.dates(TODAY - timedelta(days=1), TODAY + timedelta(days=60)),
)


@st.composite
def answers(draw: st.DrawFn, key: str = "P") -> PracticeAnswer:
    practice = draw(
        st.builds(ScoredPractice, st.just(key), st.integers(1, 3), is_gate=st.booleans(), is_measurable=st.booleans())
    )
    return PracticeAnswer(
        practice,
        draw(declared_levels),
        tuple(draw(st.lists(pieces, max_size=3))),
        tuple(draw(st.lists(measurements, max_size=2))),
        None if practice.is_gate else draw(st.none() | wishes),
    )


@st.composite
def rules(draw: st.DrawFn) -> list[PracticeAnswer]:
    return [draw(answers(key=f"P{number}")) for number in range(draw(st.integers(1, 8)))]


@st.composite
def plain_rules(draw: st.DrawFn) -> list[PracticeAnswer]:
    """High rules of reviewed answers, so that levels, shares and gates are decided by what was declared."""
    lowest = draw(st.integers(0, 3))
    return [
        PracticeAnswer(
            ScoredPractice(f"P{number}", draw(st.integers(1, 3)), is_gate=draw(st.booleans())),
            draw(st.integers(lowest, 4)),
            (Piece(TODAY, 180, is_reviewed=True),),
        )
        for number in range(draw(st.integers(1, 8)))
    ]


any_rule = rules() | plain_rules()


def scored(given: Sequence[PracticeAnswer]) -> RuleScore:
    return rule_score(given, today=TODAY)


def verified(answer: PracticeAnswer) -> int:
    return practice_score(answer, today=TODAY).verified


def is_no_lower(better: RuleScore, before: RuleScore) -> bool:
    """Not lower in anything a rule shows; for two scores of the same assessable practices."""
    if before.level is None or before.index is None or before.declared_index is None:
        return better.level is None
    assert better.level is not None
    assert better.index is not None
    assert better.declared_index is not None
    return (
        better.level >= before.level and better.index >= before.index and better.declared_index >= before.declared_index
    )


# --- One practice --------------------------------------------------------------------------------------------------


@given(answers())
def test_verified_lies_between_nothing_and_declared(answer: PracticeAnswer) -> None:
    assert 0 <= verified(answer) <= (answer.declared or 0)


@given(answers(), levels, levels)
def test_claiming_more_never_lowers(answer: PracticeAnswer, one: int, other: int) -> None:
    less, more = sorted((one, other))
    assert verified(replace(answer, declared=less)) <= verified(replace(answer, declared=more))


@given(answers(), pieces)
def test_a_further_piece_never_lowers(answer: PracticeAnswer, piece: Piece) -> None:
    assert verified(answer) <= verified(replace(answer, pieces=(*answer.pieces, piece)))


@given(answers(), pieces)
def test_a_review_never_lowers(answer: PracticeAnswer, piece: Piece) -> None:
    added, reviewed = replace(piece, is_reviewed=False), replace(piece, is_reviewed=True)
    before = verified(replace(answer, pieces=(*answer.pieces, added)))
    assert before <= verified(replace(answer, pieces=(*answer.pieces, reviewed)))


@given(answers(), st.integers(0, 800))
def test_time_never_raises(answer: PracticeAnswer, days: int) -> None:
    assert practice_score(answer, today=TODAY + timedelta(days=days)).verified <= verified(answer)


@given(answers(), measurements)
def test_a_measurement_raises_no_higher_than_what_it_measured(answer: PracticeAnswer, measured: Measurement) -> None:
    without = verified(replace(answer, measurements=()))
    assert verified(replace(answer, measurements=(measured,))) <= max(without, measured.level or 0)


@given(levels, st.sampled_from(EvidenceClass), st.booleans(), st.none() | levels, levels)
def test_removing_a_contradiction_never_lowers(
    declared: int, evidence: EvidenceClass, is_measurable: bool, measured_level: int | None, contradicted_at: int
) -> None:
    contradicted, free = (
        verified_level(
            declared, evidence, is_measurable=is_measurable, measured_level=measured_level, contradicted_at=ceiling
        )
        for ceiling in (contradicted_at, None)
    )
    assert contradicted <= free
    assert contradicted <= contradicted_at


@given(answers(), window_rows, st.data())
def test_a_window_that_measures_more_never_lowers(
    answer: PracticeAnswer, windows: list[WindowResult], data: st.DataObject
) -> None:
    better = [
        window if window.level is None else replace(window, level=data.draw(st.integers(window.level, 4)))
        for window in windows
    ]
    before, after = (measure(row, REQUIREMENT, now_ms=NOW_MS) for row in (windows, better))
    assert verified(replace(answer, measurements=(before,))) <= verified(replace(answer, measurements=(after,)))


# --- One binding ---------------------------------------------------------------------------------------------------


@given(window_rows, st.data())
def test_the_order_of_windows_does_not_matter(windows: list[WindowResult], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(windows))
    assert measure(shuffled, REQUIREMENT, now_ms=NOW_MS) == measure(windows, REQUIREMENT, now_ms=NOW_MS)


@given(window_rows, st.integers(NOW_MS - 25_000, NOW_MS))
def test_missing_data_says_nothing(windows: list[WindowResult], ended_at_ms: int) -> None:
    nothing = WindowResult(ended_at_ms, None, 100, Decimal(1))
    assert measure([*windows, nothing], REQUIREMENT, now_ms=NOW_MS) == measure(windows, REQUIREMENT, now_ms=NOW_MS)


@given(window_rows, levels)
def test_one_window_alone_never_contradicts(windows: list[WindowResult], declared: int) -> None:
    below = [window for window in windows if window.level is not None and window.level < declared]
    state = measure(windows, REQUIREMENT, now_ms=NOW_MS).state(declared)
    assert len(below) >= 2 or state is not BindingState.CONTRADICTED


@given(window_rows, levels)
def test_contradicted_and_confirmed_are_what_the_fresh_windows_say(windows: list[WindowResult], declared: int) -> None:
    measured = measure(windows, REQUIREMENT, now_ms=NOW_MS)
    fresh = [
        window.level
        for window in windows
        if REQUIREMENT.is_met_by(window) and NOW_MS - window.ended_at_ms <= REQUIREMENT.validity_ms
    ]
    match measured.state(declared):
        case BindingState.CONTRADICTED:
            assert any(level is not None and level < declared for level in fresh)
        case BindingState.CONFIRMED:
            assert fresh
        case BindingState.STALE:
            assert not fresh
            assert windows


# --- One rule ------------------------------------------------------------------------------------------------------


@given(any_rule)
def test_a_rule_is_what_its_definition_says(given: list[PracticeAnswer]) -> None:
    """The sentence of the design, word by word, against the code."""
    rule = scored(given)
    counted = [(each.practice.weight, each.verified, each.practice.is_gate) for each in rule.applicable]
    total = sum(weight for weight, _, _ in counted)
    everything = sum(each.practice.weight for each in given)
    if total * 10 < everything * 7 or not total:
        assert (rule.level, rule.index, rule.declared_index) == (None, None, None)
        return
    reached = [
        level
        for level in range(5)
        if all(verified >= level for _, verified, is_gate in counted if is_gate)
        and 10 * sum(weight for weight, verified, _ in counted if verified >= level) >= 8 * total
        and all(verified >= level - 1 for _, verified, _ in counted)
    ]
    assert rule.level == max(reached)
    assert rule.index == Fraction(100 * sum(weight * verified for weight, verified, _ in counted), 4 * total)


@given(any_rule)
def test_a_rule_is_bounded(given: list[PracticeAnswer]) -> None:
    rule = scored(given)
    if rule.level is None or rule.index is None or rule.declared_index is None:
        return
    assert 0 <= rule.level <= 4
    assert 0 <= rule.index <= rule.declared_index <= 100
    assert rule.level <= max(each.verified for each in rule.applicable)


@given(any_rule, st.data())
def test_a_better_answer_never_lowers_a_score(given: list[PracticeAnswer], data: st.DataObject) -> None:
    position = data.draw(st.integers(0, len(given) - 1))
    more = data.draw(st.integers(given[position].declared or 0, 4))
    better = [replace(each, declared=more) if each is given[position] else each for each in given]
    assert is_no_lower(scored(better), scored(given))


@given(any_rule, st.data())
def test_order_does_not_matter(given: list[PracticeAnswer], data: st.DataObject) -> None:
    one, other = scored(given), scored(data.draw(st.permutations(given)))
    assert (one.level, one.index, one.declared_index) == (other.level, other.index, other.declared_index)
    assert confidence([one]) == confidence([other])


@given(any_rule)
def test_not_applicable_equals_removing_the_practice(given: list[PracticeAnswer]) -> None:
    rule = scored(given)
    if rule.is_assessable:
        left = [answer for answer, each in zip(given, rule.practices, strict=True) if each.is_applicable]
        without = scored(left)
        assert (without.level, without.index, without.declared_index) == (rule.level, rule.index, rule.declared_index)
        assert confidence([without]) == confidence([rule])


@given(any_rule, st.data())
def test_unanswered_counts_as_zero(given: list[PracticeAnswer], data: st.DataObject) -> None:
    position = data.draw(st.integers(0, len(given) - 1))
    unanswered, nothing = (
        scored([replace(each, declared=declared) if each is given[position] else each for each in given])
        for declared in (None, 0)
    )
    assert (unanswered.level, unanswered.index, unanswered.declared_index) == (
        nothing.level,
        nothing.index,
        nothing.declared_index,
    )


@given(any_rule, st.integers(2, 5))
def test_only_the_proportions_of_weights_matter(given: list[PracticeAnswer], factor: int) -> None:
    heavier = [replace(each, practice=replace(each.practice, weight=factor * each.practice.weight)) for each in given]
    one, other = scored(given), scored(heavier)
    assert (one.level, one.index) == (other.level, other.index)


@given(any_rule, st.integers(1, 4))
def test_a_level_is_reached_exactly_when_nothing_stands_in_its_way(given: list[PracticeAnswer], level: int) -> None:
    rule = scored(given)
    assert (obstacles(rule, level) == []) is (rule.level is not None and rule.level >= level)


@given(any_rule)
def test_confidence_is_whole(given: list[PracticeAnswer]) -> None:
    shares = confidence([scored(given)])
    assert sum(shares.values()) == (1 if shares else 0)
    assert all(0 <= share <= 1 for share in shares.values())


promises = st.builds(
    GapAction,
    practice=st.sampled_from([f"P{number}" for number in range(8)]),
    level=st.integers(1, 4),
    owner=st.sampled_from([None, "Ada"]),
    agreed_on=st.dates(TODAY - timedelta(days=200), TODAY),
    due_on=st.none() | st.dates(TODAY - timedelta(days=10), TODAY + timedelta(days=200)),
)


@given(plain_rules(), st.lists(promises, max_size=10), st.booleans(), st.data())
def test_a_conditional_level_is_the_next_one_for_half_a_year_at_most(
    given: list[PracticeAnswer], actions: list[GapAction], is_promised: bool, data: st.DataObject
) -> None:
    rule = scored(given)
    if is_promised:
        due_on = TODAY + timedelta(days=data.draw(st.integers(0, CONDITIONAL_DAYS)))
        actions += [GapAction(f"P{n}", level, "Ada", TODAY, due_on) for n in range(8) for level in range(1, 5)]
    conditional = conditional_level(rule, actions, today=TODAY)
    if conditional is None:
        return
    assert conditional.level == next_level(rule)
    assert TODAY <= conditional.until <= TODAY + timedelta(days=CONDITIONAL_DAYS)
    assert {action.practice for action in conditional.actions} == {
        each.practice.key for each in rule.applicable if each.verified < conditional.level
    }
    assert conditional_level(rule, actions, today=conditional.until + timedelta(days=1)) is None


@given(plain_rules(), st.integers(1, 180), st.integers(1, 180))
def test_a_later_date_for_the_same_gap_changes_nothing(given: list[PracticeAnswer], first: int, second: int) -> None:
    def promised(days: int, agreed_on: date) -> list[GapAction]:
        due_on = agreed_on + timedelta(days=days)
        return [GapAction(f"P{n}", level, "Ada", agreed_on, due_on) for n in range(8) for level in range(1, 5)]

    once, again = promised(first, TODAY - timedelta(days=1)), promised(second, TODAY)
    rule = scored(given)
    assert conditional_level(rule, [*again, *once], today=TODAY) == conditional_level(rule, once, today=TODAY)


# --- Rounding, overall and the company -----------------------------------------------------------------------------


@given(st.integers(0, 100_000_000))
def test_rounding_is_half_up(millionths: int) -> None:
    exact = Decimal(millionths).scaleb(-6)
    assert rounded(exact) == rounded(Fraction(millionths, 10**6)) == exact.quantize(Decimal("0.1"), ROUND_HALF_UP)


@given(st.lists(any_rule, min_size=1, max_size=4))
def test_the_company_is_never_above_a_team(teams: list[list[PracticeAnswer]]) -> None:
    company = company_rule(team_rule(str(number), each, today=TODAY) for number, each in enumerate(teams))
    assert company is not None
    scores = [scored(each) for each in teams]
    if company.level is None or company.index is None:
        assert any(not score.is_assessable for score in scores)
        return
    known = [score.index for score in scores if score.index is not None]
    assert all(score.level is not None and company.level <= score.level for score in scores)
    assert min(known) <= company.index <= max(known)
    assert {team.score.level for team in company.teams_at_level} == {company.level}


@given(st.lists(st.lists(plain_rules(), min_size=4, max_size=4), min_size=1, max_size=3))
def test_the_company_is_the_same_by_rule_and_by_team(teams: list[list[list[PracticeAnswer]]]) -> None:
    by_team = overall_score(overall_score(scored(each) for each in team) for team in teams)
    by_rule = overall_score(
        company_rule(team_rule(str(number), team[rule], today=TODAY) for number, team in enumerate(teams))
        for rule in range(4)
    )
    assert by_rule == by_team
