"""Adding a source, switching it on and off, and forgetting it."""

from datetime import datetime

from django.db import transaction
from django.db.models import F

from accounts.audit import record
from accounts.models import User
from inference_kpis.fleet.models import Node
from inference_kpis.query_sources.models import QuerySource


def save_source(
    source: QuerySource, *, credential: str | None, changed: list[str], by: User, now: datetime
) -> QuerySource:
    """Write a new or changed source, which is asked at once when it is on. An answer under way no longer counts.

    `credential` is None to keep the one there is, '' to forget it.
    """
    verb = "query_source.change" if source.pk else "query_source.add"
    if credential is not None:
        source.set_credential(credential)
    source.problem, source.problem_at, source.refused = "", None, []
    source.indexed_at = source.good_since = source.leased_until = source.stalled_until = None
    source.next_ask_at = now if source.is_on else None
    with transaction.atomic():
        if source.pk:
            kept = QuerySource.objects.select_for_update().get(pk=source.pk)
            source.lease, source.edition = kept.lease + 1, kept.edition + 1
        source.save()
        # A node is silent when nothing was heard for three of its intervals.
        Node.objects.in_service().filter(queried__source=source, source=Node.Source.PUSH).update(
            pull_interval_seconds=source.interval_seconds
        )
        record(verb, source.name, actor=by, fields=changed)
    return source


def switch_source(source: QuerySource, *, by: User, now: datetime) -> bool:
    """Ask the source from now on, or no longer; its nodes stay. Returns whether it is on."""
    with transaction.atomic():
        source = QuerySource.objects.select_for_update().get(pk=source.pk)
        source.is_on = not source.is_on
        source.next_ask_at = now if source.is_on else None
        source.good_since, source.edition = None, F("edition") + 1
        source.save(update_fields=["is_on", "next_ask_at", "good_since", "edition"])
        record("query_source.on" if source.is_on else "query_source.off", source.name, actor=by)
        return source.is_on


def forget_source(source: QuerySource, *, by: User) -> None:
    """Delete the source. Its nodes stay, as nodes that push: whoever else brings them has to send them from now on."""
    with transaction.atomic():
        record("query_source.forget", source.name, actor=by, nodes=source.queried.filter(node__retired_at=None).count())
        source.delete()
