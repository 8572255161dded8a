"""Background work on bindings."""

from datetime import UTC, datetime

from celery import shared_task

from readiness.bindings import reporting


@shared_task
def report_bound_practices() -> None:
    """Tell assessments how much of what could be measured is. Repeating it adds one more moment."""
    reporting.report_bound_practices(datetime.now(UTC))
