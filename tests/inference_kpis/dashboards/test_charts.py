"""Charts as markup: well-formed, without styles, true to the values and their gaps."""

import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference_kpis.catalogue import KPIS, Direction
from inference_kpis.dashboards import charts, scales, small_charts
from inference_kpis.dashboards.charts import ChartWords, LineChart, Series
from inference_kpis.dashboards.series import Line
from inference_kpis.readings.queries import Window
from inference_kpis.readings.statistics import NO_DATA, Quantity

PARIS = ZoneInfo("Europe/Paris")
MINUTE = 60_000
START = 1_795_348_800_000
WORDS = ChartWords(
    number=lambda value, decimals: f"{value:.{decimals}f}",
    value=lambda value: f"{value:g}",
    clock=lambda at: f"{datetime.fromtimestamp(at / 1000, PARIS):%H:%M}",
    day=lambda at: f"{datetime.fromtimestamp(at / 1000, PARIS):%d.%m.}",
    target="at most 400 ms",
)


def chart(*lines: list[float | None], **changes: object) -> LineChart:
    series = tuple(
        Series(f"line {rank}", tuple((START + i * MINUTE, value) for i, value in enumerate(values)), rank)
        for rank, values in enumerate(lines)
    )
    end = START + max(max(len(values) for values in lines) - 1, 1) * MINUTE
    return LineChart(series, START, end, MINUTE, "ms", **changes)  # type: ignore[arg-type]


def drawn(line_chart: LineChart) -> ElementTree.Element:
    return ElementTree.fromstring(charts.line_chart(line_chart, title="p95", zone=PARIS, words=WORDS))


def paths(svg: ElementTree.Element) -> list[str]:
    return [path.attrib["d"] for path in svg.iter("path")]


def test_it_works() -> None:
    svg = drawn(chart([0, 50, 100]))
    assert paths(svg) == ["M0 220L500 110L1000 0"]
    assert svg.attrib["aria-label"] == "p95"


def test_a_gap_stays_a_gap() -> None:
    assert paths(drawn(chart([0, 100, None, 100, 100]))) == ["M0 220L250 0M750 0L1000 0"]


def test_a_missing_step_is_a_gap_as_well() -> None:
    points = ((START, 100.0), (START + MINUTE, 100.0), (START + 4 * MINUTE, 0.0), (START + 5 * MINUTE, 0.0))
    line_chart = LineChart((Series("a", points),), START, START + 5 * MINUTE, MINUTE, "ms")
    assert paths(drawn(line_chart))[0].count("M") == 2


def test_a_lone_point_is_a_dot() -> None:
    svg = drawn(chart([None, 100, None]))
    assert paths(svg) == []
    assert [circle.attrib["cx"] for circle in svg.iter("circle")] == ["50%", "50%"]


def test_words_are_escaped() -> None:
    hostile = LineChart(
        (Series('<script>"&', ((START, 1.0),)), Series("b", ((START, 2.0),), 1)), START, START + MINUTE, MINUTE, ""
    )
    markup = charts.line_chart(hostile, title='"><b>', zone=PARIS, words=WORDS)
    assert "<script" not in markup
    assert "<b>" not in markup
    ElementTree.fromstring(markup)


def test_the_target_is_inside_the_plot() -> None:
    svg = drawn(chart([10, 20], target=400.0, direction=Direction.LOWER))
    line = next(line for line in svg.iter("line") if line.attrib["class"] == "target-line")
    assert 0 <= float(line.attrib["y1"]) <= charts.PLOT_HEIGHT
    assert "at most 400 ms" in [text.text for text in svg.iter("text")]


def test_several_lines_carry_their_names_and_end_values() -> None:
    texts = [text.text for text in drawn(chart([1, 2], [3, 4])).iter("text")]
    assert {"line 0 2", "line 1 4"} <= set(texts)


def test_one_line_needs_no_name() -> None:
    assert not any(text.attrib["class"].startswith("end-label") for text in drawn(chart([1, 2])).iter("text"))


@pytest.mark.parametrize("values", [[0.0, 0.0], [5.0, 5.0], [100.0, 100.0], [-3.0, 2.0], [1e-9, 2e-9], [1e12, 3e12]])
def test_every_range_can_be_drawn(values: list[float]) -> None:
    for zero in (True, False):
        drawn(chart(values, starts_at_zero=zero))


@given(st.lists(st.one_of(st.none(), st.floats(-1e9, 1e9)), min_size=1, max_size=20))
def test_lines_never_leave_the_plot(values: list[float | None]) -> None:
    for path in paths(drawn(chart(values, starts_at_zero=False))):
        numbers = [float(number) for number in re.findall(r"-?[\d.]+", path)]
        assert all(0 <= x <= charts.INNER_WIDTH for x in numbers[::2])
        assert all(-0.01 <= y <= charts.PLOT_HEIGHT + 0.01 for y in numbers[1::2])


# --- Scales --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("low", "high", "ceiling", "ticks"),
    [
        (0, 100, None, [0, 25, 50, 75, 100]),
        (0, 412, None, [0, 200, 400, 600]),
        (0, 0, None, [0, 0.25, 0.5, 0.75, 1]),
        (99.2, 99.95, 100, [99.2, 99.4, 99.6, 99.8, 100]),
        (100, 100, 100, [99, 99.25, 99.5, 99.75, 100]),
        (0, 97, 100, [0, 25, 50, 75, 100]),
    ],
)
def test_value_ticks_are_round(low: float, high: float, ceiling: float | None, ticks: list[float]) -> None:
    assert scales.value_ticks(low, high, ceiling=ceiling) == pytest.approx(ticks)


@pytest.mark.parametrize(
    ("ticks", "decimals"), [([0, 25], 0), ([0, 2.5], 1), ([0, 0.25], 2), ([99.2, 99.4], 1), ([0, 500], 0)]
)
def test_ticks_have_the_decimals_that_tell_them_apart(ticks: list[float], decimals: int) -> None:
    assert scales.tick_decimals(ticks) == decimals


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=PARIS).timestamp() * 1000)


def local(ticks: list[tuple[int, bool]]) -> list[str]:
    return [f"{datetime.fromtimestamp(at_ms / 1000, PARIS):%d %H:%M}" for at_ms, _ in ticks]


def test_an_hour_is_ticked_every_ten_minutes() -> None:
    ticks = scales.time_ticks(at("2026-11-22T14:05"), at("2026-11-22T15:05"), PARIS)
    assert local(ticks) == [f"22 {time}" for time in ("14:10", "14:20", "14:30", "14:40", "14:50", "15:00")]


def test_a_day_is_ticked_at_local_hours_and_midnight_is_a_day() -> None:
    ticks = scales.time_ticks(at("2026-11-22T09:00"), at("2026-11-23T09:00"), PARIS)
    assert local(ticks) == ["22 12:00", "22 18:00", "23 00:00", "23 06:00"]
    assert [is_day for _, is_day in ticks] == [False, False, True, False]


def test_days_begin_at_midnight_where_clocks_change() -> None:
    ticks = scales.time_ticks(at("2026-10-23T00:00"), at("2026-10-28T00:00"), PARIS)
    assert local(ticks) == [f"{day} 00:00" for day in (23, 24, 25, 26, 27, 28)]


@given(st.integers(0, 4_000_000_000_000), st.integers(MINUTE, 400 * 86_400_000))
def test_there_are_never_too_many_ticks(start: int, span: int) -> None:
    assert len(scales.time_ticks(start, start + span, PARIS)) <= 8


@given(st.lists(st.floats(0, 220), max_size=8).map(sorted))
def test_labels_keep_their_distance(wanted: list[float]) -> None:
    placed = charts.spread_apart(wanted)
    assert all(b - a >= charts.LABEL_DISTANCE - 1e-9 for a, b in pairwise(placed))
    assert all(-1e-9 <= y <= charts.PLOT_HEIGHT for y in placed)


# --- A KPI over a window ---------------------------------------------------------------------------------------------


def window_line(values: list[float | None]) -> tuple[Window, Line]:
    start = datetime(2026, 11, 22, 14, tzinfo=UTC)
    window = Window(start, start + timedelta(minutes=len(values)), timedelta(minutes=1))
    steps = tuple((start, Quantity(value)) for start, value in zip(window.step_starts(), values, strict=True))
    return window, Line("Lyon", steps, NO_DATA)


def test_a_latency_starts_at_zero_and_a_good_share_does_not() -> None:
    window, line = window_line([99.9, 100.0])
    assert charts.kpi_chart(KPIS["e2e_latency_p95"], [line], window).starts_at_zero
    availability = charts.kpi_chart(KPIS["availability"], [line], window, target=99.5)
    assert not availability.starts_at_zero
    assert availability.ceiling == 100
    assert max(scales.value_ticks(99.5, 100, ceiling=availability.ceiling)) == 100


def test_no_lines_are_an_empty_chart() -> None:
    window, line = window_line([None, None])
    assert charts.kpi_chart(KPIS["request_rate"], [], window).is_empty
    assert charts.kpi_chart(KPIS["request_rate"], [line], window).is_empty


# --- Small ones ------------------------------------------------------------------------------------------------------


def test_a_sparkline_runs_from_its_lowest_to_its_highest() -> None:
    svg = ElementTree.fromstring(small_charts.sparkline([1, 3, None, 2]))
    assert paths(svg) == ["M0 90L33.33 10M100 50h0"]
    assert svg.attrib["aria-hidden"] == "true"


def test_a_sparkline_with_a_label_is_an_image() -> None:
    assert ElementTree.fromstring(small_charts.sparkline([5], label="p95, rising")).attrib["role"] == "img"


def test_nothing_has_no_sparkline() -> None:
    assert small_charts.sparkline([]) == small_charts.sparkline([None, None]) == ""


@pytest.mark.parametrize(
    ("value", "direction", "bar", "mark", "miss"),
    [
        (200, Direction.LOWER, "40%", "80%", ("80%", "20%")),
        (200, Direction.HIGHER, "40%", "80%", ("0%", "80%")),
        (None, Direction.LOWER, None, "80%", ("80%", "20%")),
        (0, Direction.LOWER, "0%", "80%", ("80%", "20%")),
    ],
)
def test_a_bullet_shows_value_target_and_the_stretch_that_misses_it(
    value: float | None, direction: Direction, bar: str | None, mark: str, miss: tuple[str, str]
) -> None:
    svg = ElementTree.fromstring(small_charts.bullet(value, 400, direction, state="met", label="x", scale=500))
    rects = {rect.attrib["class"]: rect for rect in reversed(list(svg.iter("rect")))}
    assert (rects["value"].attrib["width"] if "value" in rects else None) == bar
    assert next(svg.iter("line")).attrib["x1"] == mark
    assert (rects["beyond"].attrib["x"], rects["beyond"].attrib["width"]) == miss


def test_a_bullet_without_room_is_still_drawn() -> None:
    ElementTree.fromstring(small_charts.bullet(0, 0, Direction.LOWER, state="met", label="x"))


@pytest.mark.parametrize(
    "markup",
    [
        charts.line_chart(chart([1, None, 2], [2, 3, 4], target=2.0), title="t", zone=PARIS, words=WORDS),
        small_charts.sparkline([1, 2]),
        small_charts.bullet(1, 2, Direction.LOWER, state="met", label="x"),
    ],
)
def test_nothing_is_styled_in_the_markup(markup: str) -> None:
    assert "style" not in markup
    assert "fill=" not in markup
    assert " on" not in markup
