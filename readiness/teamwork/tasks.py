"""Background work of reminders. Repeating either task is harmless: days are ticked off, mails are sent under a lease."""

from datetime import UTC, datetime

from celery import shared_task

from readiness.teamwork import delivery, digests


@shared_task
def write_digests() -> None:
    digests.write_digests(datetime.now(UTC))


@shared_task
def send_mails() -> None:
    delivery.send_due(datetime.now(UTC))
