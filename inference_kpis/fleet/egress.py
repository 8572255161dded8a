"""What requests used to send to the central region: declaring it, and asking for it at ingestion."""

from django.db import transaction

from accounts.audit import record
from accounts.models import User
from inference_kpis.fleet.models import EgressBaseline


def declare_baseline(baseline: EgressBaseline, *, by: User) -> EgressBaseline:
    """Write a baseline that counts for readings from now on."""
    with transaction.atomic():
        baseline.declared_by = by
        baseline.save()
        record("egress_baseline.declare", baseline, actor=by, source=baseline.source)
    return baseline


def bytes_per_request_by_model() -> dict[str, int]:
    """The bytes per request that are in force, by model name; one query."""
    rows = EgressBaseline.objects.in_force().values_list("model__name", "bytes_per_request")
    return {name: amount for name, amount in rows if amount is not None}
