"""Background work on contradictions."""

from datetime import UTC, datetime

from celery import shared_task

from readiness.contradictions import following


@shared_task
def check_bindings() -> None:
    """Measure what is due and follow what it says. Repeating it is harmless: a window is measured once."""
    following.check_bindings(datetime.now(UTC))
