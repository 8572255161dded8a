"""The pages of discovery: sources, one source, and nodes from and to a file."""

from collections.abc import Iterable
from datetime import UTC, datetime

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import SignedInRequest, has_role, signed_in
from accounts.models import Role
from inference_kpis import access
from inference_kpis.dashboards.node_form import nothing_may_be_pulled
from inference_kpis.discovery.forms import DiscoverySourceForm, NodeImportForm
from inference_kpis.discovery.importing import export_nodes, import_nodes, plan_import, sentence
from inference_kpis.discovery.models import DiscoverySource
from inference_kpis.discovery.planning import Kind
from inference_kpis.discovery.problems import sentence as problem_sentence
from inference_kpis.discovery.refreshing import plan_of
from inference_kpis.discovery.source_rows import source_rows
from inference_kpis.discovery.sources import NotPreviewed, ask_for_list, forget_source, save_source, switch_source
from inference_kpis.discovery.table import COLUMNS, MOST_BYTES, TableRefused, decoded
from inference_kpis.fleet.models import Node, Site

# What a page lists; the counts above say how many there are.
MOST_SHOWN = 200


@signed_in
@require_safe
def discovery_list(request: SignedInRequest) -> HttpResponse:
    context = {"rows": source_rows(), "can_write": access.can_write_fleet(request.user)}
    return render(request, "inference_kpis/discovery/discovery_list.html", context)


@has_role(Role.OPERATOR)
@require_http_methods(["GET", "HEAD", "POST"])
def discovery_add(request: SignedInRequest) -> HttpResponse:
    return _edit(request, DiscoverySource())


@has_role(Role.OPERATOR)
@require_http_methods(["GET", "HEAD", "POST"])
def discovery_edit(request: SignedInRequest, pk: int) -> HttpResponse:
    return _edit(request, get_object_or_404(DiscoverySource, pk=pk))


def _edit(request: SignedInRequest, source: DiscoverySource) -> HttpResponse:
    was_on = source.is_on
    form = DiscoverySourceForm(request.POST or None, instance=source)
    if request.method == "POST" and form.is_valid():
        saved = save_source(
            form.save(commit=False),
            credential=form.credential_to_store,
            changed=[name for name in form.changed_data if name != "credential"],
            by=request.user,
            now=datetime.now(UTC),
        )
        if was_on and not saved.is_on:
            messages.warning(request, _("The source reads otherwise now and is off: check the preview, switch it on."))
        else:
            messages.success(request, _("Source %(name)s saved.") % {"name": saved.name})
        return redirect(saved)
    context = {
        "form": form,
        "source": source,
        "has_sites": Site.objects.in_service().exists(),
        "nothing_may_be_pulled": nothing_may_be_pulled(),
    }
    return render(request, "inference_kpis/discovery/discovery_edit.html", context)


@signed_in
@require_safe
def discovery_detail(request: SignedInRequest, pk: int) -> HttpResponse:
    source = get_object_or_404(DiscoverySource.objects.select_related("default_site"), pk=pk)
    plan = plan_of(source)
    context = {
        "source": source,
        "plan": plan,
        "counts": {kind.value: plan.count(kind) for kind in Kind} if plan else {},
        "changes": [(change, field_labels(change.fields)) for change in plan.changes[:MOST_SHOWN]] if plan else [],
        "refused": [(name, problem_sentence(code)) for name, code in plan.refused[:MOST_SHOWN]] if plan else [],
        "present": source.discovered.present().count(),
        "problem": problem_sentence(source.problem) if source.problem else "",
        "is_asked": source.next_refresh_at is not None and not source.is_on,
        "can_write": access.can_write_fleet(request.user),
    }
    return render(request, "inference_kpis/discovery/discovery_detail.html", context)


def field_labels(names: Iterable[str]) -> list[str]:
    """What people call these fields of a node."""
    labels = {field.name: str(field.verbose_name) for field in Node._meta.fields}
    return [labels[name] for name in names]


@has_role(Role.OPERATOR)
@require_POST
def discovery_ask(request: SignedInRequest, pk: int) -> HttpResponse:
    source = get_object_or_404(DiscoverySource, pk=pk)
    ask_for_list(source, now=datetime.now(UTC))
    messages.success(request, _("The list is being read. Reload this page in a few seconds."))
    return redirect(source)


@has_role(Role.OPERATOR)
@require_POST
def discovery_switch(request: SignedInRequest, pk: int) -> HttpResponse:
    source = get_object_or_404(DiscoverySource, pk=pk)
    try:
        is_on = switch_source(source, by=request.user, now=datetime.now(UTC))
    except NotPreviewed as error:
        messages.error(request, str(error))
    else:
        messages.success(
            request, _("The source is on; its list is followed.") if is_on else _("The source is off; its nodes stay.")
        )
    return redirect(source)


@has_role(Role.OPERATOR)
@require_POST
def discovery_forget(request: SignedInRequest, pk: int) -> HttpResponse:
    source = get_object_or_404(DiscoverySource, pk=pk)
    forget_source(source, by=request.user)
    messages.success(request, _("Source %(name)s removed; its nodes stay.") % {"name": source.name})
    return redirect("kpis:discovery_list")


@signed_in
@require_safe
def node_export(request: SignedInRequest) -> HttpResponse:
    """All nodes in service, without credentials, as `node_import` reads them."""
    response = HttpResponse(export_nodes(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="nodes.csv"'
    return response


@has_role(Role.OPERATOR)
@require_http_methods(["GET", "HEAD", "POST"])
def node_import(request: SignedInRequest) -> HttpResponse:
    """First the file, then what it would change, then the confirmation; nothing is written unless every line is good."""
    context: dict[str, object] = {"columns": COLUMNS, "form": NodeImportForm()}
    if request.method == "POST":
        try:
            text = request.POST.get("text", "")
            if not text:
                context["form"] = form = NodeImportForm(request.POST, request.FILES)
                text = decoded(form.cleaned_data["table"].read(MOST_BYTES + 1)) if form.is_valid() else ""
            elif done := import_nodes(
                text, digest=request.POST.get("digest", ""), by=request.user, now=datetime.now(UTC)
            ):
                messages.success(
                    request,
                    _("Imported: %(added)s added, %(changed)s changed.")
                    % {"added": done.added, "changed": done.changed},
                )
                return redirect("kpis:fleet")
            else:
                context["has_moved"] = True
            if text:
                plan = plan_import(text)
                context |= {"plan": plan, "text": text, "changes": plan.changes[:MOST_SHOWN]}
                context["errors"] = plan.errors[:MOST_SHOWN]
        except TableRefused as refused:
            context["refusal"] = sentence(refused)
    return render(request, "inference_kpis/discovery/node_import.html", context)
