"""Mappings: what operators write down of a server that no module here knows, compiled to an `Engine`.

From there on nothing tells it from the others: pulls, remote write and OTLP read it through the same code. Conditions
on labels are lists of values and no patterns, so that none can be slow and the values that count are known beforehand.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from inference_kpis.catalogue import MEASURES, PROBE_MEASURES, Kind, Measure
from inference_kpis.engines.engine import Combine, Engine, Series, Source
from inference_kpis.engines.generic import GENERIC
from inference_kpis.protocols.escaping import legacy
from inference_kpis.readings.derived import DERIVED

MOST_ROWS = 60
MOST_CONDITIONS = 10
MOST_VALUES = 50
MOST_CHARACTERS = 200
MOST_MODEL_LABELS = 5
# What Vigie counts or computes itself.
NOT_MAPPED = frozenset({"pulls", "successful_pulls", "cost"}) | DERIVED | PROBE_MEASURES
MAPPED: dict[str, Measure] = {key: measure for key, measure in MEASURES.items() if key not in NOT_MAPPED}
# A class of statuses, and each of them by its number.
STATUS_CLASSES = {
    f"{first}xx": {f"{first}xx", *map(str, range(first * 100, first * 100 + 100))} for first in range(1, 6)
}


class SeriesKind(StrEnum):
    """What a series is on its server. Of a summary, or of a histogram under a counted measure, sum or count is read."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"
    SUMMARY = "summary"


KINDS_OF: dict[Kind, tuple[SeriesKind, ...]] = {
    Kind.INCREASE: (SeriesKind.COUNTER, SeriesKind.SUMMARY, SeriesKind.HISTOGRAM),
    Kind.LEVEL: (SeriesKind.GAUGE,),
    Kind.DISTRIBUTION: (SeriesKind.HISTOGRAM,),
}


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit that servers count in: times `factor` it is the catalogue's unit of its dimension."""

    key: str
    symbol: str
    dimension: str
    factor: float


UNITS: dict[str, Unit] = {
    unit.key: unit
    for unit in (
        Unit("count", "", "count", 1.0),
        Unit("second", "s", "s", 1.0),
        Unit("millisecond", "ms", "s", 1e-3),
        Unit("microsecond", "µs", "s", 1e-6),
        Unit("nanosecond", "ns", "s", 1e-9),
        Unit("ratio", "0–1", "1", 1.0),
        Unit("percent", "%", "1", 0.01),
        Unit("byte", "B", "B", 1.0),
        Unit("joule", "J", "J", 1.0),
        Unit("millijoule", "mJ", "J", 1e-3),
        Unit("microjoule", "µJ", "J", 1e-6),
        Unit("watt_hour", "Wh", "J", 3600.0),
        Unit("kilowatt_hour", "kWh", "J", 3.6e6),
        Unit("watt", "W", "W", 1.0),
        Unit("milliwatt", "mW", "W", 1e-3),
        Unit("kilowatt", "kW", "W", 1e3),
    )
}


def dimension_of(measure: Measure) -> str:
    """What a measure counts: the unit of the catalogue, or `count` for things."""
    return "count" if measure.unit.startswith("{") else measure.unit


def usual_unit(measure: Measure) -> str:
    """The key of the catalogue's own unit of a measure."""
    return next(unit.key for unit in UNITS.values() if unit.dimension == dimension_of(measure) and unit.factor == 1)


@dataclass(frozen=True, slots=True)
class Condition:
    """The label has one of these values, or none of them; a label that is missing has the value ''."""

    label: str
    values: tuple[str, ...]
    is_excluding: bool = False

    @property
    def meant(self) -> frozenset[str]:
        """The values with each class of statuses, such as 5xx, spelt out."""
        return frozenset().union(*(STATUS_CLASSES.get(value, {value}) for value in self.values))


@dataclass(frozen=True, slots=True)
class Row:
    """One family of series under one measure. `per` names a gauge that it is divided by; units then cancel out."""

    measure: str
    series: str
    kind: str
    unit: str
    combine: str = Combine.SUM
    conditions: tuple[Condition, ...] = ()
    per: str = ""

    @property
    def sample_name(self) -> str:
        """The name as exposed; for a distribution, without `_bucket`."""
        measure = MEASURES[self.measure]
        if measure.kind is not Kind.INCREASE or self.kind == SeriesKind.COUNTER:
            return self.series
        return f"{self.series}_count" if measure.unit == "{request}" else f"{self.series}_sum"


@dataclass(frozen=True, slots=True)
class Content:
    """What a mapping says: its rows, and the labels of which the first that is there names the model."""

    rows: tuple[Row, ...] = ()
    model_labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a row, counted from 0, and with which part of it; `other` is the row it collides with."""

    row: int
    part: str
    code: str
    other: int = -1


class NotAMapping(ValueError):
    """What was read is no mapping; the code says why."""


# --- Checking --------------------------------------------------------------------------------------------------------


def problems(content: Content) -> list[Problem]:
    """All that keeps a mapping from being read, row by row."""
    found: list[Problem] = []
    for number, row in enumerate(content.rows):
        found += _problems_alone(number, row)
    wrong = {problem.row for problem in found}
    for number, row in enumerate(content.rows):
        for earlier in range(number):
            other = content.rows[earlier]
            if other.measure != row.measure or {number, earlier} & wrong:
                continue
            if other.sample_name == row.sample_name and not _are_apart(other.conditions, row.conditions):
                found.append(Problem(number, "series", "counted_twice", earlier))
            elif other.combine != row.combine:
                found.append(Problem(number, "combine", "combined_otherwise", earlier))
    return found


def _problems_alone(number: int, row: Row) -> Iterable[Problem]:
    measure = MAPPED.get(row.measure)
    if measure is None:
        yield Problem(number, "measure", "unknown_measure")
        return
    if not row.series or len(row.series) > MOST_CHARACTERS or legacy(row.series) != row.series:
        yield Problem(number, "series", "bad_series")
    if row.kind not in KINDS_OF[measure.kind]:
        yield Problem(number, "kind", f"not_for_{measure.kind}")
    unit = UNITS.get(row.unit)
    if unit is None or not _fits(unit, measure, row):
        yield Problem(number, "unit", "ratio_of_what" if unit and unit.dimension == "B" else "wrong_unit")
    if row.combine not in set(Combine) or (measure.kind is not Kind.LEVEL and row.combine != Combine.SUM):
        yield Problem(number, "combine", "only_added")
    if row.per and (measure.kind is not Kind.LEVEL or legacy(row.per) != row.per or len(row.per) > MOST_CHARACTERS):
        yield Problem(number, "per", "bad_divisor")
    if len(row.conditions) > MOST_CONDITIONS or not all(_is_fine(condition) for condition in row.conditions):
        yield Problem(number, "conditions", "bad_condition")


def _fits(unit: Unit, measure: Measure, row: Row) -> bool:
    """A quotient of two gauges in one unit is a ratio, whatever the unit."""
    if row.per:
        return dimension_of(measure) == "1" and unit.factor == 1
    return unit.dimension == dimension_of(measure)


def _is_fine(condition: Condition) -> bool:
    return (
        0 < len(condition.label) <= MOST_CHARACTERS
        and legacy(condition.label) == condition.label
        and condition.label != "le"
        and 0 < len(condition.values) <= MOST_VALUES
        and all(
            len(value) <= MOST_CHARACTERS and (value.isprintable() or not value) and '"' not in value
            for value in condition.values
        )
    )


def _are_apart(some: Iterable[Condition], others: Iterable[Condition]) -> bool:
    """Whether no series can pass both: some label would need a value that the other does not allow."""
    return any(_is_apart(one, other) for one in some for other in others if one.label == other.label)


def _is_apart(one: Condition, other: Condition) -> bool:
    if one.is_excluding and other.is_excluding:
        return False
    if one.is_excluding:
        return other.meant <= one.meant
    if other.is_excluding:
        return one.meant <= other.meant
    return one.meant.isdisjoint(other.meant)


# --- Compiling -------------------------------------------------------------------------------------------------------


def compiled(content: Content, label: str) -> Engine:
    """The engine that reads as the mapping says, whose rows have no problems. Several rows of one measure add up."""
    by_measure: dict[str, list[Row]] = {}
    for row in content.rows:
        by_measure.setdefault(row.measure, []).append(row)
    return Engine(
        key=GENERIC.key,
        label=label,
        default_port=GENERIC.default_port,
        default_path=GENERIC.default_path,
        model_labels=content.model_labels,
        sources=tuple(
            Source(measure, (tuple(map(_series, rows)),), Combine(rows[0].combine))
            for measure, rows in by_measure.items()
        ),
    )


def _series(row: Row) -> Series:
    only: dict[str, frozenset[str]] = {}
    never: dict[str, frozenset[str]] = {}
    for condition in row.conditions:
        if condition.is_excluding:
            never[condition.label] = never.get(condition.label, frozenset()) | condition.meant
        else:
            only[condition.label] = only.get(condition.label, condition.meant) & condition.meant
    scale = 1.0 if row.per else UNITS[row.unit].factor
    return Series(row.sample_name, scale, only, never, (row.per,) if row.per else ())


def fingerprints(content: Content) -> dict[str, str]:
    """How each measure that is counted on is read: while it stays the same, counting goes on across a change."""
    told: dict[str, list[Any]] = {}
    for row in content.rows:
        if MEASURES[row.measure].kind is not Kind.LEVEL:
            conditions = sorted((each.label, each.is_excluding, sorted(each.meant)) for each in row.conditions)
            told.setdefault(row.measure, []).append((row.sample_name, UNITS[row.unit].factor, conditions))
    return {
        measure: hashlib.blake2b(repr((sorted(rows), content.model_labels)).encode(), digest_size=9).hexdigest()
        for measure, rows in told.items()
    }


# --- Reading and writing ---------------------------------------------------------------------------------------------


def as_json(content: Content) -> dict[str, Any]:
    """The content as plain values."""
    return {
        "model_labels": list(content.model_labels),
        "rows": [
            {**asdict(row), "conditions": [{**asdict(each), "values": list(each.values)} for each in row.conditions]}
            for row in content.rows
        ],
    }


def from_json(found: object) -> Content:
    """The content of plain values, which may be anything. Raises `NotAMapping`; says nothing yet of what rows mean."""
    if not isinstance(found, Mapping) or found.keys() - {"rows", "model_labels"}:
        raise NotAMapping("not_a_mapping")
    rows, labels = found.get("rows", []), found.get("model_labels", [])
    if not isinstance(rows, list) or len(rows) > MOST_ROWS:
        raise NotAMapping("too_many_rows" if isinstance(rows, list) else "not_a_mapping")
    return Content(tuple(map(_row, rows)), model_labels(_texts(labels)))


def _row(found: object) -> Row:
    known = set(Row.__dataclass_fields__)
    if (
        not isinstance(found, Mapping)
        or found.keys() - known
        or not {"measure", "series", "kind", "unit"} <= found.keys()
    ):
        raise NotAMapping("bad_row")
    texts = {key: value for key, value in found.items() if key != "conditions"}
    if not all(isinstance(value, str) for value in texts.values()):
        raise NotAMapping("bad_row")
    conditions = found.get("conditions", [])
    if not isinstance(conditions, list):
        raise NotAMapping("bad_row")
    return Row(**texts, conditions=tuple(map(_condition, conditions)))


def _condition(found: object) -> Condition:
    if not isinstance(found, Mapping) or found.keys() - set(Condition.__dataclass_fields__):
        raise NotAMapping("bad_condition")
    label, is_excluding = found.get("label"), found.get("is_excluding", False)
    if not isinstance(label, str) or not isinstance(is_excluding, bool):
        raise NotAMapping("bad_condition")
    return Condition(label, _texts(found.get("values")), is_excluding)


def _texts(found: object) -> tuple[str, ...]:
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        raise NotAMapping("bad_row")
    return tuple(found)


def model_labels(names: Iterable[str]) -> tuple[str, ...]:
    """The names of labels, each once, as servers write them for old readers. Raises `NotAMapping` for too many, or long."""
    found = tuple(dict.fromkeys(legacy(name.strip()) for name in names if name.strip()))
    if len(found) > MOST_MODEL_LABELS or any(len(name) > MOST_CHARACTERS for name in found):
        raise NotAMapping("bad_model_labels")
    return found


def written_conditions(conditions: Sequence[Condition]) -> str:
    """The conditions as a person writes them: `status=5xx; handler!=/health|/metrics`."""
    return "; ".join(
        f"{each.label}{'!=' if each.is_excluding else '='}{'|'.join(map(_quoted, each.values))}" for each in conditions
    )


def _quoted(value: str) -> str:
    return f'"{value}"' if not value or value != value.strip() or any(sign in value for sign in ';|="') else value


def read_conditions(text: str) -> tuple[Condition, ...]:
    """What a person wrote. Raises `NotAMapping`."""
    return tuple(_read_condition(part) for part in _split(text, ";") if part.strip())


def _read_condition(text: str) -> Condition:
    label, equals, values = text.partition("=")
    if not equals:
        raise NotAMapping("bad_condition")
    is_excluding = label.endswith("!")
    found = tuple(_unquoted(value) for value in _split(values, "|"))
    return Condition(legacy(label.removesuffix("!").strip()), found, is_excluding)


def _split(text: str, separator: str) -> list[str]:
    """The parts between separators that stand outside quotes."""
    parts, quoted = [""], False
    for sign in text:
        quoted ^= sign == '"'
        if sign == separator and not quoted:
            parts.append("")
        else:
            parts[-1] += sign
    if quoted:
        raise NotAMapping("bad_condition")
    return parts


def _unquoted(value: str) -> str:
    value = value.strip()
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value
