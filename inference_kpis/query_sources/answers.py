"""What a query API answers: bytes in, index rows and points out. An answer is hostile until checked here."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import orjson

from inference_kpis.protocols.points import DEFAULT_LIMITS, Point, Series, number, sorted_labels
from inference_kpis.query_sources.problems import AnswerRefused

MOST_ROWS = 50_000
LONGEST_LABEL = 1024
MOST_SAMPLES = 300_000
LATEST_MS = 2**53
Labels = dict[str, str]


@dataclass(frozen=True)
class Row:
    """One row of an index: its labels, and how many series they have."""

    labels: Mapping[str, str]
    series: int


@dataclass
class Answer:
    """What a query gave; `is_partial` when the server itself says that something may be missing."""

    rows: list[Row] = field(default_factory=list)
    points: dict[str, list[Point]] = field(default_factory=lambda: defaultdict(list))
    is_partial: bool = False
    invalid: int = 0


@dataclass(frozen=True)
class Naming:
    """How series are named from here on: the node under `instance`, the stream of the source under `job`.

    `model_label` is the label that names the model, '' for those of the engine, and `engine_label` what the engine
    calls it.
    """

    node_label: str = "instance"
    stream: str = ""
    model_label: str = ""
    engine_label: str = ""


def read_index(body: bytes) -> Answer:
    """The rows of an instant vector. Raises `AnswerRefused`: half an index would retire the other half's nodes."""
    result, is_partial = _result(body, "vector")
    if len(result) > MOST_ROWS:
        raise AnswerRefused("too_many_rows")
    if any(len(text) > LONGEST_LABEL for each in result for text in _labels(each).values()):
        raise AnswerRefused("label_too_long")
    rows = [Row(_labels(each), _count(_sample(each.get("value"))[1])) for each in result]
    return Answer(rows, is_partial=is_partial)


def read_samples(body: bytes, naming: Naming) -> Answer:
    """The points of a matrix, by the name of their node. Raises `AnswerRefused`.

    A series with labels that cannot be kept is left out and counted. Points are as they came: whether they are new, in
    order and possible is judged where every pushed series is.
    """
    result, is_partial = _result(body, "matrix")
    answer = Answer(is_partial=is_partial)
    total = 0
    for each in result:
        labels, values = _labels(each), each.get("values", [])
        if not isinstance(values, list):
            raise AnswerRefused("bad_answer")
        total += len(values)
        if total > MOST_SAMPLES:
            raise AnswerRefused("too_many_samples")
        # Histograms of Prometheus's own kind come without the scale that their buckets were counted in.
        answer.invalid += bool(each.get("histograms"))
        try:
            node, series = _series(labels, naming)
        except ValueError:
            answer.invalid += 1
            continue
        answer.points[node] += [Point(series, *_point(value)) for value in values]
    return answer


def _series(labels: Labels, naming: Naming) -> tuple[str, Series]:
    """The node of a series, and the series as pushed ones are named. Raises ValueError."""
    name, node = labels.pop("__name__", ""), labels.pop(naming.node_label, "")
    if not name or not node:
        raise ValueError("name")
    # What a name replaces still tells series apart.
    if "instance" in labels:
        labels["vigie_instance"] = labels.pop("instance")
    if naming.engine_label and labels.get(naming.model_label):
        labels |= {"vigie_model": labels.get(naming.engine_label, ""), naming.engine_label: labels[naming.model_label]}
    labels |= {"instance": node, "job": f"{naming.stream}/{labels.get('job', '')}"}
    return node, _same(Series(name, sorted_labels(labels.items(), DEFAULT_LIMITS)))


@lru_cache(maxsize=20_000)
def _same(series: Series) -> Series:
    """One object for series that are equal: what was found out about one is remembered by its identity."""
    return series


def _result(body: bytes, kind: str) -> tuple[list[dict[str, Any]], bool]:
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise AnswerRefused("not_a_query_api") from None
    if not isinstance(answer, dict) or answer.get("status") not in {"success", "error"}:
        raise AnswerRefused("not_a_query_api")
    if answer["status"] == "error":
        raise AnswerRefused("query_failed")
    found = answer.get("data")
    result = found.get("result") if isinstance(found, dict) and found.get("resultType") == kind else None
    if not isinstance(result, list) or not all(isinstance(each, dict) for each in result):
        raise AnswerRefused("bad_answer")
    # Thanos and Mimir warn, VictoriaMetrics has a field of its own.
    return result, bool(answer.get("warnings")) or answer.get("isPartial") is True


def _labels(row: Mapping[str, Any]) -> Labels:
    labels = row.get("metric")
    if not isinstance(labels, dict) or not all(
        isinstance(value, str) and "\0" not in value for value in labels.values()
    ):
        raise AnswerRefused("bad_answer")
    return labels


def _sample(pair: object) -> tuple[float, str]:
    if (
        isinstance(pair, list)
        and len(pair) == 2
        and isinstance(pair[0], int | float)
        and isinstance(pair[1], str)
        and 0 <= pair[0] * 1000 < LATEST_MS
    ):
        return pair[0], pair[1]
    raise AnswerRefused("bad_answer")


def _point(pair: object) -> tuple[int, float | None]:
    at_seconds, text = _sample(pair)
    return round(at_seconds * 1000), _number(text)


def _count(text: str) -> int:
    return round(min(max(_number(text) or 0, 0), MOST_SAMPLES))


def _number(text: str) -> float | None:
    """A value, None where it says nothing: what ended a series never reaches an answer, so this is a NaN or infinite."""
    try:
        return number(float(text))
    except ValueError:
        raise AnswerRefused("bad_answer") from None


def slices(points: Sequence[Point], most_moments: int) -> Iterator[list[Point]]:
    """The points in order of time, in pieces of at most so many moments, none of which is cut in two."""
    by_moment: dict[int, list[Point]] = defaultdict(list)
    for point in points:
        by_moment[point.at_ms].append(point)
    moments = sorted(by_moment)
    for start in range(0, len(moments), most_moments):
        yield [point for moment in moments[start : start + most_moments] for point in by_moment[moment]]
