"""The last act of a person on nodes, kept in the session for as long as it can be taken back with one button."""

import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum

from django.contrib import messages
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.access import SignedInRequest
from accounts.models import User
from inference_kpis.fleet.models import Node
from inference_kpis.fleet.registration import restore_node, retire_node, set_paused
from inference_kpis.pull.schedule import schedule_node

SESSION_KEY = "undo"


class Act(StrEnum):
    PAUSE = "pause"
    RESUME = "resume"
    RETIRE = "retire"


def change_nodes(act: Act, nodes: Sequence[Node], *, by: User, now: datetime) -> list[tuple[int, str]]:
    """Do this to all nodes or, where it fails, to none; (id, name) of those that changed, as `take_back` wants them."""
    if act is not Act.RETIRE:
        changed = set_paused(nodes, is_paused=act is Act.PAUSE, by=by, now=now)
        return [(node.pk, node.name) for node in changed]
    with transaction.atomic():
        for node in sorted(nodes, key=lambda node: node.pk):
            retire_node(node, by=by, now=now)
    return [(node.pk, node.name) for node in nodes]


def take_back(act: Act, changed: Sequence[tuple[int, str]], *, by: User, now: datetime) -> list[str]:
    """Undo what was done to these nodes; the names of those that could not come back because theirs is taken by now."""
    names = dict(changed)
    if act is not Act.RETIRE:
        set_paused(Node.objects.filter(pk__in=names), is_paused=act is Act.RESUME, by=by, now=now)
        return []
    taken: list[str] = []
    for node in Node.objects.filter(pk__in=names).exclude(retired_at=None).order_by("pk"):
        try:
            with transaction.atomic():
                restore_node(node, name=names[node.pk], by=by, now=now)
                if node.source == Node.Source.PULL:
                    schedule_node(node, now)
        except IntegrityError:
            taken.append(names[node.pk])
    return taken


# --- In a session ------------------------------------------------------------------------------------------------------


def offer_undo(request: SignedInRequest, act: Act, changed: Iterable[tuple[int, str]]) -> None:
    """Say what was done, with a button that takes it back; nothing where nothing was."""
    done = list(changed)
    if not done:
        return
    request.session[SESSION_KEY] = {"token": secrets.token_urlsafe(8), "act": act.value, "nodes": done}
    messages.success(request, said(act, [name for __, name in done]), extra_tags="undo")


def taken_from(request: SignedInRequest, token: str) -> tuple[Act, list[tuple[int, str]]] | None:
    """The last act of this person, which cannot be taken back twice; None when this is not the token of it."""
    kept = request.session.get(SESSION_KEY)
    if not kept or not secrets.compare_digest(kept["token"].encode(), token.encode()):
        return None
    del request.session[SESSION_KEY]
    return Act(kept["act"]), [(pk, name) for pk, name in kept["nodes"]]


def said(act: Act, names: Sequence[str]) -> str:
    """What was done to these nodes, in one sentence."""
    is_one, count = len(names) == 1, len(names)
    match act:
        case Act.PAUSE:
            one = _("Node %(name)s is paused.")
            several = ngettext("%(count)s node is paused.", "%(count)s nodes are paused.", count)
        case Act.RESUME:
            one = _("Node %(name)s goes on.")
            several = ngettext("%(count)s node goes on.", "%(count)s nodes go on.", count)
        case Act.RETIRE:
            one = _("Node %(name)s is out of service; its readings are kept.")
            several = ngettext(
                "%(count)s node is out of service; its readings are kept.",
                "%(count)s nodes are out of service; their readings are kept.",
                count,
            )
    return one % {"name": names[0]} if is_one else several % {"count": count}
