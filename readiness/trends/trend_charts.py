"""The two drawings of a trend of one point at least: the index as lines, the level as steps."""

from collections.abc import Callable, Sequence
from datetime import timedelta

from inference_kpis.dashboards.chart_marks import Mark, lettered
from inference_kpis.dashboards.charts import LineChart, Series
from inference_kpis.readings.store import as_ms
from readiness.bank import Rule
from readiness.scoring import HIGHEST_LEVEL, rounded
from readiness.trends.points import Point

DAY_MS = 24 * 3600 * 1000

# Shorter, and the days below the drawing would repeat.
SHORTEST = timedelta(days=7)

Name = Callable[[Rule], str]


def index_chart(points: Sequence[Point], *, name: Name, marks: tuple[Mark, ...] = ()) -> LineChart:
    """One line per rule; a rule that was not assessable leaves a gap."""
    series = [
        Series(name(rule), tuple((as_ms(point.at), _index(point, rule.key)) for point in points), rank)
        for rank, (rule, _) in enumerate(points[-1].rules)
    ]
    return _chart(series, points, marks, ceiling=100, decimals=1)


def level_chart(points: Sequence[Point], *, name: Name, marks: tuple[Mark, ...] = ()) -> LineChart:
    """A step per change: a level holds until the next snapshot says otherwise."""
    series = [
        Series(name(rule), _steps([(as_ms(point.at), _level(point, rule.key)) for point in points]), rank)
        for rank, (rule, _) in enumerate(points[-1].rules)
    ]
    return _chart(series, points, marks, ceiling=HIGHEST_LEVEL, decimals=0)


def bank_marks(points: Sequence[Point], *, kind_label: str) -> tuple[Mark, ...]:
    """Where the bank's version changed: scores before and after answer different questions."""
    changed = [(now.at, now.bank_version) for before, now in zip(points, points[1:], strict=False)
               if before.bank_version != now.bank_version]  # fmt: skip
    return lettered(Mark("bank", kind_label, version, as_ms(at)) for at, version in changed)


def _chart(
    series: Sequence[Series], points: Sequence[Point], marks: tuple[Mark, ...], *, ceiling: float, decimals: int
) -> LineChart:
    first = as_ms(points[0].at)
    span = max(points[-1].at - points[0].at, SHORTEST) // timedelta(milliseconds=1)
    # A step as long as the window: no time between two snapshots is a gap in the data.
    return LineChart(
        tuple(series), first, first + span, span + DAY_MS, "", decimals=decimals, ceiling=ceiling, marks=marks
    )


def _steps(points: Sequence[tuple[int, float | None]]) -> tuple[tuple[int, float | None], ...]:
    drawn = list(points[:1])
    for (_, before), (at, now) in zip(points, points[1:], strict=False):
        drawn += [(at, now)] if before in {None, now} or now is None else [(at, before), (at, now)]
    return tuple(drawn)


def _index(point: Point, rule: str) -> float | None:
    score = point.scores.get(rule)
    return None if score is None or score.index is None else float(rounded(score.index))


def _level(point: Point, rule: str) -> float | None:
    score = point.scores.get(rule)
    return None if score is None else score.level
