"""The layout of an exposition: at which lines its wanted samples stand, and how every line begins.

A server writes the same lines pull after pull and changes the numbers at their ends. A body whose every line begins as
in one that was parsed before holds the samples of then with other values, so that only the values are read; any other
body is for the parser.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import itemgetter

from inference_kpis.protocols.exposition import DEFAULT_LIMITS, LabelPairs, Limits, series_of
from inference_kpis.protocols.negotiation import form_of

# Longer bodies are parsed each time: what is remembered of one stays below a megabyte.
MOST_LINES = 5_000


@dataclass(frozen=True, slots=True)
class Layout:
    """`beginnings` has one entry a line: all before the value of a wanted one, the name of another.

    `series` are names and labels of the wanted ones, in the order of the body.
    """

    beginnings: tuple[bytes, ...]
    series: tuple[tuple[str, LabelPairs], ...]
    pick: Callable[[Sequence[bytes]], tuple[bytes, ...]]
    widths: tuple[int, ...]

    def values(self, body: bytes) -> list[float] | None:
        """The values of the wanted samples in a body of this layout, as the parser reads them; None for any other."""
        lines = body.split(b"\n")
        if len(lines) != len(self.beginnings) or lines[-1] or not all(map(bytes.startswith, lines, self.beginnings)):
            return None
        try:
            return [float(line[width:]) for line, width in zip(self.pick(lines), self.widths, strict=True)]
        except ValueError:
            # A time behind the value, an exemplar, or what only the parser understands.
            return None


def layout_of(
    body: bytes, wanted: frozenset[bytes], *, content_type: str = "", limits: Limits = DEFAULT_LIMITS
) -> Layout | None:
    """The layout of a body that the parser took, with the same arguments; None when it is not usual throughout."""
    *lines, last = body.split(b"\n")
    form = form_of(content_type)
    if last or len(lines) > MOST_LINES or form.hides_names or form.is_openmetrics:
        return None
    beginnings: list[bytes] = []
    places: list[int] = []
    series: list[tuple[str, LabelPairs]] = []
    for number, line in enumerate(lines):
        if line[:1] == b"#":
            beginnings.append(b"#")
            continue
        name, opened, _ = line.partition(b"{")
        if not opened:
            name, blank, _ = line.partition(b" ")
        if not name or name.split() != [name] or not (opened or blank):
            return None
        if name not in wanted:
            beginnings.append(line[: len(name) + 1])
            continue
        text, _, _ = line.rpartition(b" ") if opened else line.partition(b" ")
        found = series_of(text, limits) if opened else (name.decode(), {})
        if found is None:
            return None
        beginnings.append(text + b" ")
        places.append(number)
        series.append(found)
    if len(places) < 2:
        return None
    widths = tuple(len(beginnings[place]) for place in places)
    return Layout((*beginnings, b""), tuple(series), itemgetter(*places), widths)
