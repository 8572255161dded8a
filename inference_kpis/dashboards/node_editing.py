"""The pages on which operators write the fleet."""

from datetime import UTC, datetime
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import SignedInRequest, has_role
from accounts.models import Role
from inference_kpis import access
from inference_kpis.dashboards.node_form import NodeForm, nothing_may_be_pulled
from inference_kpis.dashboards.undo import Act, change_nodes, offer_undo
from inference_kpis.fleet.models import Node, Site
from inference_kpis.fleet.registration import save_node
from inference_kpis.pull.schedule import schedule_node
from inference_kpis.pull.targets import save_tls
from inference_kpis.pull.trial import try_node


@has_role(Role.OPERATOR)
@require_http_methods(["GET", "HEAD", "POST"])
def node_add(request: SignedInRequest) -> HttpResponse:
    return _edit(request, Node())


@has_role(Role.OPERATOR)
@require_http_methods(["GET", "HEAD", "POST"])
def node_edit(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    return _edit(request, access.get_writable_node_for(request.user, uuid))


def _edit(request: SignedInRequest, node: Node) -> HttpResponse:
    initial = {} if node.pk else {"site": request.GET.get("site")}
    form = NodeForm(request.POST or None, instance=node, initial=initial)
    is_valid = request.method == "POST" and form.is_valid()
    trial = None
    if is_valid and "try" in request.POST:
        trial = try_node(
            form.save(commit=False), credential=form.credential_to_store, tls=form.tls_change, by=request.user
        )
    elif is_valid:
        now = datetime.now(UTC)
        with transaction.atomic():
            saved = save_node(
                form.save(commit=False),
                credential=form.credential_to_store,
                changed=[name for name in form.changed_data if name != "credential"],
                by=request.user,
                now=now,
            )
            save_tls(saved, form.tls_change)
            if saved.source == Node.Source.PULL:
                schedule_node(saved, now, is_another_server=not {"url", "engine"}.isdisjoint(form.changed_data))
        messages.success(request, _("Node %(name)s saved.") % {"name": saved.name})
        return redirect(saved)
    context = {
        "form": form,
        "trial": trial,
        "has_typed_secrets": bool(trial and (form.cleaned_data["credential"] or form.client)),
        "node": node,
        "has_sites": Site.objects.in_service().exists(),
        "nothing_may_be_pulled": nothing_may_be_pulled(),
    }
    return render(request, "inference_kpis/dashboards/node_edit.html", context)


@has_role(Role.OPERATOR)
@require_POST
def node_pause(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    node = access.get_writable_node_for(request.user, uuid)
    act = Act.RESUME if node.state == Node.State.PAUSED else Act.PAUSE
    offer_undo(request, act, change_nodes(act, [node], by=request.user, now=datetime.now(UTC)))
    return redirect(node)


@has_role(Role.OPERATOR)
@require_POST
def node_retire(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    node = access.get_writable_node_for(request.user, uuid)
    offer_undo(request, Act.RETIRE, change_nodes(Act.RETIRE, [node], by=request.user, now=datetime.now(UTC)))
    return redirect("kpis:fleet")
