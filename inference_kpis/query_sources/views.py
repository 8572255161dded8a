"""The pages of query sources."""

from datetime import UTC, datetime

from django.contrib import messages
from django.db.models import Max
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import SignedInRequest, has_role, signed_in
from accounts.models import Role
from inference_kpis import access
from inference_kpis.dashboards.node_form import nothing_may_be_pulled
from inference_kpis.engines import ENGINES
from inference_kpis.fleet.models import Site
from inference_kpis.query_sources.forms import QuerySourceForm
from inference_kpis.query_sources.models import QuerySource
from inference_kpis.query_sources.problems import sentence
from inference_kpis.query_sources.source_rows import source_rows, troubles_of
from inference_kpis.query_sources.sources import forget_source, save_source, switch_source
from inference_kpis.query_sources.trial import try_source


@signed_in
@require_safe
def query_source_list(request: SignedInRequest) -> HttpResponse:
    context = {"rows": source_rows(), "can_write": access.can_write_fleet(request.user)}
    return render(request, "inference_kpis/query_sources/query_source_list.html", context)


@has_role(Role.OPERATOR)
@require_http_methods(["GET", "HEAD", "POST"])
def query_source_add(request: SignedInRequest) -> HttpResponse:
    return _edit(request, QuerySource())


@has_role(Role.OPERATOR)
@require_http_methods(["GET", "HEAD", "POST"])
def query_source_edit(request: SignedInRequest, pk: int) -> HttpResponse:
    return _edit(request, get_object_or_404(QuerySource, pk=pk))


def _edit(request: SignedInRequest, source: QuerySource) -> HttpResponse:
    form = QuerySourceForm(request.POST or None, instance=source)
    is_valid = request.method == "POST" and form.is_valid()
    now, trial = datetime.now(UTC), None
    if is_valid and "try" in request.POST:
        trial = try_source(form.save(commit=False), credential=form.credential_to_store, by=request.user, now=now)
    elif is_valid:
        saved = save_source(
            form.save(commit=False),
            credential=form.credential_to_store,
            changed=[name for name in form.changed_data if name != "credential"],
            by=request.user,
            now=now,
        )
        messages.success(request, _("Source %(name)s saved.") % {"name": saved.name})
        return redirect(saved)
    context = {
        "form": form,
        "source": source,
        "trial": trial,
        "has_typed_secret": bool(trial and form.cleaned_data["credential"]),
        "has_sites": Site.objects.in_service().exists(),
        "nothing_may_be_pulled": nothing_may_be_pulled(),
    }
    return render(request, "inference_kpis/query_sources/query_source_edit.html", context)


@signed_in
@require_safe
def query_source_detail(request: SignedInRequest, pk: int) -> HttpResponse:
    source = get_object_or_404(QuerySource.objects.select_related("default_site"), pk=pk)
    present = source.queried.filter(node__retired_at=None)
    context = {
        "source": source,
        "engine": ENGINES.get(source.engine),
        "present": present.count(),
        "heard_at": present.aggregate(newest=Max("heard_at"))["newest"],
        "problem": sentence(source.problem) if source.problem else "",
        "troubles": troubles_of(source),
        "refused": [(name, sentence(code)) for name, code in source.refused],
        "can_write": access.can_write_fleet(request.user),
    }
    return render(request, "inference_kpis/query_sources/query_source_detail.html", context)


@has_role(Role.OPERATOR)
@require_POST
def query_source_switch(request: SignedInRequest, pk: int) -> HttpResponse:
    source = get_object_or_404(QuerySource, pk=pk)
    is_on = switch_source(source, by=request.user, now=datetime.now(UTC))
    messages.success(
        request,
        _("The source is asked again.") if is_on else _("The source is paused; its nodes stay and fall silent."),
    )
    return redirect(source)


@has_role(Role.OPERATOR)
@require_POST
def query_source_forget(request: SignedInRequest, pk: int) -> HttpResponse:
    source = get_object_or_404(QuerySource, pk=pk)
    forget_source(source, by=request.user)
    messages.success(request, _("Source %(name)s removed; its nodes stay.") % {"name": source.name})
    return redirect("kpis:query_source_list")
