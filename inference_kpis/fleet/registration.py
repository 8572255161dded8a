"""Registering a node, changing it, pausing it, taking it out of service and bringing it back."""

from datetime import datetime

from django.db import transaction

from accounts.audit import record
from accounts.models import User
from inference_kpis.fleet.health import count_sites
from inference_kpis.fleet.models import Node, Site

State = Node.State


def add_site(site: Site, *, by: User, now: datetime) -> Site:
    """Write a new site. Raises IntegrityError when its key is taken."""
    with transaction.atomic():
        site.save()
        count_sites({site.pk}, now)
        record("site.add", site, actor=by)
    return site


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
    record(verb, node.name, actor=by, fields=changed, **_through(via))
    return node


def pause_node(node: Node, *, by: User, now: datetime) -> None:
    """Stop pulling a node, or go on with it; what it measured stays."""
    with transaction.atomic():
        node = Node.objects.select_for_update().get(pk=node.pk)
        is_paused = node.state == State.PAUSED
        node.enter(State.WAITING if is_paused else State.PAUSED, now)
        node.save(update_fields=["state", "severity", "state_since", "problem"])
        count_sites({node.site_id}, now)
        record("node.resume" if is_paused else "node.pause", node.name, actor=by)


def retire_node(node: Node, *, by: User | None, now: datetime, via: str = "") -> None:
    """Take a node out of service. Its readings stay, and its name becomes free."""
    with transaction.atomic():
        node = Node.objects.select_for_update().get(pk=node.pk)
        node.retired_at = now
        node.name = f"{node.name} ({now:%Y-%m-%d %H:%M:%S})"[-120:]
        node.save(update_fields=["retired_at", "name"])
        count_sites({node.site_id}, now)
        record("node.retire", node.name, actor=by, **_through(via))


def restore_node(node: Node, *, name: str, by: User | None, now: datetime, via: str = "") -> None:
    """Bring a node back into service under this name, which has to be free; it waits for its first reading."""
    with transaction.atomic():
        node = Node.objects.select_for_update().get(pk=node.pk)
        node.retired_at, node.name = None, name
        node.enter(State.WAITING, now)
        node.save(update_fields=["retired_at", "name", "state", "severity", "state_since", "problem"])
        count_sites({node.site_id}, now)
        record("node.restore", node.name, actor=by, **_through(via))


def _through(via: str) -> dict[str, str]:
    return {"via": via} if via else {}
