"""Which family is probably which measure, told by the words of its name, and what to beware of.

A suggestion is for a person to accept or not: nothing is mapped by a guess.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from inference_kpis.catalogue import MEASURES, Kind
from inference_kpis.engines.engine import Combine
from inference_kpis.engines.http import NOT_OWN
from inference_kpis.engines.mapping import KINDS_OF, UNITS, Condition, Row, SeriesKind, dimension_of, usual_unit
from inference_kpis.protocols.families import Family

# The endings of names that say a unit, longest first where one ends like another.
UNIT_WORDS: dict[str, str] = {
    "milliseconds": "millisecond",
    "microseconds": "microsecond",
    "nanoseconds": "nanosecond",
    "seconds": "second",
    "ms": "millisecond",
    "us": "microsecond",
    "ns": "nanosecond",
    "millijoules": "millijoule",
    "joules": "joule",
    "kwh": "kilowatt_hour",
    "wh": "watt_hour",
    "milliwatts": "milliwatt",
    "watts": "watt",
    "percent": "percent",
    "pct": "percent",
    "ratio": "ratio",
    "bytes": "byte",
}
MODEL_LABELS = ("gen_ai_request_model", "model_name", "model", "served_model_name", "model_id")
STATUS_LABELS = ("status", "status_code", "code", "http_status")
_TIMES = {"duration", "latency", "time", "seconds", "milliseconds"}
_REQUESTS = {"request", "requests", "inference", "inferences", "prediction", "predictions"}


@dataclass(frozen=True, slots=True)
class Guess:
    """A name speaks for a measure when it has a word of each group, and none of those that speak against it."""

    measure: str
    groups: tuple[frozenset[str], ...]
    against: frozenset[str] = frozenset()
    combine: Combine = Combine.SUM


def _guess(measure: str, *groups: set[str], against: Collection[str] = (), combine: Combine = Combine.SUM) -> Guess:
    return Guess(measure, tuple(map(frozenset, groups)), frozenset(against), combine)


_FIRST, _TOKEN, _FAILED = {"first", "ttft"}, {"token", "tokens"}, {"failed", "failures", "failure", "errors", "error"}
_QUEUE = {"queue", "queued", "waiting", "pending"}
GUESSES: tuple[Guess, ...] = (
    _guess("requests", _REQUESTS, against={*_FAILED, *_TIMES, *_TOKEN, *_QUEUE, "size", "bytes", "created"}),
    _guess("failed_requests", {*_REQUESTS}, _FAILED, against={*_TIMES}),
    _guess("prompt_tokens", {"prompt", "input"}, _TOKEN),
    _guess("output_tokens", {"output", "generation", "generated", "completion"}, _TOKEN, against={*_TIMES, "per"}),
    _guess("energy", {"joules", "millijoules", "energy", "kwh", "wh"}),
    _guess("request_time", _REQUESTS, _TIMES, against={*_QUEUE, *_FIRST}),
    _guess("queue_depth", _QUEUE, against=_TIMES),
    _guess("running_requests", {"running", "progress", "flight", "inflight", "active"}, _REQUESTS),
    _guess("kv_cache_usage", {"cache"}, {"usage", "utilization", "utilisation", "ratio", "percent", "perc"}),
    _guess("accelerator_utilisation", {"gpu", "accelerator", "npu"}, {"utilization", "utilisation", "util", "busy"}),
    _guess("power", {"watts", "milliwatts", "power"}, against={"limit", "cap", "max"}),
    _guess("e2e_latency", {*_REQUESTS, "e2e"}, _TIMES, against={*_QUEUE, *_FIRST, "token", "size"}),
    _guess("time_to_first_token", _FIRST, {"token", "ttft"}),
    _guess("inter_token_latency", {"inter"}, _TOKEN),
    _guess("time_per_output_token", {"per", "tpot"}, {"token", "tpot"}, against={"second"}),
    _guess("queue_time", _QUEUE, {*_TIMES}),
)
_MEAN = {"kv_cache_usage": Combine.MAXIMUM, "accelerator_utilisation": Combine.MEAN}


def suggested(families: Sequence[Family], *, mapped: Collection[str] = ()) -> list[Row]:
    """A row for each measure that is not mapped yet and that a name speaks for, in the order of the catalogue.

    Where only a histogram tells of requests, its count is taken; failures without a name of their own are the requests
    that ended with a status of the server's.
    """
    rows: dict[str, Row] = {}
    for guess in GUESSES:
        if guess.measure not in mapped and (row := _best(guess, families)):
            rows[guess.measure] = row
    latency = rows.get("e2e_latency")
    if "requests" not in rows and "requests" not in mapped and latency:
        rows["requests"] = Row("requests", latency.series, SeriesKind.HISTOGRAM, "count", conditions=latency.conditions)
    counted = rows.get("requests")
    if counted and "failed_requests" not in rows and "failed_requests" not in mapped:
        rows |= {row.measure: row for row in _failures(counted, families)}
    if latency or "e2e_latency" in mapped:
        # A histogram of the same time gives its mean as well.
        rows.pop("request_time", None)
    return [rows[key] for key in MEASURES if key in rows]


def _best(guess: Guess, families: Iterable[Family]) -> Row | None:
    """The row of the family with the shortest name: longer ones tend to be parts of it."""
    kinds = KINDS_OF[MEASURES[guess.measure].kind]
    candidates = [
        row
        for family in families
        if kind_of(family) in kinds and not is_time_of_creation(family.name) and _speaks_for(guess, family.name)
        if (row := row_of(family, guess.measure)) and _is_sensible(row)
    ]
    return min(
        candidates, key=lambda row: (kinds.index(SeriesKind(row.kind)), len(row.series), row.series), default=None
    )


def _speaks_for(guess: Guess, name: str) -> bool:
    words = set(_words(name))
    return all(words & group for group in guess.groups) and not words & guess.against


def _words(name: str) -> list[str]:
    return re.split(r"[_:]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower())


def _is_sensible(row: Row) -> bool:
    unit, measure = UNITS[row.unit], MEASURES[row.measure]
    return unit.dimension == dimension_of(measure) and not (
        measure.unit == "{request}" and row.kind == SeriesKind.SUMMARY
    )


def row_of(family: Family, measure: str) -> Row:
    """The row that puts a family under a measure, as its name and type have it."""
    labels = family.labels
    own = tuple(
        Condition(label, tuple(sorted(NOT_OWN[label])), is_excluding=True) for label in NOT_OWN if label in labels
    )
    kind = kind_of(family)
    unit = usual_unit(MEASURES[measure])
    if dimension_of(MEASURES[measure]) != "count":
        unit = unit_of(family) or unit
    combine = _MEAN.get(measure, Combine.SUM) if kind == SeriesKind.GAUGE else Combine.SUM
    return Row(measure, family.name, kind, unit, combine, own if MEASURES[measure].kind is not Kind.LEVEL else ())


def _failures(counted: Row, families: Iterable[Family]) -> Iterator[Row]:
    """Of a family that counts requests by status, those that the server failed."""
    family = next((family for family in families if family.name == counted.series), None)
    label = next((label for label in STATUS_LABELS if family and label in family.labels), None)
    if label:
        failed = Condition(label, ("5xx",))
        yield Row("failed_requests", counted.series, counted.kind, "count", conditions=(*counted.conditions, failed))


def usual_measure(family: Family) -> str:
    """The measure that a family probably is; '' when no name speaks for any."""
    for guess in GUESSES:
        if _best(guess, [family]):
            return guess.measure
    return ""


def kind_of(family: Family) -> SeriesKind:
    """The kind that a family says, or that its name tells where it says none."""
    if family.type:
        return SeriesKind(family.type)
    return SeriesKind.COUNTER if family.name.endswith(("_total", "_count", "_sum")) else SeriesKind.GAUGE


def unit_of(family: Family) -> str:
    """The key of the unit that a family says or that its name ends with; '' when neither does."""
    if family.said.unit in UNIT_WORDS:
        return UNIT_WORDS[family.said.unit]
    return next((UNIT_WORDS[word] for word in reversed(_words(family.name)) if word in UNIT_WORDS), "")


def model_label(families: Iterable[Family]) -> str:
    """The label that probably names the model; '' when there is none."""
    labels = {label for family in families for label in family.labels}
    return next((label for label in MODEL_LABELS if label in labels), "")


# --- What to beware of -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Caution:
    """What to know of a family before it is mapped; `other` is the family that it repeats."""

    code: str
    other: str = ""


def is_time_of_creation(name: str) -> bool:
    return name.endswith("_created")


def cautions(families: Sequence[Family]) -> dict[str, list[Caution]]:
    """By name. Two families that have counted the same number of things probably counted the same things."""
    found: dict[str, list[Caution]] = {}
    seen: dict[float, str] = {}
    for family in sorted(families, key=lambda family: (len(family.name), family.name)):
        told = found.setdefault(family.name, [])
        if is_time_of_creation(family.name):
            told.append(Caution("time_of_creation"))
            continue
        if not family.type:
            told.append(Caution("no_type"))
        if family.type == "summary":
            told.append(Caution("summary"))
        total = _counted(family)
        if total and total in seen:
            told.append(Caution("repeats", seen[total]))
        elif total:
            seen[total] = family.name
    return {name: told for name, told in found.items() if told}


def _counted(family: Family) -> float:
    """How many things a family has counted; 0 for what counts no things."""
    if family.type in {"histogram", "summary"}:
        return sum(sample.value for sample in family.samples if sample.name == f"{family.name}_count")
    if family.type == "counter" and not unit_of(family):
        return sum(sample.value for sample in family.samples)
    return 0.0
