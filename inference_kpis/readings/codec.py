"""A reading as the two arrays of a table row: which measures, and all their integers in one line.

For each measure, in the order of `measures`, `numbers` holds: an increase as amount, covered; a level as integral,
covered, minimum, maximum, last, last_at; a distribution as number of layouts, sum, covered, and per layout its id
followed by its counts. Everything is an integer, so that what is read back is exactly what was stored.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import add, itemgetter, sub

from inference_kpis.catalogue import MEASURES, MEASURES_BY_ID, Kind
from inference_kpis.readings.algebra import Distribution, Increase, Level, MeasureValue, Reading, merge_all

Bounds = tuple[float, ...]
Row = tuple[Sequence[int], Sequence[int]]


def encode(measures: Mapping[str, MeasureValue], layout_ids: Mapping[Bounds, int]) -> tuple[list[int], list[int]]:
    """The two arrays. Raises KeyError for a layout that has no id yet."""
    ids: list[int] = []
    numbers: list[int] = []
    for key in sorted(measures, key=lambda key: MEASURES[key].id):
        ids.append(MEASURES[key].id)
        match measures[key]:
            case Increase(amount, covered_ms):
                numbers += (amount, covered_ms)
            case Level(integral, covered_ms, minimum, maximum, last, last_at_ms):
                numbers += (integral, covered_ms, minimum, maximum, last, last_at_ms)
            case Distribution(counts, total, covered_ms):
                numbers += (len(counts), total, covered_ms)
                for bounds in sorted(counts):
                    numbers.append(layout_ids[bounds])
                    numbers += counts[bounds]
    return ids, numbers


def decode(ids: Sequence[int], numbers: Sequence[int], layouts: Mapping[int, Bounds]) -> dict[str, MeasureValue]:
    """The measures that `encode` wrote. Raises KeyError for an unknown layout."""
    measures: dict[str, MeasureValue] = {}
    at = 0
    for measure_id in ids:
        measure = MEASURES_BY_ID[measure_id]
        if measure.kind is Kind.INCREASE:
            measures[measure.key] = Increase(numbers[at], numbers[at + 1])
            at += 2
        elif measure.kind is Kind.LEVEL:
            measures[measure.key] = Level(*numbers[at : at + 6])
            at += 6
        else:
            layout_count, total, covered_ms = numbers[at : at + 3]
            at += 3
            counts: dict[Bounds, tuple[int, ...]] = {}
            for _ in range(layout_count):
                bounds = layouts[numbers[at]]
                end = at + 2 + len(bounds)
                counts[bounds] = tuple(numbers[at + 1 : end])
                at = end
            measures[measure.key] = Distribution(counts, total, covered_ms)
    return measures


def layouts_of(measures: Mapping[str, MeasureValue]) -> set[Bounds]:
    """Every histogram layout that these measures use."""
    return {bounds for value in measures.values() if isinstance(value, Distribution) for bounds in value.counts}


# --- Rows as they are ------------------------------------------------------------------------------------------------


def merge_rows(rows: Iterable[Row], layouts: Mapping[int, Bounds]) -> Row:
    """The row of these readings merged; there has to be one.

    Rows of one shape, such as those of nodes that serve the same, are added column by column: a tenth of the work of
    decoding and merging them. What is left, one row a shape, is merged as readings.
    """
    return Shapes(layouts).merged(rows)


@dataclass(frozen=True, slots=True)
class Shape:
    """What rows have in common whose numbers mean the same: measures and layouts, and where levels stand."""

    ids: Sequence[int]
    length: int
    starts: Mapping[int, int]  # measure id → where its numbers begin
    layouts: Mapping[int, int]  # position → number of layouts, or a layout's id
    levels: Sequence[int]  # where each level begins
    signature: Callable[[Sequence[int]], object]  # what stands where those of `layouts` do
    expected: object

    @classmethod
    def of(cls, row: Row, known: Mapping[int, Bounds]) -> "Shape":
        """The shape of this row. Raises KeyError for an unknown layout."""
        ids, numbers = row
        starts: dict[int, int] = {}
        layouts: dict[int, int] = {}
        levels: list[int] = []
        at = 0
        for measure_id in ids:
            starts[measure_id] = at
            kind = MEASURES_BY_ID[measure_id].kind
            if kind is Kind.INCREASE:
                at += 2
            elif kind is Kind.LEVEL:
                levels.append(at)
                at += 6
            else:
                layouts[at] = layout_count = numbers[at]
                at += 3
                for _ in range(layout_count):
                    layouts[at] = numbers[at]
                    at += 2 + len(known[numbers[at]])
        signature = itemgetter(*layouts) if layouts else _no_layouts
        return cls(ids, len(numbers), starts, layouts, levels, signature, signature(numbers))

    def holds(self, numbers: Sequence[int]) -> bool:
        """Whether numbers of the same measures and length have the same layouts in the same places."""
        return self.signature(numbers) == self.expected

    def added(self, rows: Sequence[Sequence[int]]) -> list[int]:
        """The numbers of these rows of this shape merged."""
        total = list(map(add, *rows)) if len(rows) == 2 else list(map(sum, zip(*rows, strict=True)))
        for at, value in self.layouts.items():
            total[at] = value
        for at in self.levels:
            total[at + 2] = min(row[at + 2] for row in rows)
            total[at + 3] = max(row[at + 3] for row in rows)
            total[at + 5], total[at + 4] = max((row[at + 5], row[at + 4]) for row in rows)
        return total

    def cut_in_two(
        self, numbers: Sequence[int], lengths_ms: tuple[int, int], edge_ms: int
    ) -> tuple[list[int], list[int]]:
        """What `algebra.spread` makes of a reading that lies in two intervals which meet at `edge_ms`.

        Of two parts the largest remainder gives the odd one to the first from a half on: it is rounded, half up.
        """
        whole_ms = sum(lengths_ms)
        twice_first, twice_whole = 2 * lengths_ms[0], 2 * whole_ms
        first = [(number * twice_first + whole_ms) // twice_whole for number in numbers]
        second = list(map(sub, numbers, first))
        for at, value in self.layouts.items():
            first[at] = second[at] = value
        for at in self.levels:
            first[at + 2 : at + 6] = second[at + 2 : at + 6] = numbers[at + 2 : at + 6]
            first[at + 5] = min(first[at + 5], edge_ms)
        return first, second

    def without_levels(self, numbers: Sequence[int]) -> Row:
        """Increases and distributions alone, none below zero."""
        kept = list(numbers) if min(numbers) >= 0 else [max(0, number) for number in numbers]
        for at in reversed(self.levels):
            del kept[at : at + 6]
        return [id_ for id_ in self.ids if MEASURES_BY_ID[id_].kind is not Kind.LEVEL], kept


def _no_layouts(_: Sequence[int]) -> None:
    """What rows without a distribution have in common."""


class Shapes:
    """The shapes of rows met so far. `layouts` has to know every layout in them."""

    def __init__(self, layouts: Mapping[int, Bounds]) -> None:
        self.layouts = layouts
        self.layout_ids = {bounds: id_ for id_, bounds in layouts.items()}
        self._found: dict[tuple[tuple[int, ...], int], list[Shape]] = {}

    def of(self, row: Row) -> Shape:
        ids, numbers = row
        alike = self._found.setdefault((tuple(ids), len(numbers)), [])
        for shape in alike:
            if shape.holds(numbers):
                return shape
        alike.append(Shape.of(row, self.layouts))
        return alike[-1]

    def merged(self, rows: Iterable[Row]) -> Row:
        """The row of these readings merged; there has to be one."""
        by_shape: dict[int, tuple[Shape, list[Sequence[int]]]] = {}
        for row in rows:
            shape = self.of(row)
            by_shape.setdefault(id(shape), (shape, []))[1].append(row[1])
        sums: list[Row] = [
            (shape.ids, shape.added(found) if len(found) > 1 else found[0]) for shape, found in by_shape.values()
        ]
        return sums[0] if len(sums) == 1 else self._merged_as_readings(sums)

    def _merged_as_readings(self, rows: Iterable[Row]) -> Row:
        merged = merge_all(Reading(0, 1, decode(*row, self.layouts)) for row in rows)
        return encode(merged.measures, self.layout_ids)
