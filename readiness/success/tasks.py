"""Background work on success metrics."""

from datetime import UTC, datetime

from celery import shared_task

from readiness.success import reporting


@shared_task
def report_live_success_metrics() -> None:
    """Tell assessments which metrics are alive. Repeating it adds one more moment."""
    reporting.report_live_success_metrics(datetime.now(UTC))
