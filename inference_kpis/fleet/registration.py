"""Registering a node, changing it, pausing it, taking it out of service and bringing it back."""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction

from accounts.audit import record
from accounts.models import User
from inference_kpis.fleet.health import count_sites
from inference_kpis.fleet.models import Node, Site, SiteHealth, Tier

State = Node.State


def add_site(site: Site, *, by: User, now: datetime) -> Site:
    """Write a new site. Raises IntegrityError when its key is taken."""
    with transaction.atomic():
        site.save()
        count_sites({site.pk}, now)
        record("site.add", site, actor=by)
    return site


def site_named(key: str, tier: str, *, via: str) -> Site:
    """The site of this key, made, at the edge unless told, when it is new. `via` says what named it."""
    site, is_new = Site.objects.get_or_create(key=key, defaults={"name": key, "tier": tier or Tier.EDGE})
    if is_new:
        record("site.add", site.name, actor=None, via=via)
    return site


def change_site(site: Site, *, changed: list[str], by: User) -> Site:
    """Write what a form changed of a site. Its key stays, and so does what was counted as served at the edge."""
    with transaction.atomic():
        site.save(update_fields=["name", "region", "tier", "worker_region"])
        record("site.change", site, actor=by, fields=changed)
    return site


def retire_site(site: Site, *, by: User, now: datetime) -> bool:
    """Take a site out of service; False, and nothing changed, while it hosts nodes. Its readings stay."""
    with transaction.atomic():
        # Nodes that are being registered hold a lock on their site: they are seen here, or bring it back afterwards.
        site = Site.objects.select_for_update().get(pk=site.pk)
        if Node.objects.in_service().filter(site=site).exists():
            return False
        site.retired_at = now
        site.save(update_fields=["retired_at"])
        SiteHealth.objects.filter(site=site).delete()
        record("site.retire", site, actor=by)
    return True


def restore_site(site: Site, *, by: User, now: datetime) -> None:
    """Bring a site back into service."""
    with transaction.atomic():
        Site.objects.filter(pk=site.pk).update(retired_at=None)
        count_sites({site.pk}, now)
        record("site.restore", site, actor=by)


def save_node(
    node: Node, *, credential: str | None, changed: list[str], by: User | None, now: datetime, via: str = ""
) -> Node:
    """Write a new or changed node; `credential` is None to keep the one there is, '' to forget it.

    `via` says in the audit trail what wrote it when no person did: a machine key, a file, a discovery source.

    Its place on the schedule is made by `pull.schedule`, which the caller runs in the same transaction.
    """
    verb = "node.change" if node.pk else "node.register"
    if credential is not None:
        node.set_credential(credential)
    sites = {node.site_id, *Node.objects.filter(pk=node.pk).values_list("site_id", flat=True)}
    node.save()
    count_sites(sites, now)
    record(verb, node.name, actor=by, fields=changed, via=via)
    return node


def set_paused(nodes: Collection[Node], *, is_paused: bool, by: User, now: datetime) -> list[Node]:
    """Pause these nodes, or go on with them; those that changed. Four statements and a line in the audit trail each."""
    with transaction.atomic():
        locked = Node.objects.in_service().filter(pk__in=[node.pk for node in nodes]).order_by("pk").select_for_update()
        changed = [node for node in locked if (node.state == State.PAUSED) != is_paused]
        for node in changed:
            node.enter(State.PAUSED if is_paused else State.WAITING, now)
            record("node.pause" if is_paused else "node.resume", node.name, actor=by)
        Node.objects.bulk_update(changed, ("state", "severity", "state_since", "problem"))
        count_sites({node.site_id for node in changed}, now)
    return changed


def retire_node(node: Node, *, by: User | None, now: datetime, via: str = "") -> None:
    """Take a node out of service. Its readings stay, and its name becomes free."""
    with transaction.atomic():
        node = Node.objects.select_for_update().get(pk=node.pk)
        node.retired_at = now
        node.name = f"{node.name} ({now:%Y-%m-%d %H:%M:%S})"[-120:]
        node.save(update_fields=["retired_at", "name"])
        count_sites({node.site_id}, now)
        record("node.retire", node.name, actor=by, via=via)


def restore_node(node: Node, *, name: str, by: User | None, now: datetime, via: str = "") -> None:
    """Bring a node back into service under this name, which has to be free; it waits for its first reading."""
    with transaction.atomic():
        node = Node.objects.select_for_update().get(pk=node.pk)
        node.retired_at, node.name = None, name
        node.enter(State.WAITING, now)
        node.save(update_fields=["retired_at", "name", "state", "severity", "state_since", "problem"])
        count_sites({node.site_id}, now)
        record("node.restore", node.name, actor=by, via=via)
