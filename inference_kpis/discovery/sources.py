"""Adding a source, switching it on and off, asking for its list, and forgetting it."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.audit import record
from accounts.models import User
from inference_kpis.discovery.models import DiscoverySource
from inference_kpis.exceptions import FleetError

# A change of these could retire half a fleet: the list is previewed anew before it is followed.
DECISIVE = {"url", "default_site", "may_create_sites", "site_labels", "tier_labels", "engine_labels", "name_labels"}


class NotPreviewed(FleetError):
    code = "not_previewed"
    message = _("The list has not been read yet. Wait for the preview, check it, then switch the source on.")
    can_retry = True


def save_source(
    source: DiscoverySource, *, credential: str | None, changed: list[str], by: User, now: datetime
) -> DiscoverySource:
    """Write a new or changed source and ask for its list; one that now reads otherwise is off until it is checked.

    `credential` is None to keep the one there is, '' to forget it. A fetch under way no longer counts.
    """
    verb = "discovery.change" if source.pk else "discovery.add"
    if credential is not None:
        source.set_credential(credential)
    if not DECISIVE.isdisjoint(changed):
        source.is_on = False
    if "url" in changed:
        source.answer, source.answered_at = None, None
    source.problem, source.problem_at, source.may_be_empty = "", None, False
    source.lease += 1
    source.leased_until, source.next_refresh_at = None, now
    with transaction.atomic():
        source.save()
        record(verb, source.name, actor=by, fields=changed)
    return source


def switch_source(source: DiscoverySource, *, by: User, now: datetime) -> bool:
    """Follow the list from now on, or no longer; the nodes stay. Returns whether it is on. Raises `NotPreviewed`.

    Who switches it on has seen the preview: a list that is empty then is meant to be.
    """
    with transaction.atomic():
        source = DiscoverySource.objects.select_for_update().get(pk=source.pk)
        if not source.is_on and (source.answer is None or source.problem):
            raise NotPreviewed
        source.is_on = source.may_be_empty = not source.is_on
        source.next_refresh_at = now if source.is_on else None
        source.save(update_fields=["is_on", "may_be_empty", "next_refresh_at"])
        record("discovery.on" if source.is_on else "discovery.off", source.name, actor=by)
        return source.is_on


def ask_for_list(source: DiscoverySource, *, now: datetime) -> None:
    """Make the source due at once; one that is off only shows what its list would change."""
    DiscoverySource.objects.filter(pk=source.pk).update(next_refresh_at=now)


def forget_source(source: DiscoverySource, *, by: User) -> None:
    """Delete the source. Its nodes stay, and are from then on like those that somebody registered by hand."""
    with transaction.atomic():
        record("discovery.forget", source.name, actor=by, nodes=source.discovered.present().count())
        source.delete()
