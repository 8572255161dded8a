"""Background work of discovery. A refresh is never retried: the next one is the retry."""

from datetime import UTC, datetime

from celery import shared_task

from inference_kpis.discovery import refreshing


@shared_task
def refresh_due_sources() -> None:
    """Claim the sources that are due and hand each out by itself; a slow one keeps no other waiting."""
    for claim in refreshing.claim_due(datetime.now(UTC)):
        refresh_source.apply_async((claim.source_id, claim.lease), expires=refreshing.LEASE.total_seconds())


@shared_task
def refresh_source(source_id: int, lease: int) -> None:
    """Fetch one list and follow it. Repeating it is harmless: the lease is spent."""
    refreshing.refresh_claimed(refreshing.Claim(source_id, lease), datetime.now(UTC))
