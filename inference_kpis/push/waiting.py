"""Nodes that push and that nobody registered: they wait in an inbox, or a key that may registers them itself.

Their data is refused as `unknown_node` all the while, so that senders keep or drop it by their own rules.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import IntegrityError, connection, transaction

from accounts.audit import record
from accounts.models import MachineKey, User
from inference_kpis.fleet.models import Node, Site
from inference_kpis.fleet.registration import save_node
from inference_kpis.push.models import WaitingNode

MOST_PER_KEY = 200
# A key that may register does so for at most this many nodes of one request.
MOST_REGISTERED_AT_ONCE = 50
# How exactly it is known when one was heard of last; the rest is spared.
NOTED_EVERY = timedelta(minutes=1)
FORGOTTEN_AFTER = timedelta(days=30)
MOST_REMEMBERED = 5_000

# A key that has filled its place in the inbox gets no more of it; what is there is still kept up to date.
NOTE = """
INSERT INTO inference_kpis_waitingnode (key_id, name, first_at, last_at, times, is_ignored)
SELECT %(key)s, name, %(now)s, %(now)s, 1, FALSE FROM unnest(%(names)s::text[]) AS n (name)
WHERE (SELECT count(*) FROM inference_kpis_waitingnode WHERE key_id = %(key)s) < %(most)s
    OR EXISTS (SELECT FROM inference_kpis_waitingnode w WHERE w.key_id = %(key)s AND w.name = n.name)
ON CONFLICT (key_id, name) DO UPDATE SET last_at = excluded.last_at, times = inference_kpis_waitingnode.times + 1
"""

# When this process noted a name of a key last: a flood of refusals costs a statement a minute.
_noted: dict[tuple[int, str], datetime] = {}


def note_unknown(names: Iterable[str], key: MachineKey, now: datetime) -> None:
    """Put nodes of these names, refused to this key, into the inbox; at most one statement, mostly none."""
    limit = Node._meta.get_field("name").max_length or 0
    fresh = sorted(
        name
        for name in names
        if 0 < len(name) <= limit
        and now - _noted.get((key.pk, name), datetime.min.replace(tzinfo=now.tzinfo)) > NOTED_EVERY
    )[:MOST_PER_KEY]
    if not fresh:
        return
    if len(_noted) > MOST_REMEMBERED:
        _noted.clear()
    _noted.update({(key.pk, name): now for name in fresh})
    with connection.cursor() as cursor:
        cursor.execute(NOTE, {"key": key.pk, "now": now, "names": fresh, "most": MOST_PER_KEY})


def may_register(key: MachineKey) -> bool:
    """Whether the key registers what it pushes for: it may write the fleet as well as readings."""
    return MachineKey.Scope.WRITE_FLEET in key.scopes


def register_unknown(names: Iterable[str], key: MachineKey, now: datetime) -> None:
    """Register nodes of these names on the one site of the key; none where it has several, or where a name is taken."""
    sites = list(Site.objects.in_service().filter(keysite__key=key)[:2])
    if len(sites) != 1:
        return
    limit = Node._meta.get_field("name").max_length or 0
    for name in sorted(name for name in names if 0 < len(name) <= limit)[:MOST_REGISTERED_AT_ONCE]:
        try:
            register_waiting(name, sites[0], by=None, now=now, via=f"key: {key}")
        except IntegrityError:
            # The name is taken, on another site or since a moment ago: it stays as unknown as it was.
            continue


def register_waiting(name: str, site: Site, *, by: User | None, now: datetime, via: str = "") -> Node:
    """A node that pushes, under the name by which it was refused. Raises IntegrityError when the name is taken."""
    with transaction.atomic():
        node = Node(name=name, site=site, source=Node.Source.PUSH)
        return save_node(node, credential=None, changed=["name", "site", "source"], by=by, now=now, via=via)


def set_ignored(waiting: WaitingNode, *, is_ignored: bool, by: User) -> None:
    """Show a name in the inbox no more, or again; what it sends is refused either way."""
    with transaction.atomic():
        WaitingNode.objects.filter(pk=waiting.pk).update(is_ignored=is_ignored)
        record("waiting_node.ignore" if is_ignored else "waiting_node.heed", waiting.name, actor=by)


def forget_waiting(now: datetime) -> None:
    """Drop what was not heard of for long."""
    WaitingNode.objects.filter(last_at__lt=now - FORGOTTEN_AFTER).delete()
