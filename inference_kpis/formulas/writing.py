"""Adding a custom KPI, changing it and retiring it; each is a line in the audit trail."""

from datetime import datetime

from django.db import transaction

from accounts.audit import record
from accounts.models import User
from inference_kpis.formulas.models import CustomKpi, CustomKpiVersion


def save_custom_kpi(kpi: CustomKpi, *, by: User | None, now: datetime, via: str = "") -> CustomKpi:
    """Write a new or changed KPI, and a new version where its figures change with it.

    `via` says what wrote it when no person did. Raises IntegrityError when the key is taken.
    """
    with transaction.atomic():
        before = CustomKpi.objects.select_for_update().filter(pk=kpi.pk).first() if kpi.pk else None
        is_new_version = before is None or before.formula != kpi.formula
        kpi.version = 1 if before is None else before.version + is_new_version
        if before is None:
            kpi.created_at, kpi.created_by = now, by
        kpi.save()
        if is_new_version:
            CustomKpiVersion.objects.create(
                kpi=kpi, number=kpi.version, formula=kpi.formula, written_at=now, written_by=by, via=via
            )
        verb = "custom_kpi.add" if before is None else "custom_kpi.change"
        record(verb, kpi, actor=by, formula=kpi.formula, version=kpi.version, via=via)
    return kpi


def retire_custom_kpi(kpi: CustomKpi, *, by: User | None, now: datetime, via: str = "") -> None:
    """Take a KPI out of lists and choices. What names it goes on, and its key is not given again."""
    with transaction.atomic():
        if CustomKpi.objects.in_use().filter(pk=kpi.pk).update(retired_at=now):
            record("custom_kpi.retire", kpi, actor=by, via=via)
