"""Readings in the store without a way in: at seconds after `pulls.START`, of a node and a model."""

from typing import Any

from django.db import connection, transaction

from inference_kpis.fleet.models import Node
from inference_kpis.readings import codec, store
from inference_kpis.readings.algebra import Increase, Level, MeasureValue, Reading
from inference_kpis.readings.store import Outcome, as_ms
from tests.inference_kpis.pulls import at


def reading(end: float, length: float = 15, **measures: int | MeasureValue) -> Reading:
    """The reading of the `length` seconds up to `end`; a plain number is an increase."""
    start_ms, end_ms = as_ms(at(end - length)), as_ms(at(end))
    covered_ms = end_ms - start_ms
    values = {key: Increase(value, covered_ms) if isinstance(value, int) else value for key, value in measures.items()}
    return Reading(start_ms, end_ms, values or {"requests": Increase(1, covered_ms)})


def level(value: int, end: float, length: float = 15) -> Level:
    """A gauge that stood at so many quanta."""
    covered_ms = round(length * 1000)
    return Level(value * covered_ms, covered_ms, value, value, value, as_ms(at(end)))


def put(node: Node, *readings: Reading, model: str = "m") -> Outcome:
    """Store readings of one model of a node."""
    with transaction.atomic():
        return store.store_slots(store.slots_of((node, model, each) for each in readings))


def rows(query: str, *values: Any) -> list[Any]:
    """What a query answers; the first column alone where there is one."""
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        found = cursor.fetchall()
    return [row[0] if len(row) == 1 else row for row in found]


def stored(node: Node) -> list[Reading]:
    """The raw readings of a node in time order."""
    columns = "started_at, ended_at, measures, numbers"
    found = rows(f"SELECT {columns} FROM inference_kpis_reading WHERE node_id = %s ORDER BY ended_at", node.pk)
    layouts = store.layouts_by_id()
    return [Reading(as_ms(a), as_ms(b), codec.decode(ids, numbers, layouts)) for a, b, ids, numbers in found]
