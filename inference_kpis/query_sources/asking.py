"""Asking a source which nodes it has, and deciding which of them are asked about together: what is due are rows."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction

from accounts.audit import record
from inference_kpis.query_sources.answers import read_index
from inference_kpis.query_sources.chunks import Asked, Chunk, chunks, since
from inference_kpis.query_sources.following import follow, plan_of
from inference_kpis.query_sources.models import QueriedNode, QuerySource
from inference_kpis.query_sources.planning import LARGE, Shown, nodes_of
from inference_kpis.query_sources.problems import AnswerRefused
from inference_kpis.query_sources.promql import index_query
from inference_kpis.query_sources.querying import ask
from inference_kpis.readings.store import as_ms

# Longer than a task may run, so that nobody else follows the same index meanwhile.
LEASE = timedelta(seconds=90)
# Counting series costs the server more than reading some of them.
INDEX_AFTER = timedelta(seconds=60)
MOST_KEPT = 200

CLAIM = """
WITH due AS (
    SELECT id FROM inference_kpis_querysource
    WHERE next_ask_at <= %(now)s AND is_on AND (leased_until IS NULL OR leased_until < %(now)s)
    ORDER BY next_ask_at LIMIT 50 FOR UPDATE SKIP LOCKED
)
UPDATE inference_kpis_querysource s SET
    lease = s.lease + 1,
    leased_until = %(now)s + %(lease)s * interval '1 second',
    -- The next whole interval after now, counted from when it was due: late questions do not drift and do not pile up.
    next_ask_at = s.next_ask_at + s.interval_seconds * interval '1 second'
        * (1 + floor(extract(epoch FROM %(now)s - s.next_ask_at) / s.interval_seconds))
FROM due WHERE s.id = due.id RETURNING s.id, s.lease
"""


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to ask one source once."""

    source_id: int
    lease: int


@dataclass(frozen=True, slots=True)
class Errand:
    """Nodes to ask a source about, by id, while it is the edition that it was."""

    source_id: int
    edition: int
    node_ids: tuple[int, ...]


def claim_due(now: datetime) -> list[Claim]:
    """Lease every source that is due; those under somebody else's lease or lock are left to them."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(CLAIM, {"now": now, "lease": LEASE.total_seconds()})
        return [Claim(*row) for row in cursor.fetchall()]


def ask_claimed(claim: Claim, now: datetime) -> list[Errand]:
    """Follow the index when it is time for it, and say which nodes to ask about together.

    Nothing happens under a lease that is spent; nobody is asked further while the index cannot be read.
    """
    held = QuerySource.objects.filter(pk=claim.source_id, lease=claim.lease, is_on=True)
    source = held.select_related("default_site").first()
    if source is None:
        return []
    try:
        is_due = source.indexed_at is None or source.indexed_at <= now - INDEX_AFTER
        return errands(source, now) if not is_due or _follow_index(source, claim, now) else []
    finally:
        held.update(leased_until=None)


def _follow_index(source: QuerySource, claim: Claim, now: datetime) -> bool:
    """Ask for the index and make the fleet what it says; whether the server answers and the lease was kept."""
    nodes: list[Shown] = []
    problem = ""
    was = source.problem
    try:
        nodes, is_partial = read_nodes(source, now)
        # Nodes that cannot be scraped leave the index, and their server still says that they are down.
        is_emptied = not nodes and source.queried.asked().count() >= LARGE
        problem = "emptied" if is_emptied else "partial" if is_partial else ""
        source.indexed_at = now
    except AnswerRefused as refused:
        problem = refused.code
    if problem:
        source.report(problem, now)
    else:
        source.accept(now)
    planned = plan_of(source, nodes, now) if problem in {"", "partial"} else None
    source.refused = planned.refused[:MOST_KEPT] if planned else source.refused
    with transaction.atomic():
        if not QuerySource.objects.select_for_update().filter(pk=source.pk, lease=claim.lease).exists():
            return False
        if problem and problem != was:
            record("query_source.fail", source.name, actor=None, problem=problem)
        source.save(update_fields=["indexed_at", "good_since", "refused", "problem", "problem_at"])
    if planned and follow(source, planned, now) < len(planned.changes):
        QuerySource.objects.filter(pk=source.pk, is_on=True).update(next_ask_at=now, indexed_at=None)
    return problem in {"", "partial", "emptied"}


def read_nodes(source: QuerySource, now: datetime) -> tuple[list[Shown], bool]:
    """The nodes that the server shows, and whether some may be missing. Raises `AnswerRefused`."""
    index = ask(source, index_query(source.scope), now, read_index)
    return nodes_of(index.rows, source.node_label, source.label_names, source.engine), index.is_partial


def errands(source: QuerySource, now: datetime) -> list[Errand]:
    """Every node that is asked about, in chunks whose answers stay well within the limit. One query."""
    links = source.queried.asked().select_related("node").only("node__engine", "name", "series", "heard_at")
    return [
        Errand(source.pk, source.edition, tuple(node.node_id for node in chunk.nodes))
        for chunk in chunks_of(source, links, now)
    ]


def chunks_of(source: QuerySource, links: Iterable[QueriedNode], now: datetime) -> list[Chunk]:
    """These nodes in chunks, each asked about from its newest sample on."""
    now_ms = as_ms(now)
    asked = [
        Asked(
            link.node_id,
            link.name,
            link.node.engine,
            link.series,
            since(as_ms(link.heard_at) if link.heard_at else None, now_ms, source.interval_seconds * 1000),
        )
        for link in links
    ]
    return chunks(asked, now_ms)
