"""Every node of a site as a small square, the worst first: counts in, markup out.

A run of squares of one state is at most three rectangles filled with the pattern of that state, so that a drawing of
two hundred nodes weighs as much as one of twenty. The patterns, one a state, stand once in the page and differ in shape as
well as in colour (`components/cell_patterns.html`).
"""

from collections.abc import Mapping
from html import escape

COLUMNS = 20
MOST_ROWS = 12
PITCH = 13  # pixels from square to square
MOST_CELLS = COLUMNS * MOST_ROWS


def cells(counts: Mapping[str, int], *, label: str) -> str:
    """The squares of one site, states in the order of `counts`, no more than `MOST_CELLS`; '' without any node."""
    shown = min(sum(counts.values()), MOST_CELLS)
    if not shown:
        return ""
    parts: list[str] = []
    start = 0
    for state, count in counts.items():
        end = min(start + count, shown)
        parts += (_rectangle(state, *each) for each in stretches(start, end))
        start = end
    rows = -(-shown // COLUMNS)
    return (
        f'<svg class="cells" width="{COLUMNS * PITCH}" height="{rows * PITCH}" role="img" aria-label="{escape(label)}">'
        f"{''.join(parts)}</svg>"
    )


def stretches(start: int, end: int) -> list[tuple[int, int, int, int]]:
    """The squares from `start` up to `end` as rectangles (column, row, columns, rows): a beginning, whole rows, a rest."""
    found: list[tuple[int, int, int, int]] = []
    while start < end:
        row, column = divmod(start, COLUMNS)
        whole_rows = (end - start) // COLUMNS if column == 0 else 0
        if whole_rows:
            found.append((0, row, COLUMNS, whole_rows))
            start += whole_rows * COLUMNS
        else:
            length = min(COLUMNS - column, end - start)
            found.append((column, row, length, 1))
            start += length
    return found


def _rectangle(state: str, column: int, row: int, columns: int, rows: int) -> str:
    x, y, width, height = (PITCH * number for number in (column, row, columns, rows))
    return f'<rect x="{x}" y="{y}" width="{width}" height="{height}" fill="url(#cell-{escape(state)})"/>'
