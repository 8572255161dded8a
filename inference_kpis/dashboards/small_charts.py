"""Charts that stand in a line of text or a cell: a trend without axes, and a bar against its target."""

from collections.abc import Sequence
from html import escape

from inference_kpis.catalogue import Direction
from inference_kpis.dashboards.scales import coordinate


def sparkline(values: Sequence[float | None], *, label: str = "") -> str:
    """The course of a few dozen values, equally spaced, from their lowest to their highest; '' when there is none.

    Without a label it is decoration beside a number and hidden from screen readers.
    """
    known = [value for value in values if value is not None]
    if not known:
        return ""
    low, span = min(known), max(known) - min(known)
    last = max(i for i, value in enumerate(values) if value is not None)

    def place(i: int, value: float) -> tuple[float, float]:
        x = 100 * i / max(len(values) - 1, 1)
        return x, 50.0 if span == 0 else 90 - 80 * (value - low) / span

    path: list[str] = []
    for i, value in enumerate(values):
        if value is not None:
            x, y = place(i, value)
            joins = i > 0 and values[i - 1] is not None
            path.append(f"{'L' if joins else 'M'}{coordinate(x)} {coordinate(y)}")
            if not joins and (i + 1 == len(values) or values[i + 1] is None):
                path.append("h0")
    end_x, end_y = place(last, known[-1])
    meaning = f'role="img" aria-label="{escape(label)}"' if label else 'aria-hidden="true"'
    return (
        f'<svg class="spark" {meaning} focusable="false"><svg viewBox="0 0 100 100" preserveAspectRatio="none"'
        f' width="100%" height="100%" overflow="visible"><path d="{"".join(path)}"/></svg>'
        f'<circle cx="{coordinate(end_x)}%" cy="{coordinate(end_y)}%" r="2.25"/></svg>'
    )


def bullet(
    value: float | None, target: float, direction: Direction, *, state: str, label: str, scale: float | None = None
) -> str:
    """A bar from zero towards a target mark; the stretch that misses the target is darker.

    `scale` is the value at the right edge; without it there is a quarter of room beyond the larger of the two.
    """
    reach = scale or max(value or 0.0, target) * 1.25 or 1.0

    def across(amount: float) -> float:
        return min(max(amount / reach, 0.0), 1.0) * 100

    mark = coordinate(across(target))
    miss = (0.0, across(target)) if direction is Direction.HIGHER else (across(target), 100.0)
    bar = ""
    if value is not None:
        # A value of zero is still a mark: two pixels wide.
        widths = (f"{coordinate(across(value))}%", "2")
        bar = "".join(f'<rect class="value" width="{width}" y="7" height="6"/>' for width in widths)
    return (
        f'<svg class="bullet" height="20" data-state="{escape(state)}" role="img" aria-label="{escape(label)}">'
        '<rect class="scale" width="100%" y="4" height="12"/>'
        f'<rect class="beyond" x="{coordinate(miss[0])}%" width="{coordinate(miss[1] - miss[0])}%" y="4" height="12"/>'
        f'{bar}<line class="target" x1="{mark}%" x2="{mark}%" y1="1" y2="19"/></svg>'
    )
