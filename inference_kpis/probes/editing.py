"""Writing probes: adding, changing, pausing, running at once, removing."""

from datetime import datetime

from django.db import transaction

from accounts.audit import record
from accounts.models import User
from inference_kpis.probes.models import Probe


def save_probe(
    probe: Probe,
    *,
    credential: str | None,
    central_credential: str | None,
    changed: list[str],
    by: User,
    now: datetime,
) -> Probe:
    """Write a new or changed probe, due at once; a credential is None to keep the one there is, '' to forget it.

    A run that is under way asks what the probe asked before, and is dropped.
    """
    verb = "probe.change" if probe.pk else "probe.add"
    if credential is not None:
        probe.set_credential(credential)
    if central_credential is not None:
        probe.set_central_credential(central_credential)
    with transaction.atomic():
        probe.next_run_at, probe.leased_until = now, None
        if probe.pk:
            # What the schedule writes meanwhile stays.
            kept = Probe.objects.select_for_update().get(pk=probe.pk)
            probe.lease, probe.runs, probe.ran_at, probe.is_paused = kept.lease, kept.runs, kept.ran_at, kept.is_paused
        probe.save()
        record(verb, probe.name, actor=by, fields=changed)
    return probe


def pause_probe(probe: Probe, *, by: User, now: datetime) -> None:
    """Stop sending a probe, or go on with it; what it measured stays."""
    with transaction.atomic():
        probe = Probe.objects.select_for_update().get(pk=probe.pk)
        probe.is_paused, probe.next_run_at = not probe.is_paused, now
        probe.save(update_fields=["is_paused", "next_run_at"])
        record("probe.pause" if probe.is_paused else "probe.resume", probe.name, actor=by)


def run_now(probe: Probe, *, now: datetime) -> None:
    """Make a probe due: the next tick sends it, from its region and as ever."""
    Probe.objects.filter(pk=probe.pk).update(next_run_at=now)


def remove_probe(probe: Probe, *, by: User) -> None:
    """Remove a probe; the readings of its node stay."""
    with transaction.atomic():
        probe.delete()
        record("probe.remove", probe.name, actor=by)
