"""Where pushed points belong: their node and stream, and the key of their series as the node's engine knows it."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from functools import lru_cache, partial
from typing import NamedTuple, TypeVar

from django.conf import settings

from inference_kpis.engines import Engine
from inference_kpis.protocols.points import Buckets, Point, Series
from inference_kpis.push import assembly
from inference_kpis.push.assembly import UP
from inference_kpis.push.batch import FUTURE_ALLOWED, MOST_NAME_CHARACTERS
from inference_kpis.readings.store import as_ms

NODE_LABEL, JOB_LABEL = "instance", "job"
# What tells two senders of the same series apart: they are streams of their own, of which one is counted.
REPLICA_LABELS = ("__replica__", "prometheus_replica")
# Series that are remembered by what was found out about them.
MOST_REMEMBERED = 20_000
HISTOGRAM_SUFFIXES = ("_bucket", "_sum", "_count")


class Place(NamedTuple):
    """Where a series belongs: node, stream, and what is left of it without the labels that say so."""

    node: str
    stream: str
    series: Series


def placed(
    points: Iterable[Point], now: datetime
) -> tuple[dict[tuple[str, str], list[tuple[Series, Point]]], list[tuple[Point, str]]]:
    """The points that can be taken, by node name and stream, in order of time; and the others with the code of why not."""
    newest_ms = as_ms(now + FUTURE_ALLOWED)
    oldest_ms = as_ms(now - timedelta(days=settings.RAW_RETENTION_DAYS - 1))
    taken: dict[tuple[str, str], list[tuple[Series, Point]]] = defaultdict(list)
    refused: list[tuple[Point, str]] = []
    for point in sorted(points, key=lambda point: point.at_ms):
        place = _place(point.series)
        node = point.instance or (place.node if place else "")
        if point.problem or place is None or not _is_name(node):
            refused.append((point, point.problem or "invalid_series"))
        elif not node:
            refused.append((point, "unknown_node"))
        elif point.at_ms > newest_ms:
            refused.append((point, "in_future"))
        elif point.at_ms < oldest_ms:
            refused.append((point, "too_old"))
        else:
            taken[node, place.stream].append((place.series, point))
    return taken, refused


Found = TypeVar("Found")


def remembered(find: Callable[[Series], Found]) -> Callable[[Series], Found]:
    """The function, with what it found for the very same object: series that are decoded again are, and to hash the
    labels of one costs more than all else that is done with its point.
    """
    known: dict[int, tuple[Series, Found]] = {}

    def look_up(series: Series) -> Found:
        found = known.get(id(series))
        # The series is kept with what was found, so that nothing else can have its identity.
        if found is None:
            if len(known) >= MOST_REMEMBERED:
                known.clear()
            found = known[id(series)] = series, find(series)
        return found[1]

    return look_up


@remembered
def _place(series: Series) -> Place | None:
    """Where a series belongs; None when its stream cannot be."""
    labels = dict(series.labels)
    node, job = labels.pop(NODE_LABEL, ""), labels.pop(JOB_LABEL, "")
    replicas = [labels.pop(label, "") for label in REPLICA_LABELS]
    stream = "/".join([job, *filter(None, replicas)])
    return Place(node, stream, Series(series.name, tuple(labels.items()))) if _is_name(stream) else None


def _is_name(text: str) -> bool:
    return len(text) <= MOST_NAME_CHARACTERS and (text.isprintable() or not text)


def wanted_of(engine: Engine, found: Sequence[tuple[Series, Point]]) -> list[tuple[str, Point]]:
    """The points whose series the engine reads, with the keys of those under the names it knows."""
    known = _known_by(engine)
    named = ((known[isinstance(point.value, Buckets)](series), point) for series, point in found)
    return [(key, point) for key, point in named if key]


@lru_cache(maxsize=200)
def _known_by(engine: Engine) -> tuple[Callable[[Series], str], Callable[[Series], str]]:
    """What gives the key of a plain series, and of a histogram in one piece, as an engine knows it."""
    plain, histogram = partial(_known, engine, is_histogram=False), partial(_known, engine, is_histogram=True)
    return remembered(plain), remembered(histogram)


def _known(engine: Engine, series: Series, *, is_histogram: bool) -> str:
    """The key of the series as the engine knows it, without what it has no use for; '' when it does not read it.

    OTLP adds `_total` to counters that some servers show without.
    """
    wanted = engine.wanted
    shape = assembly.shape_of(engine)
    for name in (series.name, series.name.removesuffix("_total")):
        names = [name + suffix for suffix in HISTOGRAM_SUFFIXES] if is_histogram else [name]
        if any(each.encode() in wanted for each in names):
            return assembly.series_key(assembly.reduced(series._replace(name=name), shape))
    return assembly.series_key(assembly.reduced(series, shape)) if series.name == UP else ""
