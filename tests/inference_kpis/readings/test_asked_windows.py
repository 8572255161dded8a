"""Windows as machines ask for them: the pages' own, or others within bounds; refused with the name of what is wrong."""

from datetime import UTC, datetime, timedelta

import pytest

from inference_kpis.dashboards.series import WINDOWS, window_of
from inference_kpis.readings.windows import (
    MOST_STEPS,
    AskedWindow,
    WindowRefused,
    read_length,
    read_moment,
    window_asked,
)

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


NOW = utc(2026, 11, 22, 10, 31, 7)


@pytest.mark.parametrize("key", WINDOWS)
def test_a_window_up_to_now_is_that_of_the_pages(key: str) -> None:
    asked, shown = window_asked(AskedWindow(length=read_length(key)), NOW), window_of(key, NOW)[1]
    assert (asked.end, asked.step, asked.step_starts()) == (shown.end, shown.step, shown.step_starts())


def test_without_anything_it_is_the_last_hour() -> None:
    assert window_asked(AskedWindow(), NOW) == window_of("1h", NOW)[1]


@pytest.mark.parametrize(
    ("start", "end", "first", "last"),
    [
        (utc(2026, 11, 22, 9, 0, 30), utc(2026, 11, 22, 9, 4, 30), utc(2026, 11, 22, 9), utc(2026, 11, 22, 9, 5)),
        (utc(2026, 11, 22, 9), utc(2026, 11, 22, 10), utc(2026, 11, 22, 9), utc(2026, 11, 22, 10)),
        (utc(2026, 11, 20, 9, 30), utc(2026, 11, 22, 10, 1), utc(2026, 11, 20, 9), utc(2026, 11, 22, 11)),
        (utc(2026, 3, 20, 9, 30), utc(2026, 11, 22, 10, 1), utc(2026, 3, 19, 23), utc(2026, 11, 22, 11)),
        (utc(2026, 11, 22, 10), None, utc(2026, 11, 22, 10), utc(2026, 11, 22, 10, 32)),
    ],
)
def test_ends_move_outwards_to_what_is_there_whole(
    start: datetime, end: datetime | None, first: datetime, last: datetime
) -> None:
    window = window_asked(AskedWindow(start, end), NOW)
    assert (window.start, window.end) == (first, last)


@pytest.mark.parametrize(
    ("length", "step"),
    [
        (MINUTE, MINUTE),
        (HOUR, MINUTE),
        (6 * HOUR, 6 * MINUTE),
        (7 * HOUR, HOUR),
        (31 * DAY, 13 * HOUR),
        (32 * DAY, DAY),
        (366 * DAY, 7 * DAY),
    ],
)
def test_a_step_is_never_finer_than_what_is_read(length: timedelta, step: timedelta) -> None:
    window = window_asked(AskedWindow(length=length), NOW)
    assert window.step == step
    assert len(window.step_starts()) <= 62


REFUSED = [
    (AskedWindow(length=HOUR, start=NOW - HOUR), "window"),
    (AskedWindow(length=HOUR, end=NOW), "window"),
    (AskedWindow(end=NOW), "start"),
    (AskedWindow(NOW, NOW), "start"),
    (AskedWindow(NOW, NOW - HOUR), "start"),
    (AskedWindow(NOW + 2 * HOUR), "start"),
    (AskedWindow(utc(1999, 12, 31), utc(2000, 1, 2)), "start"),
    (AskedWindow(NOW, utc(9999, 12, 31, 23, 59, 59)), "end"),
    (AskedWindow(NOW - 367 * DAY, NOW), "start"),
    (AskedWindow(length=367 * DAY), "window"),
    (AskedWindow(length=7 * HOUR, step=MINUTE), "step"),
    (AskedWindow(length=7 * HOUR, step=90 * MINUTE), "step"),
    (AskedWindow(length=32 * DAY, step=HOUR), "step"),
    (AskedWindow(length=31 * DAY, step=HOUR), "step"),
]


@pytest.mark.parametrize(("asked", "field"), REFUSED)
def test_what_cannot_be_is_refused_by_its_name(asked: AskedWindow, field: str) -> None:
    with pytest.raises(WindowRefused) as refused:
        window_asked(asked, NOW)
    assert refused.value.field == field
    assert str(refused.value.message)


def test_the_longest_answer_is_bounded() -> None:
    lengths = [6 * HOUR, 20 * DAY, 366 * DAY]
    for length, step in zip(lengths, (MINUTE, HOUR, DAY), strict=True):
        assert len(window_asked(AskedWindow(length=length, step=step), NOW).step_starts()) <= MOST_STEPS + 1


@pytest.mark.parametrize(("text", "length"), [("1m", MINUTE), ("15m", 15 * MINUTE), ("6h", 6 * HOUR), ("7d", 7 * DAY)])
def test_lengths(text: str, length: timedelta) -> None:
    assert read_length(text) == length


@pytest.mark.parametrize("text", ["", "m", "0m", "-1h", "1.5h", "10000d", "1w", "1h ", "1H", "١h", "60"])
def test_what_is_no_length(text: str) -> None:
    with pytest.raises(ValueError):
        read_length(text)


@pytest.mark.parametrize(
    "text", ["2026-11-22T10:00:00Z", "2026-11-22T11:00:00+01:00", "2026-11-22T10:00+00:00", "20261122T100000Z"]
)
def test_moments(text: str) -> None:
    assert read_moment(text) == utc(2026, 11, 22, 10)


@pytest.mark.parametrize(
    "text",
    ["", "now", "2026-11-22", "2026-11-22T10:00:00", "1795341600", "0001-01-01T00:00:00+05:00", "2026-11-22T25:00Z"],
)
def test_what_is_no_moment(text: str) -> None:
    with pytest.raises(ValueError):
        read_moment(text)
