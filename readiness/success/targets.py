"""Setting, changing and retiring success metrics; each leaves a line in the audit trail."""

from datetime import datetime

from django.db import transaction

from accounts.audit import record
from accounts.models import User
from readiness.success.models import SuccessMetric


def save_success_metric(metric: SuccessMetric, *, changed: list[str], by: User) -> SuccessMetric:
    """Write a new or changed metric."""
    with transaction.atomic():
        verb = "success_metric.change" if metric.pk else "success_metric.add"
        metric.save()
        record(verb, metric, actor=by, fields=changed, target=metric.target_value)
    return metric


def retire_success_metric(metric: SuccessMetric, *, by: User, now: datetime) -> SuccessMetric:
    """Take a metric out of the lists; it is kept."""
    with transaction.atomic():
        metric.retired_at = now
        metric.save(update_fields=["retired_at"])
        record("success_metric.retire", metric, actor=by)
    return metric
