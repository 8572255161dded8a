"""Background work of query sources. A question is never repeated: the next one overlaps it."""

from datetime import UTC, datetime

from celery import shared_task

from inference_kpis.query_sources import asking, sampling


@shared_task
def ask_due_sources() -> None:
    """Claim the sources that are due and hand each out by itself; a slow one keeps no other waiting."""
    for claim in asking.claim_due(datetime.now(UTC)):
        ask_source.apply_async((claim.source_id, claim.lease), expires=asking.LEASE.total_seconds())


@shared_task
def ask_source(source_id: int, lease: int) -> None:
    """Follow the index of one source, and hand out its nodes. Repeating it is harmless: the lease is spent."""
    for errand in asking.ask_claimed(asking.Claim(source_id, lease), datetime.now(UTC)):
        ask_nodes.apply_async(
            (errand.source_id, errand.edition, list(errand.node_ids)), expires=asking.LEASE.total_seconds()
        )


@shared_task
def ask_nodes(source_id: int, edition: int, node_ids: list[int]) -> None:
    """Ask about some nodes and store what they showed. Repeating it is harmless: every point is judged by its time."""
    sampling.run_errand(asking.Errand(source_id, edition, tuple(node_ids)), datetime.now(UTC))
