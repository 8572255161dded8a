"""How a measurement is told: a median with its spread, beside what it is compared with, and whether the limit is kept."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median, quantiles
from time import perf_counter, process_time
from typing import Literal

HEADINGS = ("what", "figure", "against", "ratio", "limit", "")
WIDTHS = (46, 30, 42, 7, 7)


@dataclass(frozen=True)
class Figure:
    """Repeated measurements of one thing, in `unit`."""

    values: Sequence[float]
    unit: str
    decimals: int = 0

    @property
    def median(self) -> float:
        return median(self.values)

    @property
    def spread(self) -> float:
        """Half the width of the middle half of the values, as a share of the median; 0 for one value."""
        if len(self.values) < 2 or not self.median:
            return 0.0
        first, _, third = quantiles(self.values, n=4)
        return (third - first) / 2 / self.median

    def __str__(self) -> str:
        spread = f" ±{self.spread:.0%}" if len(self.values) > 1 else ""
        return f"{self.median:,.{self.decimals}f} {self.unit}{spread}"


@dataclass(frozen=True)
class Line:
    """One row of the report: `ratio` is the figure divided by what it stands against; no limit is no verdict."""

    what: str
    figure: Figure
    against: str
    other: Figure
    limit: float | None = None
    kept_when: Literal["at most", "at least"] = "at most"

    @property
    def ratio(self) -> float:
        return self.figure.median / self.other.median

    @property
    def is_kept(self) -> bool:
        if self.limit is None:
            return True
        return self.ratio <= self.limit if self.kept_when == "at most" else self.ratio >= self.limit

    def cells(self) -> tuple[str, ...]:
        sign = "≤" if self.kept_when == "at most" else "≥"
        limit = "" if self.limit is None else f"{sign} {self.limit:g}"
        verdict = "" if self.limit is None else "ok" if self.is_kept else "missed"
        return self.what, str(self.figure), f"{self.against} {self.other}".strip(), f"{self.ratio:.3g}", limit, verdict


@dataclass(frozen=True)
class Note:
    """A sentence below the rows."""

    text: str


def show(lines: Iterable[Line | Note]) -> bool:
    """Print rows as they come; whether every limit was kept."""
    is_kept = True
    for line in lines:
        if isinstance(line, Note):
            print(f"  {line.text}", flush=True)
        else:
            print_row(line.cells())
            is_kept = is_kept and line.is_kept
    return is_kept


def print_row(cells: Sequence[str]) -> None:
    """One row in columns; the last one is as wide as its word."""
    padded = [cell.ljust(width) for cell, width in zip(cells, (*WIDTHS, 0), strict=True)]
    print(" ".join(padded).rstrip(), flush=True)


def wall_seconds(act: Callable[[], object]) -> float:
    started = perf_counter()
    act()
    return perf_counter() - started


def cpu_seconds(act: Callable[[], object]) -> float:
    """User and system time of this process alone."""
    started = process_time()
    act()
    return process_time() - started
