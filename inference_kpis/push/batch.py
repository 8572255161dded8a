"""A batch of JSON readings, checked item by item: values in, readings or refusals out.

The body is written down in docs/api.md. An odd reading is refused with a code and a sentence and takes nothing else
with it. Batches are checked as plain values, without an object per field: a thousand readings cost milliseconds.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from inference_kpis.catalogue import MEASURES, PROBE_MEASURES, Kind, Measure
from inference_kpis.readings.algebra import (
    LARGEST_INCREASE,
    MOST_BUCKETS,
    Bounds,
    Distribution,
    Increase,
    Level,
    MeasureValue,
    Reading,
    fits,
)
from inference_kpis.readings.derived import DERIVED
from inference_kpis.readings.store import LONGEST_READING, as_ms

FUTURE_ALLOWED = timedelta(minutes=5)
MOST_NAME_CHARACTERS = 200

MESSAGES: dict[str, str | Promise] = {
    "in_future": _("The reading ends more than 5 minutes in the future. Check the sender's clock."),
    "invalid": _("A reading is an object with node, model, start, end and at least one measure."),
    "invalid_measure": _("The value of %(name)s does not fit its kind."),
    "invalid_time": _("Start and end are ISO 8601 times with an offset, start before end."),
    "conflict": _("This slot already holds a different value; the stored one stays."),
    "pulled_node": _("This node is pulled by Vigie, so that what it pushes would count twice."),
    "too_long": _("A reading covers at most one hour. Send shorter ones."),
    "too_many_models": _("This node reports more models than the limit."),
    "too_old": _("The reading is older than what is kept in detail."),
    "unknown_measure": _("There is no measure %(name)s in the catalogue."),
    "unknown_node": _("No node of this name may be written with this key."),
    "invalid_series": _("The series has no name, or its labels are repeated, too many or too long."),
    "not_recognised": _("The series do not tell which server this node runs. Choose its engine."),
    "out_of_order": _("Newer data of this sender is stored already; counters go on from there."),
    "too_many_moments": _("Too many different times wait to be stored. Send smaller requests."),
    "too_many_series": _("More series than the limit; those beyond it are not counted."),
    "too_many_streams": _("More senders and jobs give series of this node than the limit."),
    "unsupported": _(
        "Summaries, histograms of gauges and sums that are neither delta nor cumulative cannot be stored."
    ),
}
# What Vigie itself measures or derives.
OWN_MEASURES = frozenset({"pulls", "successful_pulls"}) | DERIVED | PROBE_MEASURES
NUMBERS = {int, float}
GROUPS = {"increases": Kind.INCREASE, "levels": Kind.LEVEL, "distributions": Kind.DISTRIBUTION}


@dataclass(frozen=True, slots=True)
class Refusal(Exception):
    """Why one reading is not taken; `name` is the measure it is about, if any."""

    code: str
    name: str = ""

    @property
    def message(self) -> str:
        return str(MESSAGES[self.code]) % {"name": self.name}


@dataclass(frozen=True, slots=True)
class PushedReading:
    """One item of a batch, understood."""

    node: str
    model: str
    reading: Reading


def read_item(item: object, *, now: datetime, oldest: datetime) -> PushedReading:
    """One item of a batch. Raises `Refusal`."""
    if not isinstance(item, dict):
        raise Refusal("invalid")
    node, model = item.get("node"), item.get("model", "")
    if not _is_name(node) or not node or not _is_name(model):
        raise Refusal("invalid")
    if item.keys() - {"node", "model", "start", "end", *GROUPS}:
        raise Refusal("invalid")
    start, end = _read_time_of(item.get("start")), _read_time_of(item.get("end"))
    if start >= end:
        raise Refusal("invalid_time")
    if end - start > LONGEST_READING:
        raise Refusal("too_long")
    if end > now + FUTURE_ALLOWED:
        raise Refusal("in_future")
    if start < oldest:
        raise Refusal("too_old")
    start_ms, end_ms = as_ms(start), as_ms(end)
    if start_ms == end_ms:
        raise Refusal("invalid_time")
    measures: dict[str, MeasureValue] = {}
    for group, kind in GROUPS.items():
        values = item.get(group, {})
        if not isinstance(values, dict):
            raise Refusal("invalid")
        for key, value in values.items():
            measures[key] = _read_measure(key, kind, value, start_ms, end_ms)
    if not measures:
        raise Refusal("invalid")
    return PushedReading(node, model, Reading(start_ms, end_ms, measures))


def _is_name(value: object) -> bool:
    return isinstance(value, str) and len(value) <= MOST_NAME_CHARACTERS and (value.isprintable() or not value)


def _read_time_of(value: object) -> datetime:
    moment = _read_time(value) if isinstance(value, str) else None
    if moment is None:
        raise Refusal("invalid_time")
    return moment


@lru_cache(maxsize=1000)
def _read_time(text: str) -> datetime | None:
    """None for what is no moment; remembered, since the readings of a batch share their times."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if moment.tzinfo is None or not 1970 < moment.year < 9000 else moment


def _read_measure(key: str, kind: Kind, value: object, start_ms: int, end_ms: int) -> MeasureValue:
    measure = MEASURES.get(key)
    if measure is None or measure.kind is not kind or key in OWN_MEASURES:
        raise Refusal("unknown_measure", str(key)[:MOST_NAME_CHARACTERS])
    covered_ms = end_ms - start_ms
    found: MeasureValue
    if kind is Kind.DISTRIBUTION:
        found = _read_distribution(measure, value, covered_ms)
    elif kind is Kind.INCREASE:
        found = Increase(_quanta(measure, value), covered_ms)
    else:
        quanta = _quanta(measure, value)
        found = Level(quanta * covered_ms, covered_ms, quanta, quanta, quanta, end_ms)
    if not fits(found):
        raise Refusal("invalid_measure", measure.key)
    return found


def _read_distribution(measure: Measure, value: object, covered_ms: int) -> Distribution:
    if not isinstance(value, dict) or value.keys() != {"bounds", "counts", "sum"}:
        raise Refusal("invalid_measure", measure.key)
    bounds, counts = value["bounds"], value["counts"]
    if not isinstance(bounds, list) or not isinstance(counts, list) or not 0 < len(bounds) <= MOST_BUCKETS:
        raise Refusal("invalid_measure", measure.key)
    # By their types first: 1 and true are equal, and so would be found to be the same layout.
    are_numbers = set(map(type, bounds)) <= NUMBERS and set(map(type, counts)) <= {int}
    layout = _layout(tuple(bounds)) if are_numbers and len(counts) == len(bounds) + 1 else None
    if layout is None:
        raise Refusal("invalid_measure", measure.key)
    return Distribution({layout: tuple(counts)}, _quanta(measure, value["sum"]), covered_ms)


@lru_cache(maxsize=2000)
def _layout(bounds: tuple[float, ...]) -> Bounds | None:
    """The bounds as floats, None when they do not rise; remembered, since servers of one make have the same."""
    is_rising = all(map(math.isfinite, bounds)) and all(lower < upper for lower, upper in pairwise(bounds))
    return tuple(map(float, bounds)) if is_rising else None


def _quanta(measure: Measure, value: Any) -> int:
    """The value in quanta; booleans, negatives and what no measure could hold are refused."""
    if type(value) not in (int, float) or not 0 <= value < LARGEST_INCREASE:
        raise Refusal("invalid_measure", measure.key)
    return measure.to_quanta(value)


def read_batch(body: object) -> list[object] | None:
    """The items of a request body, or None when it is no batch."""
    items = body.get("readings") if isinstance(body, Mapping) else None
    return items if isinstance(items, list) else None
