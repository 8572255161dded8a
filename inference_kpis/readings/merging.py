"""Roll-ups of groups merged where they lie: PostgreSQL adds the numbers of rows of one shape, position by position.

A page about three hundred groups then fetches a row for each line and step that it draws, and not one for each group and
minute; of each row, the numbers of the measures that it asks for.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from inference_kpis.catalogue import MEASURES_BY_ID, Kind
from inference_kpis.readings import codec
from inference_kpis.readings.algebra import Reading, merge_all
from inference_kpis.readings.arrays import array_text
from inference_kpis.readings.store import as_datetime, as_ms, layouts_by_id

# PostgreSQL takes no more than a hundred arguments.
MOST_ARGUMENTS = 90


@dataclass(frozen=True, slots=True)
class Stretch:
    """The roll-ups of one width in [start, end)."""

    width: str
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Steps:
    """Where merged readings begin: every `length` since 1970, or else at the last of these `starts`."""

    length: timedelta | None
    starts: Sequence[datetime] = ()

    def sql(self) -> tuple[str, list[Any]]:
        if self.length is not None:
            return "date_bin(%s, bucket_at, '1970-01-01 00:00+00')", [self.length]
        starts = array_text(self.starts)
        return "(%s::timestamptz[])[greatest(1, width_bucket(bucket_at, %s::timestamptz[]))]", [starts, starts]


@dataclass(frozen=True, slots=True)
class Merged:
    """What the groups of a class did in a step."""

    class_id: int
    start: datetime
    reading: Reading


def merged(
    class_of: Mapping[int, int], stretches: Sequence[Stretch], steps: Steps, wanted: Collection[int] | None = None
) -> list[Merged]:
    """One reading for each class of groups and step, with the measures of these ids or with all; three queries.

    `class_of` says for each group's id into which class it is merged. Rows whose shape is not the one that their group
    has at last are rare: one more query for each such shape fetches them, and they are merged here.
    """
    if not class_of or not stretches:
        return []
    layouts = layouts_by_id()
    found: dict[tuple[int, int], list[Reading]] = defaultdict(list)
    kinds = list(_kinds(class_of, stretches, codec.Shapes(layouts)))
    if not kinds:
        return []
    parts = [_added(kind, class_of, steps, wanted) for kind in kinds]
    others: list[_Kind] = []
    with connection.cursor() as cursor:
        cursor.execute(
            " UNION ALL ".join(query for query, _ in parts), [value for _, values in parts for value in values]
        )
        for number, class_id, start_ms, first_ms, last_ms, is_of_shape, numbers in cursor.fetchall():
            kind = kinds[number]
            if not is_of_shape:
                others.append(kind)
                continue
            measures = codec.decode(_kept(kind.shape, wanted), _numbers(numbers), layouts)
            found[class_id, start_ms].append(Reading(first_ms, last_ms, measures))
        for kind in {id(kind): kind for kind in others}.values():
            query, values = _not_of_shape(kind, class_of, steps)
            cursor.execute(query, values)
            for class_id, start, first, last, ids, numbers in cursor.fetchall():
                measures = codec.decode(ids, numbers, layouts)
                keys = {MEASURES_BY_ID[id_].key for id_ in ids if wanted is None or id_ in wanted}
                kept = {key: value for key, value in measures.items() if key in keys}
                found[class_id, as_ms(start)].append(Reading(as_ms(first), as_ms(last), kept))
    starts = {start_ms: as_datetime(start_ms) for _, start_ms in found}
    return [Merged(class_id, starts[start_ms], merge_all(parts)) for (class_id, start_ms), parts in found.items()]


@dataclass(frozen=True, slots=True)
class _Kind:
    """Groups whose roll-ups in a stretch have a shape, as far as their last one tells."""

    number: int
    stretch: Stretch
    shape: codec.Shape
    groups: Sequence[int]

    def is_of_shape(self) -> tuple[str, list[Any]]:
        """The condition that a row is, and its values."""
        conditions = "measures = %s::smallint[] AND cardinality(numbers) = %s"
        values: list[Any] = [array_text(self.shape.ids), self.shape.length]
        for at, value in self.shape.layouts.items():
            conditions += f" AND numbers[{at + 1}] = {value}"
        return f"({conditions})", values

    def rows(self, class_of: Mapping[int, int]) -> tuple[str, list[Any]]:
        """The rows of these groups in this stretch with the class of each."""
        return (
            f" FROM inference_kpis_rollup_{self.stretch.width}"
            " JOIN unnest(%s::int[], %s::int[]) AS of (group_of_class, class_id) ON scope_id = group_of_class"
            " WHERE scope = 1 AND scope_id = ANY(%s::int[]) AND bucket_at >= %s AND bucket_at < %s",
            [
                array_text(self.groups),
                array_text(class_of[group] for group in self.groups),
                array_text(self.groups),
                self.stretch.start,
                self.stretch.end,
            ],
        )


def _kinds(class_of: Mapping[int, int], stretches: Sequence[Stretch], shapes: codec.Shapes) -> Iterator[_Kind]:
    """The groups of each stretch by the shape of their last row in it; one query."""
    last = " UNION ALL ".join(
        f"(SELECT {number} AS stretch, measures, numbers FROM inference_kpis_rollup_{stretch.width} WHERE scope = 1"
        " AND scope_id = wanted_id AND bucket_at >= %s AND bucket_at < %s ORDER BY bucket_at DESC LIMIT 1)"
        for number, stretch in enumerate(stretches)
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT stretch, wanted_id, last.measures, last.numbers FROM unnest(%s::int[]) AS of (wanted_id)"
            f" CROSS JOIN LATERAL ({last}) AS last",
            [array_text(class_of), *(moment for each in stretches for moment in (each.start, each.end))],
        )
        rows = cursor.fetchall()
    groups: dict[tuple[int, int], list[int]] = defaultdict(list)
    by_id: dict[int, codec.Shape] = {}
    for number, group_id, ids, numbers in rows:
        shape = shapes.of((ids, numbers))
        by_id[id(shape)] = shape
        groups[number, id(shape)].append(group_id)
    for position, ((number, shape_id), of_shape) in enumerate(groups.items()):
        yield _Kind(position, stretches[number], by_id[shape_id], of_shape)


def _added(
    kind: _Kind, class_of: Mapping[int, int], steps: Steps, wanted: Collection[int] | None
) -> tuple[str, list[Any]]:
    step, step_values = steps.sql()
    condition, condition_values = kind.is_of_shape()
    rows, row_values = kind.rows(class_of)
    positions = _positions(kind.shape, wanted)
    # OFFSET keeps the planner from sorting whole rows where the numbers of a measure are enough.
    numbers = "".join(f", numbers[{at}] AS n{at}" for at in positions)
    return (
        f"SELECT {kind.number}, class_id, {_ms('step')}, {_ms('min(started_at)')}, {_ms('max(ended_at)')}, is_of_shape,"
        f" {_joined(_sums(kind.shape, wanted))} FROM (SELECT class_id, {step} AS step, started_at, ended_at,"
        f" {condition} AS is_of_shape{numbers}{rows} OFFSET 0) AS found GROUP BY class_id, step, is_of_shape",
        [*step_values, *condition_values, *row_values],
    )


def _ms(moment: str) -> str:
    """Milliseconds since 1970, which are read several times as fast as moments."""
    return f"(extract(epoch FROM {moment}) * 1000)::bigint"


def _not_of_shape(kind: _Kind, class_of: Mapping[int, int], steps: Steps) -> tuple[str, list[Any]]:
    step, step_values = steps.sql()
    condition, condition_values = kind.is_of_shape()
    rows, row_values = kind.rows(class_of)
    return (
        f"SELECT class_id, {step}, started_at, ended_at, measures, numbers{rows} AND NOT {condition}",
        [*step_values, *row_values, *condition_values],
    )


def _kept(shape: codec.Shape, wanted: Collection[int] | None) -> list[int]:
    return [id_ for id_ in shape.ids if wanted is None or id_ in wanted]


def _spans(shape: codec.Shape, wanted: Collection[int] | None) -> Iterator[tuple[int, range]]:
    """The measures asked for, and where their numbers stand, counted from 1."""
    ends = dict(zip(shape.ids, [*list(shape.starts.values())[1:], shape.length], strict=True))
    for id_ in _kept(shape, wanted):
        yield id_, range(shape.starts[id_] + 1, ends[id_] + 1)


def _positions(shape: codec.Shape, wanted: Collection[int] | None) -> list[int]:
    return [at for _, span in _spans(shape, wanted) for at in span if at - 1 not in shape.layouts]


def _sums(shape: codec.Shape, wanted: Collection[int] | None) -> list[str]:
    """What each number becomes when rows of this shape are merged, as `codec.Shape.added` has it."""
    found: list[str] = []
    for id_, span in _spans(shape, wanted):
        if MEASURES_BY_ID[id_].kind is Kind.LEVEL:
            integral, covered, minimum, maximum, last, last_at = span
            newest = f"max(ARRAY[n{last_at}, n{last}])"
            found += [f"sum(n{integral})", f"sum(n{covered})", f"min(n{minimum})", f"max(n{maximum})"]
            found += [f"({newest})[2]", f"({newest})[1]"]
        else:
            layouts = shape.layouts
            found += (str(layouts[at - 1]) if at - 1 in layouts else f"sum(n{at})" for at in span)
    return found


def _joined(expressions: Sequence[str]) -> str:
    """One text with commas between the values; sums may be larger than 64 bits, and text has no limit."""
    while len(expressions) > MOST_ARGUMENTS:
        expressions = [
            _joined(expressions[start : start + MOST_ARGUMENTS]) for start in range(0, len(expressions), MOST_ARGUMENTS)
        ]
    return f"concat_ws(',', {', '.join(expressions)})" if expressions else "''"


def _numbers(joined: str) -> list[int]:
    return [*map(int, joined.split(","))] if joined else []
