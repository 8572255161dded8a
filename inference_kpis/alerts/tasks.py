"""Background work of alerts. Repeating either task is harmless: alerts move by compare-and-set, messages under a lease."""

from datetime import UTC, datetime

from celery import shared_task

from inference_kpis.alerts import delivery, evaluation


@shared_task
def evaluate_rules() -> None:
    evaluation.evaluate_rules(datetime.now(UTC))


@shared_task
def send_notifications() -> None:
    delivery.send_due(datetime.now(UTC))
