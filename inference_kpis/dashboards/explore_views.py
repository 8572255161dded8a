"""The pages of the explorer: the question with its answer, the same as a file, and the views that people keep."""

import csv
from datetime import UTC, datetime

from django import forms
from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.access import SignedInRequest, signed_in
from inference_kpis import access
from inference_kpis.dashboards.explore_form import LENGTH_LABELS, ExploreForm
from inference_kpis.dashboards.exploring import Explored, Row, before_label, explore
from inference_kpis.dashboards.live import unchanged
from inference_kpis.dashboards.models import SavedView
from inference_kpis.readings import store
from inference_kpis.readings.statistics import Quantity
from inference_kpis.spreadsheet import as_text, csv_answer

MOST_VIEWS = 50


@signed_in
@require_safe
def kpi_explore(request: SignedInRequest) -> HttpResponse:
    version = store.version()
    if unchanged(request, version):
        return HttpResponse(status=204)
    form = ExploreForm(request.GET, datetime.now(UTC))
    asked = form.exploration() if form.is_valid() else None
    explored = explore(asked) if asked else None
    context = {
        "form": form,
        "asked": asked,
        "explored": explored,
        "before_label": before_label(asked.compare_days) if asked else "",
        "query": form.query,
        "windows": LENGTH_LABELS,
        "version": version,
        "views": [] if request.htmx else list(SavedView.objects.seen_by(request.user)[: 2 * MOST_VIEWS]),
        "can_annotate": access.can_annotate(request.user),
    }
    template = "inference_kpis/dashboards/kpi_explore.html" + ("#live" if request.htmx else "")
    response = render(request, template, context)
    patch_vary_headers(response, ["HX-Request"])
    return response


@signed_in
@require_safe
def kpi_explore_csv(request: SignedInRequest) -> HttpResponse:
    """The steps of every line that the explorer shows: times in UTC, plain numbers in the KPI's unit."""
    form = ExploreForm(request.GET, datetime.now(UTC))
    if not form.is_valid():
        return redirect(f"{reverse('kpis:kpi_explore')}?{request.GET.urlencode()}")
    asked = form.exploration()
    response = csv_answer(f"explored-{'-'.join(kpi.key for kpi in asked.kpis)}")
    _write(response, explore(asked), asked.split)
    return response


def _write(response: HttpResponse, explored: Explored, split: str) -> None:
    writer = csv.writer(response)
    columns = ["kpi", split if split != "none" else "scope", "start_utc"]
    figures = ["value", "low", "high", "bound", "approximate", "samples"]
    is_compared = explored.before is not None
    writer.writerow(
        [*columns, *figures, *(f"before_{name}" for name in ("start_utc", *figures) if is_compared), "unit"]
    )
    starts = explored.before.step_starts() if explored.before else []
    for panel in explored.panels:
        for row in panel.drawn:
            for number, (at, quantity) in enumerate(row.line.steps):
                earlier = _before(row, starts, number) if is_compared else []
                label = as_text(row.line.label)
                writer.writerow([panel.kpi.key, label, at.isoformat(), *_cells(quantity), *earlier, panel.kpi.unit])


def _before(row: Row, starts: list[datetime], number: int) -> list[object]:
    if row.before is None or number >= min(len(row.before.steps), len(starts)):
        return [""] * 7
    return [starts[number].isoformat(), *_cells(row.before.steps[number][1])]


def _cells(quantity: Quantity) -> list[object]:
    if quantity.value is None:
        return ["", "", "", "", "", quantity.samples]
    edges = ["" if edge is None else f"{edge:.6g}" for edge in (quantity.low, quantity.high)]
    is_approximate = "yes" if quantity.is_approximate else "no"
    return [f"{quantity.value:.6g}", *edges, quantity.bound.value, is_approximate, quantity.samples]


# --- Views that people keep ------------------------------------------------------------------------------------------


class SaveViewForm(forms.ModelForm):
    class Meta:
        model = SavedView
        fields = ("name", "query", "is_shared")

    def clean_query(self) -> str:
        """Only a question that the explorer understands, without anything else of the address."""
        form = ExploreForm(QueryDict(self.cleaned_data["query"]), datetime.now(UTC))
        if not form.is_valid():
            raise forms.ValidationError(_("Only a view that shows something can be saved."))
        return form.query


@signed_in
@require_POST
def kpi_view_save(request: SignedInRequest) -> HttpResponse:
    """Keep a view under a name; one's own of this name is replaced."""
    name = request.POST.get("name", "").strip()
    own = SavedView.objects.filter(owner=request.user)
    known = own.filter(name=name.replace("\0", "")).first()
    form = SaveViewForm(request.POST, instance=known or SavedView(owner=request.user))
    if known is None and own.count() >= MOST_VIEWS:
        messages.error(request, _("You keep 50 views already. Remove one first."))
    elif form.is_valid():
        view = form.save()
        messages.success(request, _("View saved: %(name)s.") % {"name": view.name})
        return redirect(view)
    else:
        messages.error(request, " ".join(str(text) for texts in form.errors.values() for text in texts))
    return redirect(f"{reverse('kpis:kpi_explore')}?{QueryDict(request.POST.get('query', '')).urlencode()}")


@signed_in
@require_POST
def kpi_view_forget(request: SignedInRequest, pk: int) -> HttpResponse:
    view = access.get_own_view_for(request.user, pk)
    view.delete()
    messages.success(request, _("View removed: %(name)s.") % {"name": view.name})
    return redirect("kpis:kpi_explore")
