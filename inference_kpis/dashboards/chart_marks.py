"""What happened while a line ran: releases, incidents and alerts as lines and bands behind a chart, lettered A, B, C …

A letter is short enough to stand on a phone; what it means is listed below the chart.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import Any

MOST_MARKS = 20


@dataclass(frozen=True)
class Mark:
    """Something that happened at `start_ms`, or from then to `end_ms`; milliseconds since 1970. `kind` gives its colour.

    `end_ms` is None for a moment; what still goes on (`is_open`) ends with the window.
    """

    kind: str
    kind_label: str
    title: str
    start_ms: int
    end_ms: int | None = None
    text: str = ""
    place: str = ""
    url: str = ""
    letter: str = ""
    is_open: bool = False


def lettered(marks: Iterable[Mark]) -> tuple[Mark, ...]:
    """The latest marks in the order of time, each with its letter."""
    ordered = sorted(marks, key=lambda mark: (mark.start_ms, mark.title))
    return tuple(replace(mark, letter=chr(ord("A") + number)) for number, mark in enumerate(ordered[-MOST_MARKS:]))


def drawn_marks(
    marks: Sequence[Mark], start_ms: int, end_ms: int, across: Callable[[int], float], height: int, spacing: int = 15
) -> Iterable[str]:
    """SVG: a dashed line for a moment, a band for a period; neighbouring letters stand below each other."""
    last_x, row = -1.0, 0
    for mark in marks:
        # The last point stands at the start of its step: what happened later in it stands there as well.
        left = across(min(max(mark.start_ms, start_ms), end_ms)) * 100
        row = row + 1 if 0 <= left - last_x < 3 else 0
        last_x = left
        x = f"{left:.2f}%"
        if mark.end_ms is not None:
            width = across(min(mark.end_ms, end_ms)) * 100 - left
            yield f'<rect class="mark-band mark-{escape(mark.kind)}" x="{x}" y="0" width="{width:.2f}%" height="{height}"/>'
        yield f'<line class="mark-line mark-{escape(mark.kind)}" x1="{x}" x2="{x}" y1="0" y2="{height}"/>'
        yield f'<text class="mark-letter" x="{x}" dx="3" y="{11 + spacing * (row % 10)}">{escape(mark.letter)}</text>'


def figure_marks(
    marks: Sequence[Mark], start_ms: int, end_ms: int, local: Callable[[int], str]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Shapes and annotations of the interactive figure; the script colours a shape by its name."""
    shapes, letters = [], []
    for mark in marks:
        start = local(max(mark.start_ms, start_ms))
        end = start if mark.end_ms is None else local(min(mark.end_ms, end_ms))
        shapes.append(
            {
                "type": "line" if mark.end_ms is None else "rect",
                "name": "mark",
                "layer": "below",
                "yref": "paper",
                "y0": 0,
                "y1": 1,
                "x0": start,
                "x1": end,
                "line": {"width": 1, "dash": "dash"},
                "opacity": 1 if mark.end_ms is None else 0.35,
            }
        )
        letters.append(
            {
                "x": start,
                "yref": "paper",
                "y": 1,
                "xanchor": "left",
                "yanchor": "top",
                "showarrow": False,
                "text": escape(mark.letter),
                "hovertext": escape(f"{mark.kind_label}: {mark.title}"),
            }
        )
    return shapes, letters
