"""Background work on evidence."""

from datetime import UTC, datetime

from celery import shared_task

from readiness.evidence import files


@shared_task
def remove_orphans() -> None:
    """Drop contents that no evidence refers to. Repeating it is harmless."""
    files.remove_orphans(datetime.now(UTC))
