"""A reading as the two arrays of a table row: which measures, and all their integers in one line.

For each measure, in the order of `measures`, `numbers` holds: an increase as amount, covered; a level as integral,
covered, minimum, maximum, last, last_at; a distribution as number of layouts, sum, covered, and per layout its id
followed by its counts. Everything is an integer, so that what is read back is exactly what was stored.
"""

from collections.abc import Mapping, Sequence

from inference_kpis.catalogue import MEASURES, MEASURES_BY_ID, Kind
from inference_kpis.readings.algebra import Distribution, Increase, Level, MeasureValue

Bounds = tuple[float, ...]


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
