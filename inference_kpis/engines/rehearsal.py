"""What a mapping would read now: a node's samples, of one moment or of two, through the code that reads every pull."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from inference_kpis.catalogue import MEASURES
from inference_kpis.engines.engine import Engine
from inference_kpis.engines.mapping import Content, Row, SeriesKind, compiled
from inference_kpis.engines.plans import observe
from inference_kpis.protocols.exposition import Sample
from inference_kpis.protocols.families import Family
from inference_kpis.readings.algebra import Distribution, Increase, Level, MeasureValue
from inference_kpis.readings.increases import OutOfOrder, advance
from inference_kpis.readings.observation import ModelObservation, Observation

# More of a part than of the whole: a percentage that was taken for a ratio.
MOST_RATIO = 1.5
# A mean time above an hour, or below a microsecond, is one in another unit.
LONGEST_MEAN_SECONDS, SHORTEST_MEAN_SECONDS = 3600.0, 1e-6
# Kinds that have a sum and a count.
IN_PIECES = {SeriesKind.HISTOGRAM, SeriesKind.SUMMARY}


@dataclass(frozen=True, slots=True)
class Moment:
    """All samples of a node at one time."""

    at_ms: int
    samples: Sequence[Sample]


@dataclass(frozen=True, slots=True)
class Figure:
    """What one measure of one model shows, in the measure's unit.

    `total` is what was counted so far; `grown` what was counted in between, over `seconds`, None while there is one
    sample only. Of a distribution both count what it holds, and `mean` is the mean of it. A level has its `level` alone.
    """

    measure: str
    model: str
    total: float | None = None
    grown: float | None = None
    seconds: float | None = None
    mean: float | None = None
    level: float | None = None


def figures(engine: Engine, now: Moment, before: Moment | None = None) -> tuple[list[Figure], tuple[str, ...]]:
    """A figure for each measure and model, and the codes of what was left out."""
    observation = observe(engine, now.samples)
    grown = _grown(engine, observation, now, before)
    found = [
        _figure(measure, name, seen, grown.get((name, measure)), now, before)
        for name, seen in sorted(observation.models.items())
        for measure in (*seen.counters, *seen.gauges, *seen.histograms)
    ]
    order = list(MEASURES)
    return sorted(found, key=lambda figure: (order.index(figure.measure), figure.model)), observation.problems


def _grown(
    engine: Engine, observation: Observation, now: Moment, before: Moment | None
) -> Mapping[tuple[str, str], MeasureValue]:
    if before is None:
        return {}
    try:
        state = advance(None, observe(engine, before.samples), before.at_ms).state
        readings = advance(state, observation, now.at_ms).readings
    except OutOfOrder:
        return {}
    return {(name, measure): value for name, reading in readings.items() for measure, value in reading.measures.items()}


def _figure(
    measure: str, model: str, seen: ModelObservation, grown: MeasureValue | None, now: Moment, before: Moment | None
) -> Figure:
    from_quanta = MEASURES[measure].from_quanta
    figure = Figure(measure, model)
    if before is not None and grown is not None and not isinstance(grown, Level):
        figure = replace(figure, seconds=(now.at_ms - before.at_ms) / 1000)
    if measure in seen.gauges:
        return replace(figure, level=seen.gauges[measure])
    if measure in seen.counters:
        amount = from_quanta(grown.amount) if isinstance(grown, Increase) else None
        return replace(figure, total=sum(seen.counters[measure].values()), grown=amount)
    states = seen.histograms[measure].values()
    count, total = sum(state.cumulative[-1] for state in states), sum(state.sum for state in states)
    since = None
    if isinstance(grown, Distribution):
        since = sum(sum(counts) for counts in grown.counts.values())
        if since:
            count_of_mean, total = since, from_quanta(grown.sum)
            return replace(figure, total=count, grown=since, mean=total / count_of_mean)
    return replace(figure, total=count, grown=since, mean=total / count if count else None)


@dataclass(frozen=True, slots=True)
class Remark:
    """What is odd about a row that could be read; `other` is the row that shows the same number."""

    code: str
    other: int = -1


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """One row by itself: what it shows by model, and what is odd about it."""

    figures: tuple[Figure, ...]
    remarks: tuple[Remark, ...]


def rehearse(
    content: Content, families: Mapping[str, Family], now: Moment, before: Moment | None = None
) -> list[Rehearsed]:
    """Each row alone; the rows have no problems."""
    found: list[Rehearsed] = []
    for row in content.rows:
        shown, problems = figures(compiled(replace(content, rows=(row,)), ""), now, before)
        remarks = [Remark(code) for code in (*_remarks(row, families, shown), *problems)]
        twin = next(
            (number for number, other in enumerate(found) if _is_twin(content.rows[number], row, other, shown)), -1
        )
        if twin >= 0:
            remarks.append(Remark("same_number", twin))
        found.append(Rehearsed(tuple(shown), tuple(remarks)))
    return found


def _remarks(row: Row, families: Mapping[str, Family], shown: Sequence[Figure]) -> list[str]:
    family = families.get(row.series)
    if family is None:
        is_part = row.series in {sample.name for each in families.values() for sample in each.samples}
        return [] if shown else ["part_of_family" if is_part else "not_there"]
    if row.per and row.per not in families:
        return ["divisor_not_there"]
    found = []
    if family.type == "gauge" and row.kind == SeriesKind.COUNTER:
        found.append("gauge_counted")
    elif family.type and family.type != row.kind and not {family.type, row.kind} <= IN_PIECES:
        found.append("other_kind")
    elif not _passes(row, family):
        found.append("nothing_selected")
    levels = [figure.level for figure in shown if figure.level is not None]
    if MEASURES[row.measure].unit == "1" and any(level > MOST_RATIO for level in levels):
        found.append("above_one")
    means = [figure.mean for figure in shown if figure.mean]
    if any(not SHORTEST_MEAN_SECONDS <= mean <= LONGEST_MEAN_SECONDS for mean in means):
        found.append("odd_mean")
    return found


def _passes(row: Row, family: Family) -> bool:
    (series,) = compiled(Content((row,)), "").sources[0].alternatives[0]
    return any(series.takes(sample.labels) for sample in family.samples)


def _is_twin(one: Row, other: Row, of_one: Rehearsed, of_other: Sequence[Figure]) -> bool:
    """Whether two rows of one measure have counted the same number: they probably counted the same things."""
    if one.measure != other.measure:
        return False
    totals = [sum(figure.total or 0 for figure in each) for each in (of_one.figures, of_other)]
    return totals[0] == totals[1] > 0
