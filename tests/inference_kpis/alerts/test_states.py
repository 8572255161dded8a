"""How an alert moves: time lines in, phases and happenings out, and what holds for every time line."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference_kpis.alerts.states import QUIET, Happening, Observed, Phase, State, Timing, Verdict, advance
from inference_kpis.alerts.verdicts import Side, threshold_verdict
from inference_kpis.readings.statistics import Bound, Quantity

START = datetime(2026, 11, 22, 10, tzinfo=UTC)
VERDICTS = {"b": Verdict.BAD, "g": Verdict.GOOD, "-": Verdict.BETWEEN, "?": Verdict.UNKNOWN}
LETTERS = {Phase.OK: ".", Phase.PENDING: "p", Phase.FIRING: "F"}
STEP = timedelta(seconds=10)


def run(line: str, raise_after: int = 20, clear_after: int = 20) -> tuple[str, list[tuple[int, str]]]:
    """The phases after each verdict, ten seconds apart, and what happened at which step."""
    timing = Timing(timedelta(seconds=raise_after), timedelta(seconds=clear_after))
    state, phases, happened = QUIET, "", []
    for step, letter in enumerate(line):
        state, happening = advance(timing, state, Observed(VERDICTS[letter]), START + step * STEP)
        phases += LETTERS[state.phase]
        if happening:
            happened.append((step, happening.value))
    return phases, happened


@pytest.mark.parametrize(
    ("line", "phases", "happened"),
    [
        # It fires when it has been bad for twenty seconds, and is resolved when it has been good for twenty.
        ("gbbbb", ".ppFF", [(3, "fired")]),
        ("bbbgggg", "ppFFF..", [(2, "fired"), (5, "resolved")]),
        # One good reading takes back what was pending; so does one between the thresholds.
        ("bbgbbb", "pp.ppF", [(5, "fired")]),
        ("bb-bbb", "pp.ppF", [(5, "fired")]),
        # Between the thresholds what fires goes on, and good time starts anew.
        ("bbb----", "ppFFFFF", [(2, "fired")]),
        ("bbbg-ggg", "ppFFFFF.", [(2, "fired"), (7, "resolved")]),
        ("bbbgbggg", "ppFFFFF.", [(2, "fired"), (7, "resolved")]),
        # Unknown neither fires nor resolves, and its time counts neither way.
        ("b????", "ppppp", []),
        ("b???bb", "pppppF", [(5, "fired")]),
        ("bbb?????", "ppFFFFFF", [(2, "fired")]),
        ("bbbg???gg", "ppFFFFFF.", [(2, "fired"), (8, "resolved")]),
        ("????", "....", []),
        ("", "", []),
    ],
)
def test_it_works(line: str, phases: str, happened: list[tuple[int, str]]) -> None:
    assert run(line) == (phases, happened)


def test_without_a_duration_the_first_bad_reading_fires() -> None:
    assert run("gbg", raise_after=0, clear_after=0) == (".F.", [(1, "fired"), (2, "resolved")])


def test_a_node_that_knows_since_when_it_is_down_need_not_be_watched_as_long() -> None:
    timing = Timing(timedelta(seconds=30), timedelta(0))
    down = Observed(Verdict.BAD, START - timedelta(seconds=40))
    assert advance(timing, QUIET, down, START) == (State(Phase.FIRING, START), Happening.FIRED)


def test_time_in_which_nobody_watched_proves_nothing() -> None:
    timing = Timing(timedelta(minutes=5), timedelta(minutes=5))
    pending = State(Phase.PENDING, START)
    later = START + timedelta(hours=1)
    state, happening = advance(timing, pending, Observed(Verdict.BAD), later, watched_since=later)
    assert (state, happening) == (State(Phase.PENDING, later), None)
    firing = State(Phase.FIRING, START, good_since=START)
    state, happening = advance(timing, firing, Observed(Verdict.GOOD), later, watched_since=later)
    assert (state.good_since, happening) == (later, None)


lines = st.text(alphabet="bg-?", max_size=60)
durations = st.integers(0, 6).map(lambda steps: steps * 10)


@given(lines, durations, durations)
def test_fired_and_resolved_take_turns(line: str, raise_after: int, clear_after: int) -> None:
    """At most one firing notification a flip."""
    _, happened = run(line, raise_after, clear_after)
    assert [what for _, what in happened] == ["fired", "resolved"] * (len(happened) // 2) + ["fired"] * (
        len(happened) % 2
    )


@given(lines, durations, durations)
def test_it_fires_only_on_a_bad_and_resolves_only_on_a_good_reading(
    line: str, raise_after: int, clear_after: int
) -> None:
    _, happened = run(line, raise_after, clear_after)
    for step, what in happened:
        assert line[step] == ("b" if what == "fired" else "g")


@given(lines)
def test_unknown_readings_might_as_well_not_have_come(line: str) -> None:
    _, with_unknown = run(line, 0, 0)
    _, without = run(line.replace("?", ""), 0, 0)
    known_steps = [step for step, letter in enumerate(line) if letter != "?"]
    assert with_unknown == [(known_steps[step], what) for step, what in without]


@given(st.lists(st.floats(450, 500), max_size=60), st.booleans())
def test_nothing_flaps_between_the_thresholds(values: list[float], is_firing: bool) -> None:
    """Whatever the value does inside the band, what fires fires on and what is quiet stays quiet."""
    timing = Timing(timedelta(0), timedelta(0))
    state = State(Phase.FIRING, START) if is_firing else QUIET
    for step, value in enumerate(values):
        within = Quantity(max(value, 450.001), samples=1)
        verdict = threshold_verdict(within, Side.ABOVE, 500, 450)
        state, happening = advance(timing, state, Observed(verdict), START + step * STEP)
        assert happening is None
    assert state.phase is (Phase.FIRING if is_firing else Phase.OK)


@pytest.mark.parametrize(
    ("value", "bound", "side", "wanted"),
    [
        (501, Bound.EXACT, Side.ABOVE, Verdict.BAD),
        (500, Bound.EXACT, Side.ABOVE, Verdict.BETWEEN),
        (450, Bound.EXACT, Side.ABOVE, Verdict.GOOD),
        (600, Bound.AT_LEAST, Side.ABOVE, Verdict.BAD),
        (480, Bound.AT_LEAST, Side.ABOVE, Verdict.UNKNOWN),
        (300, Bound.AT_MOST, Side.ABOVE, Verdict.GOOD),
        (480, Bound.AT_MOST, Side.ABOVE, Verdict.BETWEEN),
        (600, Bound.AT_MOST, Side.ABOVE, Verdict.UNKNOWN),
        (None, Bound.EXACT, Side.ABOVE, Verdict.UNKNOWN),
        (499, Bound.EXACT, Side.BELOW, Verdict.BAD),
        (510, Bound.EXACT, Side.BELOW, Verdict.BETWEEN),
        (550, Bound.EXACT, Side.BELOW, Verdict.GOOD),
    ],
)
def test_a_threshold_is_judged_with_three_values(
    value: float | None, bound: Bound, side: Side, wanted: Verdict
) -> None:
    clear = 450 if side is Side.ABOVE else 550
    assert threshold_verdict(Quantity(value, bound=bound, samples=5), side, 500, clear) is wanted


def test_too_few_samples_decide_nothing() -> None:
    quantity = Quantity(900, samples=4)
    assert threshold_verdict(quantity, Side.ABOVE, 500, 450, 5) is Verdict.UNKNOWN
    assert threshold_verdict(quantity, Side.ABOVE, 500, 450, 4) is Verdict.BAD
