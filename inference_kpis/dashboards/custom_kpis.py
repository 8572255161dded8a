"""The pages on which operators define KPIs of their own; each one's own page is that of every KPI."""

from dataclasses import dataclass
from datetime import UTC, datetime

from django.contrib import messages
from django.db import IntegrityError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import SignedInRequest, has_role, signed_in
from accounts.models import Role
from inference_kpis import access
from inference_kpis.catalogue import MEASURES, Kpi, Label
from inference_kpis.dashboards.series import WINDOWS, window_of
from inference_kpis.dashboards.wording import unit_label
from inference_kpis.formulas.forms import CustomKpiForm
from inference_kpis.formulas.models import CustomKpi
from inference_kpis.formulas.parsing import READ_WITH, usable_kpis
from inference_kpis.formulas.units import catalogued
from inference_kpis.formulas.writing import retire_custom_kpi, save_custom_kpi
from inference_kpis.readings.queries import group_readings, kpi_of
from inference_kpis.readings.statistics import Quantity

PREVIEWED = ("1h", "24h")


@dataclass(frozen=True)
class Preview:
    """What a formula gives over the fleet now."""

    kpi: Kpi
    unit: str
    values: list[tuple[str | Promise, Quantity]]


def _preview(kpi: Kpi, now: datetime) -> Preview:
    """Over each previewed window; two readings of the roll-ups."""
    values = [(WINDOWS[key][1], kpi_of(kpi, group_readings(window_of(key, now)[1]))) for key in PREVIEWED]
    return Preview(kpi, unit_label(kpi), values)


def readable() -> list[tuple[str, str, Label, tuple[str, ...]]]:
    """What may stand in a formula: key, unit, label and functions of every measure, then the KPIs without functions."""
    measures = [(m.key, str(catalogued(m.unit)), m.label, READ_WITH[m.kind]) for m in MEASURES.values()]
    return measures + [(key, str(unit), "", ()) for key, (_formula, unit) in usable_kpis().items()]


@signed_in
@require_safe
def custom_kpi_list(request: SignedInRequest) -> HttpResponse:
    context = {
        "kpis": [(custom, custom.as_kpi()) for custom in CustomKpi.objects.order_by("retired_at", "key")],
        "can_write": access.can_write_fleet(request.user),
    }
    return render(request, "inference_kpis/dashboards/custom_kpi_list.html", context)


@has_role(Role.OPERATOR)
@require_http_methods(["GET", "HEAD", "POST"])
def custom_kpi_add(request: SignedInRequest) -> HttpResponse:
    return _edit(request, CustomKpi())


@has_role(Role.OPERATOR)
@require_http_methods(["GET", "HEAD", "POST"])
def custom_kpi_edit(request: SignedInRequest, key: str) -> HttpResponse:
    return _edit(request, access.get_writable_custom_kpi_for(request.user, key))


def _edit(request: SignedInRequest, kpi: CustomKpi) -> HttpResponse:
    """The form; asked for a preview it shows what the formula gives now, and saves nothing."""
    now = datetime.now(UTC)
    form = CustomKpiForm(request.POST or None, instance=kpi)
    wants_preview = "preview" in request.POST
    is_valid = request.method == "POST" and form.is_valid()
    if is_valid and not wants_preview:
        try:
            saved = save_custom_kpi(form.save(commit=False), by=request.user, now=now)
        except IntegrityError:
            # Somebody took the key since the form looked.
            form.add_error("key", _("There is a KPI of this key, in use or retired. Choose another one."))
        else:
            messages.success(request, _("KPI %(name)s saved.") % {"name": saved.label})
            return redirect(saved)
    shown = None
    if wants_preview and (found := form.previewed()):
        shown = _preview(found, now)
    is_fragment = bool(request.htmx) and wants_preview
    context = {"form": form, "kpi": kpi, "preview": shown, "wants_preview": wants_preview, "readable": readable()}
    template = "inference_kpis/dashboards/custom_kpi_edit.html"
    response = render(request, template + ("#preview" if is_fragment else ""), context)
    patch_vary_headers(response, ["HX-Request"])
    return response


@has_role(Role.OPERATOR)
@require_POST
def custom_kpi_retire(request: SignedInRequest, key: str) -> HttpResponse:
    kpi = access.get_writable_custom_kpi_for(request.user, key)
    retire_custom_kpi(kpi, by=request.user, now=datetime.now(UTC))
    messages.success(request, _("KPI %(name)s is retired; what uses it goes on.") % {"name": kpi.label})
    return redirect("kpis:custom_kpi_list")
