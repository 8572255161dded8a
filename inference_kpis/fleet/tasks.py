"""Background work on the fleet."""

from datetime import UTC, datetime

from celery import shared_task

from inference_kpis.fleet import health


@shared_task
def count_health() -> None:
    health.count_health(datetime.now(UTC))
