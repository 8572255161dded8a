"""Background work on readings."""

from datetime import UTC, datetime

from celery import shared_task

from inference_kpis.readings import partitions, rollups


@shared_task
def roll_up_touched() -> None:
    rollups.roll_up_touched(datetime.now(UTC))


@shared_task
def keep_partitions() -> None:
    partitions.keep(datetime.now(UTC).date())
