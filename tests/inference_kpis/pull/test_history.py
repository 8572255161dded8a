"""What happened in the last day, counted by hour, however long it goes on."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from inference_kpis.pull.history import DAY_MS, HOUR_MS, History, Trouble, noted, troubles

START = 1_700_000_000_000 // HOUR_MS * HOUR_MS


def moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)


def test_it_works() -> None:
    history: History = {}
    for step in range(3):
        history = noted(history, ["timed_out"], START + step * 15_000)
    history = noted(history, ["restarted"], START + 60_000)
    assert troubles(history, START + 90_000) == [
        Trouble("restarted", 1, moment(START + 60_000), moment(START + 60_000)),
        Trouble("timed_out", 3, moment(START), moment(START + 30_000)),
    ]


def test_a_healthy_node_has_none() -> None:
    assert noted({}, [], START) == {}
    assert troubles({}, START) == []


def test_what_is_a_day_old_is_forgotten() -> None:
    history = noted({}, ["status"], START)
    assert troubles(history, START + DAY_MS - 1)
    assert troubles(history, START + DAY_MS) == []
    assert noted(history, [], START + DAY_MS) == {}


def test_what_goes_on_keeps_its_beginning_and_counts_a_day() -> None:
    history: History = {}
    for hour in range(72):
        history = noted(history, ["status"], START + hour * HOUR_MS)
    (trouble,) = troubles(history, START + 71 * HOUR_MS)
    assert (trouble.count, trouble.since) == (24, moment(START))


def test_a_clock_that_goes_back_loses_nothing() -> None:
    history = noted(noted({}, ["status"], START), ["status"], START - HOUR_MS)
    (trouble,) = troubles(history, START)
    assert (trouble.count, trouble.last_at) == (2, moment(START))


@given(st.lists(st.tuples(st.integers(0, 10 * DAY_MS), st.sampled_from("abc")), max_size=60))
def test_it_stays_small_and_counts_what_happened(events: list[tuple[int, str]]) -> None:
    history: History = {}
    for at_ms, code in sorted(events):
        history = noted(history, [code], START + at_ms)
        assert all(len(times["hours"]) <= 25 for times in history.values())
    end = max((at_ms for at_ms, _ in events), default=0)
    expected = {
        code: sum(1 for at_ms, each in events if each == code and at_ms // HOUR_MS > (end - DAY_MS) // HOUR_MS)
        for _, code in events
    }
    got = {trouble.code: trouble.count for trouble in troubles(history, START + end)}
    assert got == {code: count for code, count in expected.items() if code in got}
    assert {code for code, count in expected.items() if count} - got.keys() == set()
