"""Background work for the pages."""

from datetime import UTC, datetime

from celery import shared_task

from inference_kpis.dashboards import node_figures


@shared_task
def work_out_figures() -> None:
    node_figures.work_out_figures(datetime.now(UTC))
