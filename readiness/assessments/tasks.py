"""Background work on assessments."""

from datetime import UTC, datetime

from celery import shared_task

from readiness.assessments import measuring


@shared_task
def check_bindings() -> None:
    measuring.check_bindings(datetime.now(UTC))
