"""The plan over time as shapes: a bar from agreed to due for each action, months, today, and who waits for whom."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

WIDTH, LEFT, TOP, ROW, BAR = 960, 40, 28, 28, 14
MOST_TICKS = 12


@dataclass(frozen=True, slots=True)
class Span:
    """One action: from when to when (both days included), what it looks like, and for which it waits."""

    key: int
    begins_on: date
    ends_on: date
    look: str
    waits_for: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Bar:
    number: int
    x: float
    y: float
    width: float
    look: str

    @property
    def middle(self) -> float:
        return self.y + BAR / 2


@dataclass(frozen=True, slots=True)
class Tick:
    x: float
    first_on: date


@dataclass(frozen=True, slots=True)
class Timeline:
    """Everything in units of the drawing; `today_x` is None where today is outside of it."""

    width: int
    height: int
    bars: tuple[Bar, ...]
    ticks: tuple[Tick, ...]
    links: tuple[str, ...]
    today_x: float | None


def timeline(spans: Sequence[Span], *, today: date) -> Timeline:
    """The drawing of these actions, numbered from 1 in the order given; today is always in it."""
    begins = min([*(span.begins_on for span in spans), today]) - timedelta(days=2)
    ends = max([*(span.ends_on for span in spans), today]) + timedelta(days=2)
    scale = (WIDTH - LEFT - 8) / ((ends - begins).days + 1)

    def x(day: date) -> float:
        return round(LEFT + (day - begins).days * scale, 1)

    bars = {
        span.key: Bar(
            number,
            x(span.begins_on),
            TOP + (number - 1) * ROW + (ROW - BAR) / 2,
            round(((span.ends_on - span.begins_on).days + 1) * scale, 1),
            span.look,
        )
        for number, span in enumerate(spans, 1)
    }
    ticks = tuple(Tick(x(first), first) for first in _months(begins, ends))
    return Timeline(WIDTH, TOP + len(spans) * ROW + 8, tuple(bars.values()), ticks, _links(spans, bars), x(today))


def _months(begins: date, ends: date) -> list[date]:
    """The first days of the months between, as many of them as can be written beside each other."""
    months = range(begins.year * 12 + begins.month, ends.year * 12 + ends.month)
    firsts = [date(month // 12, month % 12 + 1, 1) for month in months]
    return firsts[:: -(-len(firsts) // MOST_TICKS) or 1]


def _links(spans: Iterable[Span], bars: Mapping[int, Bar]) -> tuple[str, ...]:
    """A line from the end of what is waited for to the beginning of what waits."""
    pairs = ((bars[key], bars[span.key]) for span in spans for key in span.waits_for if key in bars)
    return tuple(_link(first, then) for first, then in pairs)


def _link(first: Bar, then: Bar) -> str:
    bend = first.x + first.width + 6
    points = [(first.x + first.width, first.middle), (bend, first.middle), (bend, then.middle), (then.x, then.middle)]
    kept = [points[0], *(after for before, after in pairwise(points) if after != before)]
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in kept)
