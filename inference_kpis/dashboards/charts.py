"""Charts as SVG: values in, markup out.

All sizes across are percentages and all sizes down are pixels, so that a chart fills its box on a phone and on a wall
and its letters keep their size. Nothing is styled here: classes only, the style sheet has the rest. Numbers in
coordinates know no language; words and numbers for people come in as arguments.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from html import escape

from inference_kpis.catalogue import Direction, Kpi, Quantile
from inference_kpis.dashboards.chart_marks import Mark, drawn_marks
from inference_kpis.dashboards.scales import coordinate, tick_decimals, time_ticks, value_ticks
from inference_kpis.dashboards.series import Line
from inference_kpis.dashboards.wording import unit_label
from inference_kpis.readings.queries import Window

COLOURS = 4
DASHES = 5
MOST_END_LABELS = 8
# Bands of more lines than this would hide each other.
MOST_BANDS = 2
# Longer gaps between two points than this many steps are gaps in the data.
LONGEST_JOIN = 1.5

Points = Sequence[tuple[int, float | None]]


@dataclass(frozen=True)
class Series:
    """One line: (milliseconds since 1970, value or None) in time order. `rank` picks its colour and dash.

    `band` holds (milliseconds, low, high) where the true value is known to lie; `is_before` marks the thin line of an
    earlier window, moved to the time of this one.
    """

    label: str
    points: Points
    rank: int = 0
    band: tuple[tuple[int, float, float], ...] = ()
    is_before: bool = False

    @property
    def colour(self) -> int:
        return self.rank % COLOURS + 1

    @property
    def dash(self) -> int:
        return self.rank % DASHES + 1

    @property
    def last(self) -> tuple[int, float] | None:
        return next(((at, value) for at, value in reversed(self.points) if value is not None), None)


@dataclass(frozen=True)
class LineChart:
    """What a line chart shows; drawing, table and interactive figure are all made from it."""

    series: tuple[Series, ...]
    start_ms: int
    end_ms: int
    step_ms: int
    unit_label: str
    decimals: int = 2
    target: float | None = None
    direction: Direction | None = None
    target_label: str = ""
    starts_at_zero: bool = True
    ceiling: float | None = None
    marks: tuple[Mark, ...] = ()

    @property
    def is_empty(self) -> bool:
        return all(series.last is None for series in self.series)

    @property
    def has_end_labels(self) -> bool:
        return 1 < sum(not series.is_before for series in self.series) <= MOST_END_LABELS

    @property
    def has_band(self) -> bool:
        return any(series.band for series in self.series)

    @property
    def moments(self) -> list[int]:
        return sorted({at for series in self.series for at, _ in series.points})


def kpi_chart(
    kpi: Kpi,
    lines: Iterable[Line],
    window: Window,
    target: float | None = None,
    *,
    before: Sequence[Line | None] = (),
    marks: tuple[Mark, ...] = (),
) -> LineChart:
    """A KPI over a window. Shares that are best at 100 % start where the data does; all others start at zero.

    `before` holds what each line was in an earlier window, step by step on the time of this one.
    """
    now = tuple(lines)
    has_band = isinstance(kpi.formula, Quantile) and len(now) <= MOST_BANDS
    series = (
        *(Series(line.label, _points(line), rank, _band(line) if has_band else ()) for rank, line in enumerate(now)),
        *(Series(line.label, _points(line), rank, is_before=True) for rank, line in enumerate(before) if line),
    )
    moments = [at for each in series for at, _ in each.points] or [_ms(window.start)]
    step_ms = window.step // timedelta(milliseconds=1)
    is_good_share = kpi.unit == "%" and kpi.direction is Direction.HIGHER
    return LineChart(
        series,
        min(moments),
        max(max(moments), min(moments) + step_ms),
        step_ms,
        unit_label(kpi),
        kpi.decimals,
        target,
        kpi.direction,
        starts_at_zero=not is_good_share,
        ceiling=100.0 if kpi.unit == "%" else None,
        marks=marks,
    )


def _points(line: Line) -> tuple[tuple[int, float | None], ...]:
    return tuple((_ms(at), value) for at, value in line.points)


def _band(line: Line) -> tuple[tuple[int, float, float], ...]:
    """Where a quantile can lie, step by step; nothing where one side is open."""
    return tuple(
        (_ms(at), each.low, each.high) for at, each in line.steps if each.low is not None and each.high is not None
    )


def _ms(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


# --- Lines ---------------------------------------------------------------------------------------------------------

PLOT_HEIGHT = 220
LABEL_DISTANCE = 16
LONGEST_END_LABEL = 16
# The lines are drawn in their own box of this width, which is then stretched; strokes keep their width.
INNER_WIDTH = 1000


@dataclass(frozen=True)
class ChartWords:
    """How a chart's numbers and times are written."""

    number: Callable[[float, int], str]
    value: Callable[[float], str]
    clock: Callable[[int], str]
    day: Callable[[int], str]
    target: str = ""


def line_chart(chart: LineChart, *, title: str, zone: tzinfo, words: ChartWords) -> str:
    """The chart as one SVG, as large as its plot; axis and end labels hang over into the margins that the style gives.

    Lines stop where data is missing; lone points are dots.
    """
    values = [value for series in chart.series for _, value in series.points if value is not None]
    edges = [edge for series in chart.series for _, low, high in series.band for edge in (low, high)]
    bounds = [*values, *edges, *([] if chart.target is None else [chart.target])]
    low, high = min(bounds, default=0.0), max(bounds, default=0.0)
    ticks = value_ticks(min(low, 0.0) if chart.starts_at_zero else low, high, ceiling=chart.ceiling)

    def across(at_ms: int) -> float:
        return (at_ms - chart.start_ms) / (chart.end_ms - chart.start_ms)

    def down(value: float) -> float:
        return PLOT_HEIGHT * (1 - (value - ticks[0]) / (ticks[-1] - ticks[0]))

    parts = [
        *_value_axis(ticks, down, words),
        *_time_axis(time_ticks(chart.start_ms, chart.end_ms, zone), across, words),
        *drawn_marks(chart.marks, chart.start_ms, chart.end_ms, across, PLOT_HEIGHT),
        *_lines(chart, across, down),
        *_target(chart, down, words),
        *_ends(chart, across, down, words),
    ]
    return (
        f'<svg class="chart-svg" height="{PLOT_HEIGHT}" role="img" aria-label="{escape(title)}">{"".join(parts)}</svg>'
    )


def _value_axis(ticks: Sequence[float], down: Callable[[float], float], words: ChartWords) -> Iterable[str]:
    decimals = tick_decimals(ticks)
    for tick in ticks:
        y = coordinate(down(tick))
        kind = "base-line" if tick == 0 else "grid-line"
        yield f'<line class="{kind}" x1="0" x2="100%" y1="{y}" y2="{y}"/>'
        yield f'<text class="y" x="-8" y="{y}" dy=".32em">{escape(words.number(tick, decimals))}</text>'


def _time_axis(ticks: Sequence[tuple[int, bool]], across: Callable[[int], float], words: ChartWords) -> Iterable[str]:
    for i, (at, is_day) in enumerate(ticks):
        text = words.day(at) if is_day else words.clock(at)
        # On small screens every second label goes; the last tick stays.
        kind = "x minor" if (len(ticks) - 1 - i) % 2 else "x"
        x = coordinate(across(at) * 100)
        yield f'<text class="{kind}" x="{x}%" y="{PLOT_HEIGHT + 20}">{escape(text)}</text>'


def _target(chart: LineChart, down: Callable[[float], float], words: ChartWords) -> Iterable[str]:
    if chart.target is not None:
        y = down(chart.target)
        yield f'<line class="target-line" x1="0" x2="100%" y1="{coordinate(y)}" y2="{coordinate(y)}"/>'
        label_y = y - 6 if y > LABEL_DISTANCE else y + LABEL_DISTANCE
        yield f'<text class="target-label" x="6" y="{coordinate(label_y)}">{escape(words.target)}</text>'


def runs(series: Series, step_ms: int) -> list[list[tuple[int, float]]]:
    """The stretches of a line without a gap."""
    return _stretches(series.points, step_ms)


def band_runs(series: Series, step_ms: int) -> list[list[tuple[int, float, float]]]:
    """The stretches of a band without a gap."""
    high = {at: top for at, _, top in series.band}
    lows = [(at, low) for at, low, _ in series.band]
    return [[(at, low, high[at]) for at, low in run] for run in _stretches(lows, step_ms) if len(run) > 1]


def _stretches(points: Points, step_ms: int) -> list[list[tuple[int, float]]]:
    found: list[list[tuple[int, float]]] = []
    last: int | None = None
    for at, value in points:
        if value is None:
            last = None
            continue
        if last is None or at - last > LONGEST_JOIN * step_ms:
            found.append([])
        found[-1].append((at, value))
        last = at
    return found


def _lines(chart: LineChart, across: Callable[[int], float], down: Callable[[float], float]) -> Iterable[str]:
    yield (
        f'<svg class="chart-lines" viewBox="0 0 {INNER_WIDTH} {PLOT_HEIGHT}" preserveAspectRatio="none"'
        f' width="100%" height="{PLOT_HEIGHT}" overflow="visible">'
    )
    lone: list[str] = []

    def place(at: int, value: float) -> str:
        return f"{coordinate(across(at) * INNER_WIDTH)} {coordinate(down(value))}"

    for series in chart.series:
        for area in band_runs(series, chart.step_ms):
            outline = [*(place(at, low) for at, low, _ in area), *(place(at, high) for at, _, high in reversed(area))]
            yield f'<path class="band line-{series.colour}" d="M{"L".join(outline)}Z"/>'
        path = []
        for run in runs(series, chart.step_ms):
            if len(run) == 1:
                at, value = run[0]
                cx, cy = coordinate(across(at) * 100), coordinate(down(value))
                lone.append(f'<circle class="line-{series.colour}" cx="{cx}%" cy="{cy}" r="2"/>')
                continue
            path.append("M" + "L".join(place(at, value) for at, value in run))
        if path:
            kind = "before " if series.is_before else ""
            yield f'<path class="{kind}line-{series.colour} dash-{series.dash}" d="{"".join(path)}"/>'
    yield "</svg>"
    yield from lone


def _ends(
    chart: LineChart, across: Callable[[int], float], down: Callable[[float], float], words: ChartWords
) -> Iterable[str]:
    ends = [(series, series.last) for series in chart.series if not series.is_before]
    known = [(series, last, down(last[1])) for series, last in ends if last is not None]
    for series, (at, _), y in known:
        yield f'<circle class="line-{series.colour}" cx="{coordinate(across(at) * 100)}%" cy="{coordinate(y)}" r="3.5"/>'
    if not chart.has_end_labels:
        return
    ordered = sorted(known, key=lambda each: each[2])
    for (series, (at, value), _), y in zip(ordered, spread_apart([y for *_, y in ordered]), strict=True):
        name = series.label if len(series.label) <= LONGEST_END_LABEL else f"{series.label[: LONGEST_END_LABEL - 1]}…"
        text = f"{escape(name)} {escape(words.value(value))}"
        x = coordinate(across(at) * 100)
        yield f'<text class="end-label line-{series.colour}" x="{x}%" dx="9" y="{coordinate(y)}" dy=".32em">{text}</text>'


def spread_apart(
    wanted: Sequence[float], *, distance: float = LABEL_DISTANCE, top: float = 0.0, bottom: float = PLOT_HEIGHT
) -> list[float]:
    """Heights near the wanted ones (sorted) that keep their distance and stay inside, if there is room at all."""
    placed: list[float] = []
    for y in wanted:
        placed.append(max(y, placed[-1] + distance if placed else top))
    limit = bottom
    for i in reversed(range(len(placed))):
        placed[i] = min(placed[i], limit)
        limit = placed[i] - distance
    return placed
