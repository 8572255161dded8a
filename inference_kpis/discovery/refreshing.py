"""Fetching a source's list and following it: what is due are rows, and only a good answer changes a node."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import IntegrityError, connection, transaction

from accounts.audit import record
from inference_kpis.discovery.membership import bring_back, site_of, take_out
from inference_kpis.discovery.models import DiscoveredNode, DiscoverySource
from inference_kpis.discovery.planning import Change, Fleet, Kind, Owned, Plan, plan, timeout_within
from inference_kpis.discovery.problems import ListRefused
from inference_kpis.discovery.targets import place, read_list
from inference_kpis.exceptions import KeyLost
from inference_kpis.fleet.models import Node, Site
from inference_kpis.fleet.registration import save_node
from inference_kpis.pull.client import Limits, Target, authorization, fetch_all
from inference_kpis.pull.schedule import schedule_node

log = structlog.get_logger(__name__)

TIMEOUT_SECONDS = 10
# Longer than a task may run, so that nobody else follows the same list meanwhile.
LEASE = timedelta(seconds=90)
# An empty list is believed of a source that has fewer nodes than this: a restarted registry often has none at first.
LARGE = 5
# More changes than this are made in several refreshes, one right after the other, each within its task's time.
MOST_CHANGES_AT_ONCE = 500

CLAIM = """
WITH due AS (
    SELECT id FROM inference_kpis_discoverysource
    WHERE next_refresh_at <= %(now)s AND (leased_until IS NULL OR leased_until < %(now)s)
    ORDER BY next_refresh_at LIMIT 50 FOR UPDATE SKIP LOCKED
)
UPDATE inference_kpis_discoverysource s SET
    lease = s.lease + 1,
    leased_until = %(now)s + %(lease)s * interval '1 second',
    -- What somebody asked of a source that is off stays due until it is done.
    next_refresh_at = CASE WHEN s.is_on THEN %(now)s + s.refresh_seconds * interval '1 second' ELSE s.next_refresh_at END
FROM due WHERE s.id = due.id RETURNING s.id, s.lease
"""


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to refresh one source once."""

    source_id: int
    lease: int


def claim_due(now: datetime) -> list[Claim]:
    """Lease every source that is due; those under somebody else's lease or lock are left to them."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(CLAIM, {"now": now, "lease": LEASE.total_seconds()})
        return [Claim(*row) for row in cursor.fetchall()]


def refresh_claimed(claim: Claim, now: datetime) -> None:
    """Fetch the list, keep it, and follow it when the source is on. Nothing happens under a lease that is spent."""
    source = DiscoverySource.objects.filter(pk=claim.source_id, lease=claim.lease).first()
    if source is None:
        return
    body, problem = _fetch(source)
    settled = _settle(claim, body, problem, now)
    if settled is None:
        return
    try:
        if settled.is_on and not settled.problem:
            follow(settled, now)
    finally:
        DiscoverySource.objects.filter(pk=claim.source_id, lease=claim.lease).update(leased_until=None)


def _fetch(source: DiscoverySource) -> tuple[bytes, str]:
    """The body of a list that is understood, or the code of a problem."""
    try:
        opens = authorization(source.credential_kind, source.credential())
    except KeyLost as error:
        return b"", error.code
    headers = {
        "Accept": "application/json",
        "X-Prometheus-Refresh-Interval-Seconds": str(source.refresh_seconds),
    }
    target = Target(source.pk, source.lease, source.url, TIMEOUT_SECONDS, opens, headers=headers)
    limits = Limits(tuple(settings.PULL_NETWORKS), frozenset(settings.DEMO_ENDPOINTS))
    [fetched] = fetch_all([target], limits)
    if fetched.problem:
        return b"", fetched.problem
    try:
        read_list(fetched.body, fetched.content_type)
    except ListRefused as refused:
        return b"", refused.code
    return fetched.body, ""


def _settle(claim: Claim, body: bytes, problem: str, now: datetime) -> DiscoverySource | None:
    """Write down what came; None when the lease was lost, or the source changed, while it was fetched."""
    with transaction.atomic():
        source = DiscoverySource.objects.select_for_update().filter(pk=claim.source_id, lease=claim.lease).first()
        if source is None:
            return None
        if not problem and _is_emptied(source, body):
            problem = "emptied"
        if problem:
            if source.problem != problem:
                record("discovery.fail", source.name, actor=None, problem=problem)
            source.report(problem, now)
        else:
            source.accept(body, now)
        if not source.is_on:
            source.next_refresh_at, source.leased_until = None, None
        source.save(update_fields=["answer", "answered_at", "problem", "problem_at", "next_refresh_at", "leased_until"])
        return source


def _is_emptied(source: DiscoverySource, body: bytes) -> bool:
    """Whether a list that is followed lost all it had at once, and nobody said that this is right."""
    if not source.is_on or source.may_be_empty or read_list(body, "application/json"):
        return False
    return source.discovered.present().count() >= LARGE


def plan_of(source: DiscoverySource) -> Plan | None:
    """What following the source's last list would change now; None while there is none. Four queries."""
    if source.answer is None:
        return None
    listed = read_list(bytes(source.answer), "application/json")
    owned = {
        link.name: Owned(
            node_id=link.node_id,
            url=link.node.url,
            site=link.node.site.key,
            engine=link.node.engine,
            interval_seconds=link.node.pull_interval_seconds,
            timeout_seconds=link.node.pull_timeout_seconds,
            has_credential=link.node.has_credential,
            is_retired=link.node.retired_at is not None,
            is_gone=link.is_gone,
        )
        for link in source.discovered.select_related("node__site")
    }
    others = dict(Node.objects.in_service().exclude(discovered__source=source).values_list("name", "url"))
    fleet = Fleet(
        owned=owned,
        other_names=others.keys(),
        other_places={place(url) for url in others.values() if url},
        sites=set(Site.objects.values_list("key", flat=True)),
        default_site=source.default_site.key if source.default_site else "",
        may_create_sites=source.may_create_sites,
    )
    return plan(listed, source.label_names, fleet)


def follow(source: DiscoverySource, now: datetime) -> int:
    """Make the fleet what the last list says; the number of changes made.

    Each change is a transaction of its own, as if somebody had made it on a page: no pull waits for a long list, and
    killed half-way, the next refresh finds what is left. The rest of a very long one follows at once.
    """
    planned = plan_of(source)
    if planned is None:
        return 0
    done = 0
    for change in planned.changes[:MOST_CHANGES_AT_ONCE]:
        try:
            _make(change, source, now)
            done += 1
        except IntegrityError:
            # Somebody took the name between the plan and now; the next refresh says so.
            log.warning("discovery_change_failed", source=source.name, node=change.name)
    if len(planned.changes) > MOST_CHANGES_AT_ONCE:
        DiscoverySource.objects.filter(pk=source.pk, is_on=True).update(next_refresh_at=now)
    elif source.may_be_empty:
        DiscoverySource.objects.filter(pk=source.pk).update(may_be_empty=False)
    if done:
        counts: dict[str, Any] = {kind.value: planned.count(kind) for kind in Kind if planned.count(kind)}
        record("discovery.follow", source.name, actor=None, refused=len(planned.refused), **counts)
    return done


@transaction.atomic
def _make(change: Change, source: DiscoverySource, now: datetime) -> None:
    via = f"discovery: {source.name}"
    if change.node_id is None:
        node = Node()
        _write(node, change, source, now)
        DiscoveredNode.objects.create(source=source, node=node, name=change.name)
        return
    node = Node.objects.select_for_update().get(pk=change.node_id)
    links = DiscoveredNode.objects.filter(source=source, node=node)
    if change.kind is Kind.RETIRE:
        take_out(node, links, now, via=via)
        return
    if change.kind is Kind.RESTORE:
        bring_back(node, links, change.name, now, via=via)
    if change.fields:
        _write(node, change, source, now)
    else:
        schedule_node(node, now)


def _write(node: Node, change: Change, source: DiscoverySource, now: datetime) -> None:
    """Give the node what its target says, and its place on the schedule."""
    wanted = change.wanted
    assert wanted is not None
    is_new = node.pk is None
    node.name = change.name if is_new else node.name
    node.url = wanted.url
    node.engine = wanted.engine or node.engine
    node.pull_interval_seconds = wanted.interval_seconds or node.pull_interval_seconds
    node.pull_timeout_seconds = timeout_within(wanted, node.pull_timeout_seconds, node.pull_interval_seconds)
    if is_new or "site" in change.fields:
        node.site = site_of(wanted, source.default_site, via=f"discovery: {source.name}")
    fields = ["name", "site", "url", "engine"] if is_new else list(change.fields)
    save_node(node, credential=None, changed=fields, by=None, now=now, via=f"discovery: {source.name}")
    schedule_node(node, now, is_another_server=not {"url", "engine"}.isdisjoint(change.fields))
