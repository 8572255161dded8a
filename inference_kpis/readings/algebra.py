"""The algebra of readings: integers only, so that merging is associative and commutative exactly.

Minute, hour, day, site and fleet are one type, `Reading`, and one function, `merge`. Values are whole numbers of the
catalogue's quanta and times are milliseconds since 1970; nothing here rounds but `spread`, which keeps sums exact.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import sub

Bounds = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Increase:
    """What a counter grew by, over `covered_ms` node-milliseconds."""

    amount: int
    covered_ms: int

    @staticmethod
    def together(parts: Sequence["Increase"]) -> "Increase":
        return Increase(sum(part.amount for part in parts), sum(part.covered_ms for part in parts))

    def merged(self, other: "Increase") -> "Increase":
        return self.together((self, other))


@dataclass(frozen=True, slots=True)
class Level:
    """A gauge over time: its integral in quanta·ms, its extremes, and the value seen last with its instant."""

    integral: int
    covered_ms: int
    minimum: int
    maximum: int
    last: int
    last_at_ms: int

    @staticmethod
    def together(parts: Sequence["Level"]) -> "Level":
        last_at_ms, last = max((part.last_at_ms, part.last) for part in parts)
        return Level(
            sum(part.integral for part in parts),
            sum(part.covered_ms for part in parts),
            min(part.minimum for part in parts),
            max(part.maximum for part in parts),
            last,
            last_at_ms,
        )

    def merged(self, other: "Level") -> "Level":
        return self.together((self, other))


@dataclass(frozen=True, slots=True)
class Distribution:
    """Observations per bucket, for every layout of bounds apart: adding never interpolates.

    `counts[bounds]` has one count more than there are bounds; bucket i holds (bounds[i-1], bounds[i]], the last what is
    above all bounds. `sum` is in quanta.
    """

    counts: Mapping[Bounds, tuple[int, ...]]
    sum: int
    covered_ms: int

    @staticmethod
    def together(parts: Sequence["Distribution"]) -> "Distribution":
        layouts: dict[Bounds, list[tuple[int, ...]]] = defaultdict(list)
        for part in parts:
            for bounds, counts in part.counts.items():
                layouts[bounds].append(counts)
        return Distribution(
            {bounds: tuple(map(sum, zip(*found, strict=True))) for bounds, found in layouts.items()},
            sum(part.sum for part in parts),
            sum(part.covered_ms for part in parts),
        )

    def merged(self, other: "Distribution") -> "Distribution":
        return self.together((self, other))

    @property
    def count(self) -> int:
        """How many observations there are in all layouts."""
        return sum(sum(counts) for counts in self.counts.values())


MeasureValue = Increase | Level | Distribution

# What one reading may hold. A day over the whole fleet still has to fit into 64 bits, levels times their milliseconds.
LARGEST_INCREASE = 2**45
LARGEST_LEVEL = 2**30
MOST_BUCKETS = 200


def fits(value: MeasureValue) -> bool:
    """Whether a reading may hold this value: not negative where it cannot be, and not absurdly large."""
    match value:
        case Increase(amount):
            return 0 <= amount < LARGEST_INCREASE
        case Level(minimum=minimum, maximum=maximum):
            return minimum > -LARGEST_LEVEL and maximum < LARGEST_LEVEL
        case Distribution(counts, total):
            return 0 <= total < LARGEST_INCREASE and all(
                len(bounds) <= MOST_BUCKETS and min(layout) >= 0 and max(layout) < LARGEST_INCREASE
                for bounds, layout in counts.items()
            )


@dataclass(frozen=True, slots=True)
class Reading:
    """Measures over the span [start_ms, end_ms). A merged reading spans the hull of its parts; the empty one, nothing."""

    start_ms: int
    end_ms: int
    measures: Mapping[str, MeasureValue]

    @property
    def span_ms(self) -> int:
        return self.end_ms - self.start_ms


EMPTY = Reading(0, 0, {})


def merge(one: Reading, other: Reading) -> Reading:
    """Both readings as one. Raises TypeError when a measure is of different kinds in the two."""
    return merge_all((one, other))


def merge_all(readings: Iterable[Reading]) -> Reading:
    """All readings as one; `EMPTY` for none. All at once: a thousand nodes cost a tenth of what pair after pair does."""
    parts = [reading for reading in readings if reading != EMPTY]
    if len(parts) < 2:
        return parts[0] if parts else EMPTY
    values: dict[str, list[MeasureValue]] = defaultdict(list)
    for part in parts:
        for key, value in part.measures.items():
            values[key].append(value)
    measures = {key: _together(found) for key, found in values.items()}
    return Reading(min(part.start_ms for part in parts), max(part.end_ms for part in parts), measures)


def _together(values: Sequence[MeasureValue]) -> MeasureValue:
    kinds = set(map(type, values))
    if len(kinds) > 1:
        raise TypeError(f"{' and '.join(sorted(kind.__name__ for kind in kinds))} cannot be merged")
    return values[0].together(values) if len(values) > 1 else values[0]  # type: ignore[arg-type]


def growth(before: Reading, after: Reading) -> Reading:
    """What increases and distributions gained from one version of a reading to the next; levels do not add up over time.

    Never negative: where raw readings aged out in between, the later version may hold less than the earlier one.
    """
    gained: dict[str, MeasureValue] = {}
    for key, value in after.measures.items():
        match before.measures.get(key), value:
            case Increase() as old, Increase() as new:
                gained[key] = Increase(max(0, new.amount - old.amount), max(0, new.covered_ms - old.covered_ms))
            case Distribution() as old, Distribution() as new:
                gained[key] = _distribution_growth(old, new)
            case None, Increase() | Distribution():
                gained[key] = value
    return Reading(after.start_ms, after.end_ms, gained) if gained else EMPTY


def difference(before: Reading, after: Reading) -> Reading | None:
    """What merged with `before` gives `after`; None where nothing does, because an extreme of a level was taken back."""
    measures: dict[str, MeasureValue] = {}
    for key, new in after.measures.items():
        match before.measures.get(key), new:
            case None, _:
                measures[key] = new
            case Increase() as old, Increase():
                measures[key] = Increase(new.amount - old.amount, new.covered_ms - old.covered_ms)
            case Level() as old, Level():
                measures[key] = replace(
                    new, integral=new.integral - old.integral, covered_ms=new.covered_ms - old.covered_ms
                )
            case Distribution() as old, Distribution():
                counts = {
                    bounds: tuple(map(sub, now, old.counts.get(bounds, (0,) * len(now))))
                    for bounds, now in new.counts.items()
                }
                measures[key] = Distribution(counts, new.sum - old.sum, new.covered_ms - old.covered_ms)
    found = Reading(after.start_ms, after.end_ms, measures)
    return found if merge(before, found) == after else None


def _distribution_growth(old: Distribution, new: Distribution) -> Distribution:
    counts = {
        bounds: tuple(max(0, b - a) for a, b in zip(old.counts.get(bounds, (0,) * len(now)), now, strict=True))
        for bounds, now in new.counts.items()
    }
    return Distribution(counts, max(0, new.sum - old.sum), max(0, new.covered_ms - old.covered_ms))


# --- Spreading over intervals ----------------------------------------------------------------------------------------


def spread(reading: Reading, width_ms: int) -> list[Reading]:
    """The reading cut at multiples of `width_ms` since 1970, pro rata by time.

    Whole numbers are shared out by the largest remainder, so that the parts add up to the reading exactly. A level's
    extremes go to every part, its last value to the last one.
    """
    first, last = reading.start_ms // width_ms, (reading.end_ms - 1) // width_ms
    if first >= last:
        return [reading]
    edges = [reading.start_ms, *(i * width_ms for i in range(first + 1, last + 1)), reading.end_ms]
    lengths = [end - start for start, end in zip(edges, edges[1:], strict=False)]
    shares = {key: _spread_value(value, lengths, edges) for key, value in reading.measures.items()}
    return [
        Reading(edges[i], edges[i + 1], {key: parts[i] for key, parts in shares.items()}) for i in range(len(lengths))
    ]


def share_out(amount: int, weights: list[int]) -> list[int]:
    """`amount` in whole parts proportional to `weights`, by the largest remainder; the parts add up to it exactly."""
    total = sum(weights)
    parts = [amount * weight // total for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda i: (-(amount * weights[i] % total), i))
    for i in by_remainder[: amount - sum(parts)]:
        parts[i] += 1
    return parts


def _spread_value(value: MeasureValue, lengths: list[int], edges: list[int]) -> list[MeasureValue]:
    covered = share_out(value.covered_ms, lengths)
    match value:
        case Increase(amount):
            return [Increase(*pair) for pair in zip(share_out(amount, lengths), covered, strict=True)]
        case Level(integral, _, minimum, maximum, last, last_at_ms):
            # Only the part that holds the instant knows when the last value was seen; earlier parts end with it.
            return [
                Level(part, covered_ms, minimum, maximum, last, min(last_at_ms, end))
                for part, covered_ms, end in zip(share_out(integral, lengths), covered, edges[1:], strict=True)
            ]
        case Distribution(counts, total):
            by_layout = {
                bounds: list(zip(*(share_out(count, lengths) for count in layout), strict=True))
                for bounds, layout in counts.items()
            }
            return [
                Distribution({bounds: parts[i] for bounds, parts in by_layout.items()}, part, covered[i])
                for i, part in enumerate(share_out(total, lengths))
            ]
