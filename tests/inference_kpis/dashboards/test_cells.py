"""The squares of a site: as many as there are nodes, in the order of states, within bounds."""

import re

import pytest

from inference_kpis.dashboards.cells import COLUMNS, MOST_CELLS, PITCH, cells, stretches

RECTANGLE = re.compile(r'<rect x="(\d+)" y="(\d+)" width="(\d+)" height="(\d+)" fill="url\(#cell-(\w+)\)"/>')


def drawn(svg: str) -> list[str]:
    """The state of each square, row by row."""
    places: dict[tuple[int, int], str] = {}
    for *numbers, state in RECTANGLE.findall(svg):
        x, y, width, height = (int(number) // PITCH for number in numbers)
        for row in range(y, y + height):
            for column in range(x, x + width):
                assert (row, column) not in places
                places[row, column] = state
    return [places[place] for place in sorted(places)]


def test_it_works() -> None:
    svg = cells({"down": 1, "up": 2}, label="Lyon: 1 down, 2 up")
    assert drawn(svg) == ["down", "up", "up"]
    assert 'role="img" aria-label="Lyon: 1 down, 2 up"' in svg


@pytest.mark.parametrize(
    "counts", [{"up": 1}, {"down": 19, "up": 1}, {"down": 7, "silent": 58, "up": 100}, {"up": 240}]
)
def test_each_node_is_one_square(counts: dict[str, int]) -> None:
    assert drawn(cells(counts, label="")) == [state for state, count in counts.items() for _ in range(count)]


def test_a_large_site_is_no_larger_than_its_bound() -> None:
    svg = cells({"down": 3, "up": 10_000}, label="")
    assert drawn(svg) == ["down"] * 3 + ["up"] * (MOST_CELLS - 3)
    assert len(svg) < 800


def test_nothing_is_drawn_of_nothing() -> None:
    assert cells({"up": 0}, label="") == ""


def test_a_label_cannot_leave_its_attribute() -> None:
    assert "<script>" not in cells({"up": 1}, label='"><script>')


@pytest.mark.parametrize("start", [0, 1, COLUMNS - 1, COLUMNS])
def test_a_run_is_at_most_three_rectangles(start: int) -> None:
    assert len(stretches(start, start + 5 * COLUMNS + 3)) <= 3
