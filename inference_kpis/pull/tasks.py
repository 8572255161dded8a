"""Background work of pulling. A pull is never retried: the next tick is the retry."""

from datetime import UTC, datetime

from celery import shared_task
from django.conf import settings

from inference_kpis.fleet.regions import batches
from inference_kpis.pull import ingestion, schedule
from inference_kpis.pull.schedule import Claim


@shared_task
def dispatch_due_pulls() -> None:
    """Claim what is due and hand it to the workers of its region in batches; a batch expires with its leases."""
    for queue, batch in batches(schedule.claim_due(datetime.now(UTC)), settings.PULL_BATCH_SIZE):
        pull_nodes.apply_async(
            ([(claim.node_id, claim.lease) for claim in batch],),
            queue=queue,
            expires=schedule.LEASE_MARGIN.total_seconds(),
        )


@shared_task
def pull_nodes(claims: list[tuple[int, int]]) -> None:
    """Pull one batch of nodes. Repeating it is harmless: the leases are spent."""
    ingestion.pull_claimed([Claim(node_id, lease) for node_id, lease in claims], datetime.now(UTC))
