"""Background work of pushing."""

from datetime import UTC, datetime

from celery import shared_task

from inference_kpis.push import series


@shared_task
def settle_waiting() -> None:
    """Settle collections of which a part did not come. Repeating it is harmless: what is settled waits no longer."""
    series.settle_waiting(datetime.now(UTC))
