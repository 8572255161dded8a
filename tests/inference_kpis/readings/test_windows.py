"""Steps of windows, and readings merged before they are asked."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference_kpis.catalogue import KPIS
from inference_kpis.readings.algebra import Reading
from inference_kpis.readings.queries import DAY, Group, GroupReading, Window, by_engine, kpi_of
from tests.inference_kpis.readings.strategies import readings

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


def test_steps_are_whole_since_1970() -> None:
    window = Window(utc(2026, 11, 22, 10, 3), utc(2026, 11, 22, 10, 16), 5 * MINUTE)
    assert window.step_starts() == [utc(2026, 11, 22, 10, minute) for minute in (0, 5, 10, 15)]


def test_days_are_those_of_the_company() -> None:
    window = Window(utc(2026, 11, 20, 23), utc(2026, 11, 23, 10), DAY)
    assert window.step_starts() == [utc(2026, 11, day, 23) for day in (20, 21, 22)]
    assert window.step_of(utc(2026, 11, 21, 22, 59)) == utc(2026, 11, 20, 23)


@pytest.mark.parametrize(("month", "day", "hours"), [(3, 29, 23), (10, 25, 25)])
def test_a_day_on_which_clocks_change_is_one_step(month: int, day: int, hours: int) -> None:
    noon = utc(2026, month, day, 12)
    window = Window(noon, noon + HOUR, DAY)
    (start,) = window.step_starts()
    following = Window(noon, noon + DAY, DAY).step_starts()[1]
    assert following - start == hours * HOUR
    assert window.step_of(following - MINUTE) == start


@given(
    st.integers(0, 10 * 365 * 24 * 60).map(lambda minutes: utc(2020, 1, 1) + minutes * MINUTE),
    st.sampled_from([MINUTE, 7 * MINUTE, HOUR, 5 * HOUR, DAY, 3 * DAY]),
    st.integers(1, 40),
)
def test_every_moment_of_a_window_is_in_one_of_its_steps(start: datetime, step: timedelta, count: int) -> None:
    window = Window(start, start + count * step, step)
    starts = window.step_starts()
    assert starts == sorted(set(starts))
    assert {window.step_of(start + part * step / 3) for part in range(3 * count)} <= set(starts)


GROUPS = [Group(i, i, f"site-{i}", f"Site {i}", "edge", engine, "m") for i, engine in enumerate(("vllm", "triton") * 2)]


@given(st.lists(st.tuples(st.sampled_from(GROUPS), readings()), max_size=6))
def test_readings_merged_by_engine_say_the_same_of_every_kpi(parts: list[tuple[Group, Reading]]) -> None:
    everything = [GroupReading(group, utc(2026, 11, 22), reading) for group, reading in parts]
    merged = by_engine(everything)
    assert len(merged) == len({group.engine for group, _ in parts})
    for kpi in KPIS.values():
        assert kpi_of(kpi, merged) == kpi_of(kpi, everything)
