"""The dot strip of a practice: one row for each spread, a dot where a level was chosen. Whole units of an SVG."""

from dataclasses import dataclass

from readiness.perceptions.spread import Perception, Spread
from readiness.scoring import HIGHEST_LEVEL

WIDTH = 320
FIRST_X, STEP_X = 24, 68
ROW_HEIGHT, LINE_Y = 64, 40
AXIS_HEIGHT = 20
SMALLEST, LARGEST = 9, 17


@dataclass(frozen=True, slots=True)
class Dot:
    """How many chose a level; larger where more did, and the number stands in it."""

    x: int
    radius: int
    count: int


@dataclass(frozen=True, slots=True)
class Row:
    """`median_x` is None where nobody chose a level."""

    spread: Spread
    label_y: int
    y: int
    dots: tuple[Dot, ...]
    median_x: int | None

    @property
    def count_y(self) -> int:
        """The base line of a number in the middle of a dot."""
        return self.y + 4


@dataclass(frozen=True, slots=True)
class Strip:
    rows: tuple[Row, ...]
    width: int
    height: int
    axis: tuple[tuple[int, int], ...]
    axis_y: int


def strip(perception: Perception) -> Strip:
    """The drawing of a perception, in the order of its spreads."""
    rows = tuple(_row(number, spread) for number, spread in enumerate(perception.spreads))
    height = len(rows) * ROW_HEIGHT + AXIS_HEIGHT
    axis = tuple((level, _x(level)) for level in range(HIGHEST_LEVEL + 1))
    return Strip(rows, WIDTH, height, axis, height - 4)


def _row(number: int, spread: Spread) -> Row:
    top = number * ROW_HEIGHT
    dots = tuple(Dot(_x(level), _radius(count), count) for level, count in enumerate(spread.counts) if count)
    median = spread.median
    return Row(spread, top + 13, top + LINE_Y, dots, None if median is None else _x(median))


def _x(level: int) -> int:
    return FIRST_X + STEP_X * level


def _radius(count: int) -> int:
    return min(SMALLEST + 2 * (count - 1), LARGEST)
