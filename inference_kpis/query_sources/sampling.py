"""Asking about some nodes and storing what they showed, each in a transaction of its own, where pushed series go too."""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial

import structlog

from inference_kpis.engines import ENGINES
from inference_kpis.fleet.models import Node
from inference_kpis.push.series import ingest_points_of
from inference_kpis.query_sources.answers import Answer, Naming, read_samples, slices
from inference_kpis.query_sources.asking import Errand, chunks_of
from inference_kpis.query_sources.chunks import Chunk
from inference_kpis.query_sources.models import QueriedNode, QuerySource
from inference_kpis.query_sources.problems import AnswerRefused
from inference_kpis.query_sources.promql import samples_query
from inference_kpis.query_sources.querying import ask
from inference_kpis.readings.store import as_datetime, as_ms

logger = structlog.get_logger(__name__)

# Moments of one transaction; more than a hundred would have to be settled before they are whole.
MOST_MOMENTS = 50
# A task gives no answer after this long; what is left is heard least lately, and comes first next time.
LONGEST_SECONDS = 45.0
# Answers that are too much, of one errand.
MOST_REFUSED = 16
# What is expected of asking for a part of what was asked for before.
EXPECTED = frozenset({"out_of_order"})


def run_errand(errand: Errand, now: datetime) -> int:
    """Ask a source about these nodes; the number of points that were new.

    Repeating it changes nothing: every point is judged by its time, and the next question goes on from the newest.
    """
    source = _current(errand)
    if source is None or (source.stalled_until and source.stalled_until > now):
        return 0
    links = {
        link.node_id: link
        for link in source.queried.asked().filter(node__in=errand.node_ids).select_related("node")
        if link.node.engine in ENGINES
    }
    last_start = time.monotonic() + LONGEST_SECONDS - source.timeout_seconds
    pending = chunks_of(source, links.values(), now)
    taken = refusals = 0
    while pending and time.monotonic() < last_start:
        chunk = pending.pop(0)
        chunk_links = [links[node.node_id] for node in chunk.nodes]
        try:
            answer = _ask(source, chunk)
        except AnswerRefused as refused:
            refusals += 1
            parts = chunk.halves() if refused.may_be_smaller else ()
            if not parts:
                _note(chunk_links, refused.code)
            if not refused.may_be_smaller or refusals == MOST_REFUSED:
                _stall(source, now)
                break
            pending = [*parts, *pending]
            continue
        if _current(errand) is None:
            break
        taken += sum(_store(source, link, answer, now) for link in chunk_links)
    return taken


def _stall(source: QuerySource, now: datetime) -> None:
    """Let the other errands of this tick go: a server that keeps everybody waiting costs its own time-out and no more."""
    until = now + timedelta(seconds=source.interval_seconds / 2)
    QuerySource.objects.filter(pk=source.pk).update(stalled_until=until)


def _current(errand: Errand) -> QuerySource | None:
    """The source, unless it was changed, switched off or removed since the errand was given."""
    return QuerySource.objects.filter(pk=errand.source_id, edition=errand.edition, is_on=True).first()


def _ask(source: QuerySource, chunk: Chunk) -> Answer:
    engine = ENGINES[chunk.nodes[0].engine]
    naming = Naming(
        source.node_label,
        _stream(source),
        source.model_label,
        next(iter(engine.model_labels), "") if source.model_label else "",
    )
    query = samples_query(source.scope, engine.key, [node.name for node in chunk.nodes], chunk.seconds)
    return ask(source, query, as_datetime(chunk.end_ms), lambda body: read_samples(body, naming))


def _stream(source: QuerySource) -> str:
    """A stream of its own: what a sender pushes of the same node is never added to it."""
    return f"query source {source.pk}"


def _store(source: QuerySource, link: QueriedNode, answer: Answer, now: datetime) -> int:
    """Store the points of one node and say how it went on its row; the number that was new.

    Should a node bring what nobody foresaw, the others are stored without it, and its failure on it.
    """
    # What other jobs show under the node's name says nothing of it.
    jobs = {f"{_stream(source)}/{job}" for job in link.jobs}
    points = [point for point in answer.points.get(link.name, ()) if dict(point.series.labels)["job"] in jobs]
    codes: Counter[str] = Counter()
    taken = known = 0
    try:
        for piece in slices(points, MOST_MOMENTS):
            receipt = ingest_points_of(piece, partial(_locked, link), now=now)
            taken += receipt.taken
            known += receipt.repeated
            codes += receipt.dropped + Counter(receipt.codes)
    except Exception:
        logger.exception("queried_node_not_stored", source=source.name, node=link.name)
        _note([link], "not_stored")
        return taken
    problems = [code for code, _ in codes.most_common() if code not in EXPECTED]
    heard_at = None
    if taken or known:
        newest = as_datetime(min(max(point.at_ms for point in points), as_ms(now)))
        heard_at = max(newest, link.heard_at or newest)
    _note([link], next(iter(problems), "partial" if answer.is_partial else ""), heard_at)
    return taken


def _locked(link: QueriedNode, names: set[str]) -> Mapping[str, Node]:
    """The node of this row by the name that its source has for it, locked; none once it is out of service."""
    found = (
        Node.objects.in_service()
        .filter(pk=link.node_id)
        .select_for_update(of=("self",), no_key=True)
        .select_related("site")
        .first()
    )
    return {link.name: found} if found and link.name in names else {}


def _note(links: Sequence[QueriedNode], problem: str, heard_at: datetime | None = None) -> None:
    """Write how it went on the rows for which that is new."""
    changed = [link for link in links if link.problem != problem or heard_at]
    for link in changed:
        link.problem, link.heard_at = problem, heard_at or link.heard_at
    if changed:
        QueriedNode.objects.bulk_update(changed, ("problem", "heard_at"))
