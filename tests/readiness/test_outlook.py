"""When a rule falls if nobody does anything."""

from datetime import date, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from readiness.scoring import (
    Ageing,
    NotApplicable,
    Piece,
    PracticeAnswer,
    ScoredPractice,
    changes,
    falls,
    rule_score,
)

TODAY = date(2026, 11, 25)
YEAR = TODAY + timedelta(days=366)


def answer(key: str, level: int = 3, *, days_old: int = 0, validity: int = 100, gate: bool = False) -> PracticeAnswer:
    piece = Piece(TODAY - timedelta(days=days_old), validity)
    return PracticeAnswer(ScoredPractice(key, is_gate=gate), level, (piece,))


def test_it_works() -> None:
    answers = [answer("A", days_old=90, gate=True), answer("B", days_old=0)]
    first = falls(answers, today=TODAY, until=YEAR)[0]
    assert (first.day, first.level_before, first.level_after) == (TODAY + timedelta(days=11), 3, 2)
    assert [(cause.practice, cause.ageing, cause.piece) for cause in first.causes] == [("A", Ageing.COUNTS_LESS, 0)]


def test_what_changes_no_level_is_no_fall() -> None:
    answers = [answer("A", level=2, days_old=90)]
    assert [change.ageing for change in changes(answers, today=TODAY, until=YEAR)] == ["counts_less", "counts_not"]
    assert falls(answers, today=TODAY, until=YEAR) == []


def test_an_exemption_that_ends_asks_again() -> None:
    exemption = NotApplicable("No such nodes.", is_approved=True, expires_on=TODAY + timedelta(days=5))
    answers = [
        *(answer(key, validity=1000) for key in "ABCD"),
        PracticeAnswer(ScoredPractice("E"), None, (), (), exemption),
    ]
    [fall] = falls(answers, today=TODAY, until=YEAR)
    assert (fall.day, fall.level_after) == (TODAY + timedelta(days=6), 1)
    assert fall.causes[0].ageing is Ageing.ASKED_AGAIN


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.tuples(st.integers(0, 4), st.integers(-5, 300), st.integers(1, 200), st.booleans()), min_size=1, max_size=6
    )
)
def test_only_the_days_that_matter_are_looked_at_and_none_is_missed(rows: list[tuple[int, int, int, bool]]) -> None:
    answers = [
        answer(f"P{number}", level, days_old=days_old, validity=validity, gate=gate)
        for number, (level, days_old, validity, gate) in enumerate(rows)
    ]
    until = TODAY + timedelta(days=120)
    found = {fall.day: fall.level_after for fall in falls(answers, today=TODAY, until=until)}
    days = [TODAY + timedelta(days=ahead) for ahead in range(121)]
    levels = [rule_score(answers, today=day).level or 0 for day in days]
    slow = {day: after for day, before, after in zip(days[1:], levels, levels[1:], strict=False) if after < before}
    assert found == slow
