"""A reading as the two arrays of a table row: which measures, and all their integers in one line.

For each measure, in the order of `measures`, `numbers` holds: an increase as amount, covered; a level as integral,
covered, minimum, maximum, last, last_at; a distribution as number of layouts, sum, covered, and per layout its id
followed by its counts. Everything is an integer, so that what is read back is exactly what was stored.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from inference_kpis.catalogue import MEASURES, MEASURES_BY_ID, Kind
from inference_kpis.readings.algebra import Distribution, Increase, Level, MeasureValue, Reading, merge_all

Bounds = tuple[float, ...]
Row = tuple[list[int], list[int]]


def encode(measures: Mapping[str, MeasureValue], layout_ids: Mapping[Bounds, int]) -> Row:
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


# --- Merging rows ----------------------------------------------------------------------------------------------------


def merge_rows(rows: Iterable[Row], layouts: Mapping[int, Bounds]) -> Row:
    """The row of these readings merged; there has to be one.

    Rows of one shape, such as those of nodes that serve the same, are added column by column: a tenth of the work of
    decoding and merging them. What is left, one row a shape, is merged as readings.
    """
    by_shape: list[tuple[_Shape, list[list[int]]]] = []
    for ids, numbers in rows:
        found = next((found for shape, found in by_shape if shape.is_of(ids, numbers)), None)
        if found is None:
            by_shape.append((_Shape.of(ids, numbers, layouts), [numbers]))
        else:
            found.append(numbers)
    sums = [(shape.ids, shape.added(found)) for shape, found in by_shape]
    if len(sums) == 1:
        return sums[0]
    merged = merge_all(Reading(0, 1, decode(*row, layouts)) for row in sums)
    return encode(merged.measures, {bounds: id_ for id_, bounds in layouts.items()})


@dataclass(frozen=True, slots=True)
class _Shape:
    """What rows have in common whose numbers mean the same: measures and layouts, and where levels stand."""

    ids: list[int]
    length: int
    layouts: dict[int, int]  # position → number of layouts, or a layout's id
    levels: list[int]

    @classmethod
    def of(cls, ids: list[int], numbers: list[int], known: Mapping[int, Bounds]) -> "_Shape":
        layouts: dict[int, int] = {}
        levels: list[int] = []
        at = 0
        for measure_id in ids:
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
        return cls(ids, len(numbers), layouts, levels)

    def is_of(self, ids: list[int], numbers: list[int]) -> bool:
        is_as_long = ids == self.ids and len(numbers) == self.length
        return is_as_long and all(numbers[at] == value for at, value in self.layouts.items())

    def added(self, rows: Sequence[list[int]]) -> list[int]:
        total = list(map(sum, zip(*rows, strict=True)))
        for at, value in self.layouts.items():
            total[at] = value
        for at in self.levels:
            total[at + 2] = min(row[at + 2] for row in rows)
            total[at + 3] = max(row[at + 3] for row in rows)
            total[at + 5], total[at + 4] = max((row[at + 5], row[at + 4]) for row in rows)
        return total
