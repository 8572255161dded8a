"""Making the fleet what a source's index says: each change a transaction of its own, as if made on a page."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import structlog
from django.db import IntegrityError, transaction

from accounts.audit import record
from inference_kpis.discovery.membership import bring_back, site_of, take_out
from inference_kpis.discovery.planning import Kind
from inference_kpis.fleet.models import Node, Site
from inference_kpis.fleet.registration import save_node
from inference_kpis.pull.guard import parse_url, port_of
from inference_kpis.pull.problems import PullFailed
from inference_kpis.query_sources.models import QueriedNode, QuerySource
from inference_kpis.query_sources.planning import GONE_AFTER, Change, Fleet, Owned, Plan, Shown, plan

log = structlog.get_logger(__name__)

# What a longer index changes beyond these waits for the next one; a task has its time.
MOST_CHANGES_AT_ONCE = 500


def plan_of(source: QuerySource, nodes: Iterable[Shown], now: datetime) -> Plan:
    """What following these nodes would change now; a source that is not saved yet owns none. Three queries."""
    before = now - GONE_AFTER
    is_long_good = source.good_since is not None and source.good_since <= before
    return plan(nodes, fleet_of(source), may_retire_before=before if is_long_good else None)


def fleet_of(source: QuerySource) -> Fleet:
    """What an index of this source is compared with."""
    links = source.queried.select_related("node__site") if source.pk else ()
    owned = {
        link.name: Owned(
            node_id=link.node_id,
            site=link.node.site.key,
            engine=link.node.engine,
            heard_at=link.heard_at or link.made_at,
            is_pulled=link.node.source == Node.Source.PULL,
            is_retired=link.node.retired_at is not None,
            is_gone=link.is_gone,
        )
        for link in links
    }
    others: dict[str, str] = {}
    addresses: set[str] = set()
    rows = Node.objects.in_service().values_list("name", "source", "url", "queried__source")
    for name, way, url, source_id in rows:
        if way == Node.Source.PULL:
            others[name] = "pulled_here"
            addresses |= _address(url)
        elif source_id is None or source_id != source.pk:
            others[name] = "pushed_here" if source_id is None else "other_source"
    return Fleet(
        owned=owned,
        others=others,
        pulled_addresses=addresses,
        sites=set(Site.objects.values_list("key", flat=True)),
        default_site=source.default_site.key if source.default_site else "",
        may_create_sites=source.may_create_sites,
    )


def _address(url: str) -> set[str]:
    """The host and port of a pulled node, as a server that scrapes it as well calls it."""
    try:
        parts = parse_url(url)
    except PullFailed:
        return set()
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return {f"{host}:{port_of(parts)}"}


def follow(source: QuerySource, planned: Plan, now: datetime) -> int:
    """Make these changes, and remember what each node shows; the number of changes made.

    Killed half-way, the next index finds what is left.
    """
    done = 0
    for change in planned.changes[:MOST_CHANGES_AT_ONCE]:
        try:
            _make(change, source, now)
            done += 1
        except IntegrityError:
            # Somebody took the name between the plan and now; the next index says so.
            log.warning("query_source_change_failed", source=source.name, node=change.name)
    _remember(source, planned.taken)
    if done:
        counts: dict[str, Any] = {kind.value: planned.count(kind) for kind in Kind if planned.count(kind)}
        record("query_source.follow", source.name, actor=None, refused=len(planned.refused), **counts)
    return done


@transaction.atomic
def _make(change: Change, source: QuerySource, now: datetime) -> None:
    via = f"query source: {source.name}"
    if change.node_id is None:
        node = Node(name=change.name, source=Node.Source.PUSH, pull_interval_seconds=source.interval_seconds)
        _write(node, change, source, now)
        QueriedNode.objects.create(source=source, node=node, name=change.name, made_at=now)
        return
    node = Node.objects.select_for_update().get(pk=change.node_id)
    links = QueriedNode.objects.filter(source=source, node=node)
    if change.kind is Kind.RETIRE:
        take_out(node, links, now, via=via)
        return
    if change.kind is Kind.RESTORE:
        bring_back(node, links, change.name, now, via=via)
    if change.fields:
        _write(node, change, source, now)


def _write(node: Node, change: Change, source: QuerySource, now: datetime) -> None:
    """Give the node what its labels say."""
    shown = change.shown
    assert shown is not None
    is_new = node.pk is None
    if is_new or "site" in change.fields:
        node.site = site_of(shown, source.default_site, via=f"query source: {source.name}")
    node.engine = shown.engine
    fields = ["name", "site", "engine"] if is_new else list(change.fields)
    save_node(node, credential=None, changed=fields, by=None, now=now, via=f"query source: {source.name}")


def _remember(source: QuerySource, taken: Iterable[Shown]) -> None:
    """Keep under which jobs each node is scraped and how much it shows: what the next questions are made of."""
    shown = {node.name: node for node in taken}
    changed = []
    for link in source.queried.all():
        node = shown.get(link.name)
        # One that shows nothing now is asked about all the same: its server says that it cannot be scraped.
        jobs, series = (list(node.jobs), node.series) if node else (link.jobs, 0)
        if (link.jobs, link.series) != (jobs, series):
            link.jobs, link.series = jobs, series
            changed.append(link)
    QueriedNode.objects.bulk_update(changed, ("jobs", "series"), batch_size=1000)
