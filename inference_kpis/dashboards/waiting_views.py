"""The inbox of operators: nodes that push and that nobody registered."""

from datetime import UTC, datetime

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import IntegrityError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.access import SignedInRequest, has_role
from accounts.models import Role
from inference_kpis import access
from inference_kpis.fleet.models import Node, Site
from inference_kpis.push.models import WaitingNode
from inference_kpis.push.waiting import register_waiting, set_ignored

WAITING_PER_PAGE = 50


@has_role(Role.OPERATOR)
@require_safe
def waiting_list(request: SignedInRequest) -> HttpResponse:
    is_ignored = request.GET.get("ignored") == "1"
    found = WaitingNode.objects.unregistered().filter(is_ignored=is_ignored).select_related("key")
    page = Paginator(found, WAITING_PER_PAGE).get_page(request.GET.get("page"))
    shown = list(page.object_list)
    sites: dict[int, list[Site]] = {each.key_id: [] for each in shown}
    for site in Site.objects.in_service().filter(keysite__key__in=sites).prefetch_related("keysite_set"):
        for grant in site.keysite_set.all():
            sites.get(grant.key_id, []).append(site)
    named = Node.objects.in_service().filter(name__in=[each.name for each in shown]).select_related("site")
    elsewhere = {node.name: node for node in named}
    context = {
        "page": page,
        "rows": [(each, sites[each.key_id], elsewhere.get(each.name)) for each in shown],
        "is_ignored": is_ignored,
        "ignored_count": WaitingNode.objects.unregistered().filter(is_ignored=True).count(),
    }
    return render(request, "inference_kpis/dashboards/waiting_list.html", context)


@has_role(Role.OPERATOR)
@require_POST
def waiting_register(request: SignedInRequest, pk: int) -> HttpResponse:
    waiting = access.get_waiting_node_for(request.user, pk)
    site = Site.objects.in_service().filter(key=request.POST.get("site", "")[:60], keysite__key=waiting.key_id).first()
    if site is None:
        messages.error(request, _("Choose one of the sites that the key may write for."))
        return redirect("kpis:waiting_list")
    try:
        node = register_waiting(waiting.name, site, by=request.user, now=datetime.now(UTC))
    except IntegrityError:
        messages.error(request, _("Another node has the name %(name)s by now.") % {"name": waiting.name})
        return redirect("kpis:waiting_list")
    messages.success(
        request, _("Node %(name)s is registered; what it sends from now on is stored.") % {"name": node.name}
    )
    return redirect("kpis:waiting_list")


@has_role(Role.OPERATOR)
@require_POST
def waiting_ignore(request: SignedInRequest, pk: int) -> HttpResponse:
    waiting = access.get_waiting_node_for(request.user, pk)
    is_ignored = "back" not in request.POST
    set_ignored(waiting, is_ignored=is_ignored, by=request.user)
    words = _("%(name)s is shown no more; you find it under “Ignored”.") if is_ignored else _("%(name)s waits again.")
    messages.success(request, words % {"name": waiting.name})
    return redirect("kpis:waiting_list")
