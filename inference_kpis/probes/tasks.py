"""Background work of probes. A run is never repeated: the next tick is the next run."""

from datetime import UTC, datetime

from celery import shared_task
from django.conf import settings

from inference_kpis.fleet.regions import batches
from inference_kpis.probes import running, schedule
from inference_kpis.probes.schedule import Claim


@shared_task
def dispatch_due_probes() -> None:
    """Claim what is due and hand it to the workers of its region in batches; a batch expires with its leases."""
    for queue, batch in batches(schedule.claim_due(datetime.now(UTC)), settings.PROBE_BATCH_SIZE):
        run_probes.apply_async(
            ([(claim.probe_id, claim.lease) for claim in batch],),
            queue=queue,
            expires=schedule.LEASE_MARGIN.total_seconds(),
        )


@shared_task
def run_probes(claims: list[tuple[int, int]]) -> None:
    """Run one batch of probes. Repeating it is harmless: the leases are spent."""
    running.run_claimed([Claim(probe_id, lease) for probe_id, lease in claims], datetime.now(UTC))
