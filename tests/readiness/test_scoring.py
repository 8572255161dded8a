"""The vectors of the algebra of scores: tables of inputs and outputs, no database."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from readiness.scoring import (
    Band,
    BelowFloor,
    BindingState,
    Comparator,
    ConditionalLevel,
    EvidenceClass,
    GapAction,
    GateBelow,
    Limit,
    Measurement,
    NotApplicable,
    NotApplicableOnGate,
    OverallScore,
    Piece,
    PracticeAnswer,
    Requirement,
    RuleScore,
    RuleStatus,
    ScoredPractice,
    ShareShort,
    StatusReason,
    TeamRule,
    Thresholds,
    TooMuchNotApplicable,
    WindowResult,
    band,
    company_rule,
    conditional_level,
    confidence,
    evidence_class,
    falls_on,
    held_level,
    lower_median,
    measure,
    next_level,
    obstacles,
    overall_score,
    practice_score,
    rounded,
    rule_score,
    rule_verdict,
    team_rule,
    verified_level,
)

TODAY = date(2026, 11, 23)
NOW_MS = 1_795_392_000_000
MINUTE_MS = 60_000
E0, E1, E2, E3 = EvidenceClass

CONTRADICTED_AT_2 = Measurement(level=2, latest_level=2, windows=2, measured_at_ms=NOW_MS)
MEASURED_4 = replace(CONTRADICTED_AT_2, level=4, latest_level=4)


def piece(age_days: int = 0, *, is_reviewed: bool = True, validity_days: int = 180) -> Piece:
    return Piece(TODAY - timedelta(days=age_days), validity_days, is_reviewed)


def answer(
    declared: int | None,
    *pieces: Piece,
    key: str = "P",
    weight: int = 1,
    is_gate: bool = False,
    is_measurable: bool = False,
    measurements: tuple[Measurement, ...] = (),
    not_applicable: NotApplicable | None = None,
) -> PracticeAnswer:
    practice = ScoredPractice(key, weight, is_gate, is_measurable)
    return PracticeAnswer(practice, declared, pieces, measurements, not_applicable)


OUT = NotApplicable("No GPU in this line of business", is_approved=True, expires_on=TODAY + timedelta(days=90))


def ten(*levels: int | NotApplicable | None, reviewed_days_ago: int = 0) -> list[PracticeAnswer]:
    """Ten equal practices with reviewed evidence, the first two of them gates."""
    assert len(levels) == 10
    return [
        answer(
            None if isinstance(level, NotApplicable) else level,
            piece(reviewed_days_ago),
            key=f"P{number}",
            is_gate=number <= 2,
            not_applicable=level if isinstance(level, NotApplicable) else None,
        )
        for number, level in enumerate(levels, start=1)
    ]


def score(*levels: int | NotApplicable | None) -> RuleScore:
    return rule_score(ten(*levels), today=TODAY)


class TestPracticeVectors:
    @pytest.mark.parametrize(
        ("declared", "evidence", "is_measurable", "contradicted_at", "verified"),
        [
            (4, E0, False, None, 2),
            (4, E1, False, None, 3),
            (4, E2, False, None, 4),
            (4, E2, True, None, 3),
            (4, E3, True, None, 4),
            (4, E3, False, 2, 2),
            (2, E3, False, None, 2),
            (1, E3, False, None, 1),
            (0, E3, True, None, 0),
            (3, E3, True, 0, 0),
        ],
    )
    def test_verified_level(
        self, declared: int, evidence: EvidenceClass, is_measurable: bool, contradicted_at: int | None, verified: int
    ) -> None:
        assert (
            verified_level(declared, evidence, is_measurable=is_measurable, contradicted_at=contradicted_at) == verified
        )

    @pytest.mark.parametrize(
        ("given", "evidence", "verified", "limit"),
        [
            (answer(4), E0, 2, Limit.EVIDENCE),
            (answer(4, piece(is_reviewed=False)), E1, 3, Limit.EVIDENCE),
            (answer(4, piece()), E2, 4, None),
            (answer(4, piece(), is_measurable=True), E2, 3, Limit.NOT_MEASURED),
            (answer(4, is_measurable=True, measurements=(MEASURED_4,)), E3, 4, None),
            (answer(4, piece(200)), E1, 3, Limit.EVIDENCE),
            (answer(4, piece(400)), E0, 2, Limit.EVIDENCE),
            (answer(4, measurements=(CONTRADICTED_AT_2,)), E3, 2, Limit.CONTRADICTED),
            (answer(2, measurements=(MEASURED_4,)), E3, 2, None),
            (answer(1, measurements=(MEASURED_4,)), E3, 1, None),
            (answer(None, piece()), E0, 0, None),
        ],
    )
    def test_practice_score(
        self, given: PracticeAnswer, evidence: EvidenceClass, verified: int, limit: Limit | None
    ) -> None:
        scored = practice_score(given, today=TODAY)
        assert (scored.evidence, scored.verified, scored.limit) == (evidence, verified, limit)

    @pytest.mark.parametrize("declared", [-1, 5])
    def test_a_level_out_of_range_is_refused(self, declared: int) -> None:
        with pytest.raises(ValueError, match="between 0 and 4"):
            answer(declared)

    @pytest.mark.parametrize(("levels", "middle"), [([3], 3), ([1, 4], 1), ([4, 0, 2], 2), ([2, 3, 3, 4], 3)])
    def test_several_people_start_from_the_lower_median(self, levels: list[int], middle: int) -> None:
        assert lower_median(levels) == middle

    def test_nobody_has_no_median(self) -> None:
        with pytest.raises(ValueError, match="no median"):
            lower_median([])


class TestEvidence:
    @pytest.mark.parametrize(
        ("age_days", "is_reviewed", "expected"),
        [
            (0, False, E1),
            (180, False, E1),
            (181, False, E0),
            (180, True, E2),
            (181, True, E1),
            (360, True, E1),
            (361, True, E0),
            (-1, True, E0),
        ],
    )
    def test_a_piece_falls_by_steps(self, age_days: int, is_reviewed: bool, expected: EvidenceClass) -> None:
        assert evidence_class([piece(age_days, is_reviewed=is_reviewed)], today=TODAY) is expected

    def test_the_best_piece_still_valid_counts(self) -> None:
        pieces = [piece(400), piece(200), piece(10, is_reviewed=False), piece(40, validity_days=30)]
        assert evidence_class(pieces, today=TODAY) is E1
        assert evidence_class([*pieces, piece(170)], today=TODAY) is E2

    def test_no_piece(self) -> None:
        assert evidence_class([], today=TODAY) is E0

    def test_the_last_day_of_validity_is_said(self) -> None:
        assert piece(validity_days=30).valid_until == TODAY + timedelta(days=30)

    def test_a_piece_is_valid_for_a_day_at_least(self) -> None:
        with pytest.raises(ValueError, match="at least one day"):
            piece(validity_days=0)


LATENCY = Thresholds(Comparator.AT_MOST, {1: Decimal(4), 2: Decimal(2), 3: Decimal(1), 4: Decimal("0.5")})
SUCCESS = Thresholds(
    Comparator.AT_LEAST, {1: Decimal("0.9"), 2: Decimal("0.95"), 3: Decimal("0.99"), 4: Decimal("0.999")}
)


class TestMeasuredLevel:
    @pytest.mark.parametrize(
        ("thresholds", "low", "high", "level"),
        [
            (LATENCY, 0.4, 0.4, 4),
            (LATENCY, 0.5, 0.5, 4),
            (LATENCY, 0.6, 0.9, 3),
            (LATENCY, 5.0, 5.0, 0),
            (LATENCY, None, 0.5, 4),  # known only as "at most 0.5 s"
            (LATENCY, None, 0.7, None),  # at most 0.7 s: level 4 or 3?
            (LATENCY, 10.0, None, 0),  # more than the last bucket
            (LATENCY, 3.0, None, None),  # more than 3 s: level 1 or 0?
            (LATENCY, 0.9, 1.1, None),
            (LATENCY, None, None, None),
            (SUCCESS, 1.0, 1.0, 4),
            (SUCCESS, 0.99, 0.99, 3),
            (SUCCESS, 0.5, 0.6, 0),
            (SUCCESS, 0.98, 0.995, None),
            (Thresholds(Comparator.AT_MOST, {3: Decimal(1)}), 2.0, 2.0, 2),
            (Thresholds(Comparator.AT_MOST, {3: Decimal(1)}), 1.0, 1.0, 4),
        ],
    )
    def test_it_is_the_highest_that_holds(
        self, thresholds: Thresholds, low: float | None, high: float | None, level: int | None
    ) -> None:
        assert held_level(thresholds.comparisons(low, high)) == level

    @pytest.mark.parametrize(
        ("comparisons", "level"),
        [
            ({1: True, 2: True, 3: False, 4: None}, 2),
            ({1: True, 2: None, 3: False}, None),
            ({1: None, 2: True}, None),
            ({1: False}, 0),
            ({}, None),
        ],
    )
    def test_only_what_stands_in_the_way_is_undecided(
        self, comparisons: dict[int, bool | None], level: int | None
    ) -> None:
        assert held_level(comparisons) == level

    @pytest.mark.parametrize("by_level", [{}, {0: Decimal(1)}, {5: Decimal(1)}])
    def test_thresholds_belong_to_levels(self, by_level: dict[int, Decimal]) -> None:
        with pytest.raises(ValueError, match="levels 1 to 4"):
            Thresholds(Comparator.AT_MOST, by_level)

    def test_a_higher_level_is_not_easier(self) -> None:
        with pytest.raises(ValueError, match="easier"):
            Thresholds(Comparator.AT_MOST, {1: Decimal(1), 2: Decimal(2)})


REQUIREMENT = Requirement(minimum_samples=100, minimum_coverage=Decimal("0.8"))
DAY_MS = REQUIREMENT.validity_ms


def windows(*levels: int | None, minutes_ago: int = 0) -> list[WindowResult]:
    """Two-minute windows one after the other, the last one ended `minutes_ago`."""
    last_ms = NOW_MS - minutes_ago * MINUTE_MS
    return [
        WindowResult(last_ms - 2 * MINUTE_MS * distance, level, 100, Decimal("0.8"))
        for distance, level in zip(range(len(levels) - 1, -1, -1), levels, strict=True)
    ]


class TestBindingStates:
    @pytest.mark.parametrize(
        ("levels", "declared", "state", "verified"),
        [
            ((), 3, BindingState.UNMEASURED, 2),
            ((None, None), 3, BindingState.UNMEASURED, 2),
            ((3,), 3, BindingState.CONFIRMED, 3),
            ((4, 4), 3, BindingState.CONFIRMED, 3),
            ((3, 2), 3, BindingState.CONFIRMED, 3),  # until the second one nothing moves
            ((3, 2, 2), 3, BindingState.CONTRADICTED, 2),
            ((3, 2, 1), 3, BindingState.CONTRADICTED, 2),  # 1 was seen once only
            ((3, 2, 1, 1), 3, BindingState.CONTRADICTED, 1),
            ((2, 2, 3), 3, BindingState.CONFIRMED, 3),
            ((2,), 3, BindingState.UNMEASURED, 2),  # a first window alone does not contradict
            ((3,), 4, BindingState.UNMEASURED, 3),  # … and claiming 4 verifies no less than claiming 3
            ((3, None, 2), 3, BindingState.CONFIRMED, 3),
            ((2, None, 2), 3, BindingState.CONTRADICTED, 2),  # undecided in between says nothing
            ((2, 2, None), 3, BindingState.CONTRADICTED, 2),
            ((0, 0), 0, BindingState.CONFIRMED, 0),
            ((0, 0), 3, BindingState.CONTRADICTED, 0),
            ((4, 4), 1, BindingState.CONFIRMED, 1),  # a measurement never raises
        ],
    )
    def test_windows_give_a_state(
        self, levels: tuple[int | None, ...], declared: int, state: BindingState, verified: int
    ) -> None:
        measured = measure(windows(*levels), REQUIREMENT, now_ms=NOW_MS)
        scored = practice_score(answer(declared, is_measurable=True, measurements=(measured,)), today=TODAY)
        assert (scored.state, scored.verified) == (state, verified)

    def test_order_does_not_matter(self) -> None:
        in_order = windows(4, 2, 1)
        assert measure(reversed(in_order), REQUIREMENT, now_ms=NOW_MS) == measure(in_order, REQUIREMENT, now_ms=NOW_MS)

    def test_a_first_contradiction_does_not_raise_either(self) -> None:
        doubtful = measure(windows(2), REQUIREMENT, now_ms=NOW_MS)
        scored = practice_score(answer(4, piece(), is_measurable=True, measurements=(doubtful,)), today=TODAY)
        assert (scored.verified, scored.evidence) == (3, E2)
        assert doubtful.is_doubting(4)
        assert not doubtful.is_doubting(2)

    @pytest.mark.parametrize(("age_ms", "state"), [(DAY_MS, BindingState.CONFIRMED), (DAY_MS + 1, BindingState.STALE)])
    def test_past_its_validity_a_measurement_is_stale_and_counts_not_at_all(
        self, age_ms: int, state: BindingState
    ) -> None:
        measured = measure(windows(3, 3), REQUIREMENT, now_ms=NOW_MS + age_ms)
        scored = practice_score(answer(3, is_measurable=True, measurements=(measured,)), today=TODAY)
        assert scored.state is state
        assert scored.verified == (3 if state is BindingState.CONFIRMED else 2)

    def test_a_stale_contradiction_is_over(self) -> None:
        measured = measure(windows(1, 1), REQUIREMENT, now_ms=NOW_MS + 2 * DAY_MS)
        assert measured.contradicted_at(3) is None
        assert measured.state(3) is BindingState.STALE
        assert measured.measured_at_ms == NOW_MS

    def test_windows_a_validity_apart_are_not_in_a_row(self) -> None:
        long_ago = replace(windows(2)[0], ended_at_ms=NOW_MS - DAY_MS - 1)
        assert measure([long_ago, *windows(2)], REQUIREMENT, now_ms=NOW_MS).contradicted_at(3) is None

    def test_windows_as_long_as_their_validity_are_in_a_row(self) -> None:
        yesterday = replace(windows(2)[0], ended_at_ms=NOW_MS - DAY_MS)
        assert measure([yesterday, *windows(2)], REQUIREMENT, now_ms=NOW_MS + DAY_MS).contradicted_at(3) == 2

    @pytest.mark.parametrize(("samples", "coverage"), [(99, "1"), (100, "0.799")])
    def test_too_little_is_unmeasured(self, samples: int, coverage: str) -> None:
        thin = [replace(window, samples=samples, coverage=Decimal(coverage)) for window in windows(1, 1)]
        assert measure(thin, REQUIREMENT, now_ms=NOW_MS) == Measurement()

    def test_windows_after_now_are_not_known_yet(self) -> None:
        assert measure(windows(1, 1), REQUIREMENT, now_ms=NOW_MS - 10 * MINUTE_MS) == Measurement()

    @pytest.mark.parametrize(
        ("several", "state", "evidence", "verified"),
        [
            ((MEASURED_4, MEASURED_4), BindingState.CONFIRMED, E3, 4),
            ((MEASURED_4, CONTRADICTED_AT_2), BindingState.CONTRADICTED, E3, 2),
            ((MEASURED_4, Measurement()), BindingState.UNMEASURED, E1, 3),
            ((MEASURED_4, Measurement(is_stale=True)), BindingState.STALE, E1, 3),
            ((CONTRADICTED_AT_2, Measurement()), BindingState.CONTRADICTED, E1, 2),
        ],
    )
    def test_several_bindings_are_as_good_as_the_worst(
        self, several: tuple[Measurement, ...], state: BindingState, evidence: EvidenceClass, verified: int
    ) -> None:
        given = answer(4, piece(is_reviewed=False), is_measurable=True, measurements=several)
        scored = practice_score(given, today=TODAY)
        assert (scored.state, scored.evidence, scored.verified) == (state, evidence, verified)

    def test_without_a_binding_there_is_no_state(self) -> None:
        assert practice_score(answer(3), today=TODAY).state is None


RULE_VECTORS = [
    ([3] * 10, 3, "75.0"),
    ([3] * 8 + [2] * 2, 3, "70.0"),
    ([3] * 7 + [2] * 3, 2, "67.5"),
    ([3] * 8 + [2, 1], 2, "67.5"),
    ([4] * 8 + [0, 0], 1, "80.0"),
    ([2] + [4] * 9, 2, "95.0"),
    ([4] * 9 + [None], 1, "90.0"),
    ([3] * 7 + [OUT] * 3, 3, "75.0"),
    ([3] * 6 + [OUT] * 4, None, None),
    ([0] * 10, 0, "0.0"),
    ([4] * 10, 4, "100.0"),
    ([None] * 10, 0, "0.0"),
]


class TestRuleVectors:
    @pytest.mark.parametrize(("levels", "level", "index"), RULE_VECTORS)
    def test_level_and_index(
        self, levels: list[int | NotApplicable | None], level: int | None, index: str | None
    ) -> None:
        rule = score(*levels)
        assert rule.level == level
        assert (None if rule.index is None else str(rounded(rule.index))) == index
        assert rule.is_assessable is (level is not None)

    def test_weights_count_in_the_share(self) -> None:
        four_fifths = [answer(2, weight=4, key="A"), answer(1, weight=1, key="B")]
        assert rule_score(four_fifths, today=TODAY).level == 2
        three_quarters = [answer(2, weight=3, key="A"), answer(1, weight=1, key="B")]
        assert rule_score(three_quarters, today=TODAY).level == 1

    def test_the_declared_index_stands_beside_the_verified_one(self) -> None:
        rule = rule_score([answer(4, key="A"), answer(4, piece(), key="B")], today=TODAY)
        assert (rule.index, rule.declared_index) == (Fraction(75), Fraction(100))

    def test_a_rule_without_practices_is_not_assessable(self) -> None:
        assert rule_score([], today=TODAY).level is None

    def test_an_answer_given_twice_is_refused(self) -> None:
        with pytest.raises(ValueError, match="Answered twice in one rule: A"):
            rule_score([answer(1, key="A"), answer(2, key="A")], today=TODAY)

    def test_answered_counts_the_applicable(self) -> None:
        assert score(*[3] * 6, None, None, OUT, OUT).answered == 6


class TestNotApplicable:
    def test_a_gate_always_applies(self) -> None:
        with pytest.raises(NotApplicableOnGate, match="UC1 is a gate practice") as refusal:
            answer(None, key="UC1", is_gate=True, not_applicable=OUT)
        assert refusal.value.practice == "UC1"

    @pytest.mark.parametrize(
        "wish",
        [
            replace(OUT, reason="  "),
            replace(OUT, is_approved=False),
            replace(OUT, expires_on=None),
            replace(OUT, expires_on=TODAY - timedelta(days=1)),
        ],
    )
    def test_it_needs_reason_approver_and_a_day_to_come(self, wish: NotApplicable) -> None:
        assert practice_score(answer(None, not_applicable=wish), today=TODAY).is_applicable

    def test_it_counts_through_its_last_day(self) -> None:
        last_day = replace(OUT, expires_on=TODAY)
        assert not practice_score(answer(None, not_applicable=last_day), today=TODAY).is_applicable

    def test_once_it_expired_the_practice_is_unanswered(self) -> None:
        given = ten(*[3] * 9, OUT)
        assert rule_score(given, today=TODAY).level == 3
        assert (
            rule_score([replace(each, pieces=(piece(-91),)) for each in given], today=TODAY + timedelta(91)).level == 1
        )

    def test_the_share_is_of_weight(self) -> None:
        heavy = [answer(3, key="A", weight=2), answer(None, key="B", not_applicable=OUT)]
        rule = rule_score(heavy, today=TODAY)
        assert rule.not_applicable_share == Fraction(1, 3)
        assert obstacles(rule, 1) == [TooMuchNotApplicable(Fraction(1, 3))]


class TestObstacles:
    def test_a_reached_level_has_none(self) -> None:
        assert obstacles(score(*[3] * 10), 3) == []

    def test_every_reason_is_said(self) -> None:
        assert obstacles(score(2, 3, *[3] * 5, 2, 1, None), 3) == [
            GateBelow("P1", 2, 3),
            BelowFloor("P9", 1, 2),
            BelowFloor("P10", 0, 2),
            ShareShort(Fraction(6, 10), Fraction(8, 10), 2, ("P1", "P8", "P9", "P10")),
        ]

    def test_missing_weight_is_rounded_up(self) -> None:
        rule = rule_score([answer(2, key="A", weight=2), answer(1, key="B", weight=5)], today=TODAY)
        assert obstacles(rule, 2) == [ShareShort(Fraction(2, 7), Fraction(8, 10), 4, ("B",))]

    @pytest.mark.parametrize("level", [0, 5])
    def test_there_is_no_such_level(self, level: int) -> None:
        with pytest.raises(ValueError, match="between 1 and 4"):
            obstacles(score(*[3] * 10), level)

    @pytest.mark.parametrize(("levels", "expected"), [([3] * 10, 4), ([4] * 10, None), ([3] * 6 + [OUT] * 4, None)])
    def test_next_level(self, levels: list[int | NotApplicable], expected: int | None) -> None:
        assert next_level(score(*levels)) == expected


def promise(practice: str, level: int = 3, *, agreed_days_ago: int = 10, due_in_days: int = 60) -> GapAction:
    return GapAction(
        practice, level, "Ada", TODAY - timedelta(days=agreed_days_ago), TODAY + timedelta(days=due_in_days)
    )


SIX_OF_TEN = [3] * 6 + [2] * 4
PROMISES = [promise(f"P{number}", due_in_days=60 + number) for number in range(7, 11)]


class TestConditionalLevel:
    def test_it_lasts_until_the_first_promise_falls_due(self) -> None:
        conditional = conditional_level(score(*SIX_OF_TEN), PROMISES, today=TODAY)
        assert conditional == ConditionalLevel(3, TODAY + timedelta(days=67), tuple(PROMISES))

    @pytest.mark.parametrize(
        "levels",
        [
            [3] * 5 + [2] * 5,  # under 60 %
            [2] + [3] * 6 + [2] * 3,  # a gate
            [3] * 6 + [2] * 3 + [1],  # two levels behind
            [3] * 10,  # nothing to promise for level 3, nobody at 4
            [3] * 6 + [OUT] * 4,
        ],
    )
    def test_it_has_its_own_conditions(self, levels: list[int | NotApplicable]) -> None:
        every = [promise(f"P{number}", level) for number in range(1, 11) for level in (3, 4)]
        assert conditional_level(score(*levels), every, today=TODAY) is None

    @pytest.mark.parametrize(
        "last",
        [
            [],
            [promise("P10", level=2)],
            [replace(promise("P10"), owner=None)],
            [replace(promise("P10"), owner="")],
            [replace(promise("P10"), due_on=None)],
            [promise("P10", agreed_days_ago=0, due_in_days=181)],
            [promise("P10", agreed_days_ago=-1)],
            [promise("P10", agreed_days_ago=90, due_in_days=-1)],
        ],
    )
    def test_each_gap_needs_an_owner_and_a_date_to_come(self, last: list[GapAction]) -> None:
        assert conditional_level(score(*SIX_OF_TEN), [*PROMISES[:-1], *last], today=TODAY) is None

    def test_half_a_year_is_allowed(self) -> None:
        actions = [*PROMISES[:-1], promise("P10", agreed_days_ago=0, due_in_days=180)]
        assert conditional_level(score(*SIX_OF_TEN), actions, today=TODAY) is not None

    def test_it_holds_on_the_day_itself_and_expires_by_itself(self) -> None:
        given = [replace(each, pieces=(piece(-80),)) for each in ten(*SIX_OF_TEN)]
        last_day = TODAY + timedelta(days=67)
        assert conditional_level(rule_score(given, today=last_day), PROMISES, today=TODAY) is None
        aged = [replace(each, pieces=(piece(),)) for each in given]
        assert conditional_level(rule_score(aged, today=last_day), PROMISES, today=last_day) is not None
        day_after = last_day + timedelta(days=1)
        assert conditional_level(rule_score(aged, today=day_after), PROMISES, today=day_after) is None

    def test_a_new_date_does_not_renew_it_for_the_same_gap(self) -> None:
        missed = promise("P10", agreed_days_ago=90, due_in_days=-1)
        again = promise("P10", agreed_days_ago=0, due_in_days=90)
        actions = [*PROMISES[:-1], again, missed]
        assert conditional_level(score(*SIX_OF_TEN), actions, today=TODAY) is None

    def test_a_closed_gap_no_longer_limits_it(self) -> None:
        conditional = conditional_level(score(*[3] * 7, 2, 2, 2), PROMISES, today=TODAY)
        assert conditional is not None
        assert conditional.until == TODAY + timedelta(days=68)


class TestIndex:
    @pytest.mark.parametrize(
        ("value", "shown"),
        [
            (Fraction(0), "0.0"),
            (Fraction(100), "100.0"),
            (Fraction(200, 3), "66.7"),
            (Fraction(1, 20), "0.1"),  # half goes up
            (Fraction(49, 1000), "0.0"),
            (Decimal("66.65"), "66.7"),
            (Decimal("66.6499999999999999999999999999999999"), "66.6"),
            (12, "12.0"),
        ],
    )
    def test_one_decimal_half_up(self, value: Fraction | Decimal | int, shown: str) -> None:
        assert str(rounded(value)) == shown

    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            ("0", Band.FIRST),
            ("30.9", Band.FIRST),
            ("30.94", Band.FIRST),
            ("30.95", Band.SECOND),  # shown as 31.0
            ("31", Band.SECOND),
            ("60.9", Band.SECOND),
            ("61", Band.THIRD),
            ("85.9", Band.THIRD),
            ("86", Band.FOURTH),
            ("100", Band.FOURTH),
        ],
    )
    def test_bands_are_half_open(self, value: str, expected: Band) -> None:
        assert band(Decimal(value)) is expected

    @pytest.mark.parametrize("value", [-1, 101])
    def test_there_is_no_band_outside(self, value: int) -> None:
        with pytest.raises(ValueError, match="between 0 and 100"):
            band(value)


class TestOverall:
    def test_level_is_the_minimum_index_the_mean_of_the_unrounded(self) -> None:
        rules = [score(*levels) for levels in ([3] * 10, [3] * 7 + [2] * 3, [4] * 8 + [0, 0], [0] * 10)]
        overall = overall_score(rules)
        assert overall == OverallScore(0, Fraction(445, 8), Fraction(445, 8))

    def test_the_mean_is_not_one_of_rounded_numbers(self) -> None:
        rule = rule_score([answer(level, piece(), key=str(level)) for level in (0, 1, 3)], today=TODAY)
        assert rule.index == Fraction(100, 3)
        assert overall_score([rule] * 3 + [score(*[4] * 10)]) == OverallScore(0, Fraction(50), Fraction(50))

    @pytest.mark.parametrize("missing", [None, score(*[3] * 6, *[OUT] * 4)])
    def test_one_rule_not_assessable_makes_the_whole_so(self, missing: RuleScore | None) -> None:
        assert overall_score([score(*[3] * 10), missing]) == OverallScore(None, None, None)

    def test_no_rule(self) -> None:
        assert overall_score([]) == OverallScore(None, None, None)


class TestConfidence:
    def test_it_is_a_share_of_weight(self) -> None:
        answers = [
            answer(3, key="A", weight=2),
            answer(3, piece(is_reviewed=False), key="B"),
            answer(4, measurements=(MEASURED_4,), key="C"),
            answer(None, piece(), key="D", weight=3, not_applicable=OUT),
            answer(None, piece(), key="E", weight=4),
            answer(1, piece(), key="F", weight=2),
        ]
        rule = rule_score(answers, today=TODAY)
        assert confidence([rule]) == {
            E0: Fraction(6, 10),
            E1: Fraction(1, 10),
            E2: Fraction(2, 10),
            E3: Fraction(1, 10),
        }

    def test_several_rules_weigh_together(self) -> None:
        rules = [rule_score([answer(1, key="A")], today=TODAY), rule_score([answer(1, piece(), key="A")], today=TODAY)]
        assert confidence(rules) == {E0: Fraction(1, 2), E1: 0, E2: Fraction(1, 2), E3: 0}

    def test_nothing(self) -> None:
        assert confidence([]) == {}


def team(name: str, *levels: int | NotApplicable | None, reviewed_days_ago: int = 0) -> TeamRule:
    return team_rule(name, ten(*levels, reviewed_days_ago=reviewed_days_ago), today=TODAY)


class TestCompany:
    def test_level_is_the_minimum_index_the_mean_with_the_teams_behind(self) -> None:
        company = company_rule([team("Retail", *[3] * 10), team("Plants", *[2] + [4] * 9), team("Care", *[4] * 10)])
        assert company is not None
        assert (company.level, company.index) == (2, Fraction(90))
        assert [each.team for each in company.teams] == ["Plants", "Retail", "Care"]
        assert [each.team for each in company.teams_at_level] == ["Plants"]

    def test_nothing_approved(self) -> None:
        assert company_rule([]) is None

    def test_one_team_not_assessable_makes_the_company_so(self) -> None:
        company = company_rule([team("Retail", *[3] * 10), team("Plants", *[3] * 6, *[OUT] * 4)])
        assert company is not None
        assert (company.level, company.index, company.is_assessable) == (None, None, False)
        assert [each.team for each in company.teams_at_level] == ["Plants"]

    def test_overall_of_the_company(self) -> None:
        company = company_rule([team("Retail", *[3] * 10)])
        assert overall_score([company] * 4) == OverallScore(3, Fraction(75), Fraction(75))
        assert overall_score([company, None]) == OverallScore(None, None, None)


class TestVerdict:
    @pytest.mark.parametrize(
        ("levels", "target", "status", "reason"),
        [
            ([3] * 10, 3, RuleStatus.READY, StatusReason.REACHED),
            ([4] * 10, 3, RuleStatus.READY, StatusReason.REACHED),
            ([2] * 10, 3, RuleStatus.AT_RISK, StatusReason.ONE_BELOW),
            ([1] * 10, 3, RuleStatus.OFF_TRACK, StatusReason.FAR_BELOW),
            ([1] * 10, 2, RuleStatus.AT_RISK, StatusReason.ONE_BELOW),
            ([3] * 6 + [OUT] * 4, 3, RuleStatus.OFF_TRACK, StatusReason.NOT_ASSESSABLE),
        ],
    )
    def test_against_the_target(
        self, levels: list[int | NotApplicable], target: int, status: RuleStatus, reason: StatusReason
    ) -> None:
        verdict = rule_verdict(company_rule([team("Retail", *levels)]), target=target)
        assert (verdict.status, verdict.reason) == (status, reason)

    def test_nothing_approved_is_not_assessed(self) -> None:
        assert rule_verdict(None).status is RuleStatus.NOT_ASSESSED

    @pytest.mark.parametrize(
        ("reviewed_days_ago", "status"), [(330, RuleStatus.READY), (331, RuleStatus.AT_RISK), (360, RuleStatus.AT_RISK)]
    )
    def test_about_to_fall_within_thirty_days(self, reviewed_days_ago: int, status: RuleStatus) -> None:
        company = company_rule([team("Retail", *[3] * 10, reviewed_days_ago=reviewed_days_ago)])
        verdict = rule_verdict(company)
        assert verdict.status is status
        assert (verdict.reason is StatusReason.ABOUT_TO_FALL) is (status is RuleStatus.AT_RISK)

    def test_falling_to_the_target_is_no_risk(self) -> None:
        company = company_rule([team("Retail", *[4] * 10, reviewed_days_ago=170)])
        assert company is not None
        assert (company.level, company.level_ahead) == (4, 3)
        assert rule_verdict(company).status is RuleStatus.READY

    def test_a_measurement_is_taken_to_go_on(self) -> None:
        measured = [answer(4, is_measurable=True, measurements=(MEASURED_4,))]
        assert team_rule("Retail", measured, today=TODAY).level_ahead == 4

    def test_the_day_of_the_fall_is_known(self) -> None:
        given = ten(*[3] * 10, reviewed_days_ago=350)
        assert falls_on(given, below=3, today=TODAY) == TODAY + timedelta(days=11)
        assert falls_on(ten(*[3] * 10), below=3, today=TODAY) is None

    @pytest.mark.parametrize(
        ("low", "high", "target", "reason"),
        [
            (2, 3, 3, StatusReason.CONDITIONAL),
            (1, 2, 3, StatusReason.CONDITIONAL),
            (1, 2, 4, StatusReason.FAR_BELOW),
        ],
    )
    def test_a_conditional_level_is_at_risk(self, low: int, high: int, target: int, reason: StatusReason) -> None:
        actions = [promise(f"P{number}", high) for number in range(7, 11)]
        conditional = team_rule("Retail", ten(*[high] * 6, *[low] * 4), today=TODAY, actions=actions)
        company = company_rule([conditional, team("Plants", *[3] * 10)])
        assert company is not None
        assert (company.level, company.conditional) == (low, high)
        assert company.conditional_until == TODAY + timedelta(days=60)
        assert rule_verdict(company, target=target).reason is reason

    def test_one_team_on_condition_does_not_lift_another(self) -> None:
        actions = [promise(f"P{number}") for number in range(7, 11)]
        conditional = team_rule("Retail", ten(*[3] * 6, *[2] * 4), today=TODAY, actions=actions)
        company = company_rule([conditional, team("Plants", *[2] * 10)])
        assert company is not None
        assert (company.conditional, company.conditional_until) == (None, None)
        assert rule_verdict(company).reason is StatusReason.ONE_BELOW
