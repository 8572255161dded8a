"""Background work of pushing."""

from datetime import UTC, datetime

from celery import shared_task

from inference_kpis.push import series, waiting


@shared_task
def settle_waiting() -> None:
    """Settle collections of which a part did not come. Repeating it is harmless: what is settled waits no longer."""
    series.settle_waiting(datetime.now(UTC))


@shared_task
def forget_waiting_nodes() -> None:
    """Drop from the inbox what was not heard of for long."""
    waiting.forget_waiting(datetime.now(UTC))
