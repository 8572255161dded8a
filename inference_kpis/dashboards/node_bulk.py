"""Acts on several chosen nodes at once, and taking the last one back."""

from datetime import UTC, datetime
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from accounts.access import SignedInRequest, has_role
from accounts.models import Role
from inference_kpis import access
from inference_kpis.dashboards.undo import Act, change_nodes, offer_undo, take_back, taken_from

# More than a page shows; whoever sends more did not choose them by hand.
MOST_AT_ONCE = 200


@has_role(Role.OPERATOR)
@require_POST
def node_bulk(request: SignedInRequest) -> HttpResponse:
    act, chosen = request.POST.get("act", ""), _chosen(request)
    nodes = access.get_writable_nodes_for(request.user, chosen)
    if act not in list(Act):
        messages.error(request, _("Choose what to do with the nodes. Nothing was changed."))
    elif not chosen:
        messages.error(request, _("Choose at least one node. Nothing was changed."))
    elif len(chosen) > MOST_AT_ONCE:
        messages.error(
            request, _("Choose at most %(count)s nodes at once. Nothing was changed.") % {"count": MOST_AT_ONCE}
        )
    elif changed := change_nodes(Act(act), nodes, by=request.user, now=datetime.now(UTC)):
        offer_undo(request, Act(act), changed)
    else:
        messages.info(request, _("The chosen nodes are so already, or are out of service. Nothing was changed."))
    return redirect(_way_back(request))


@has_role(Role.OPERATOR)
@require_POST
def node_undo(request: SignedInRequest) -> HttpResponse:
    kept = taken_from(request, request.POST.get("token", ""))
    if kept is None:
        messages.error(request, _("This can no longer be taken back here. Nothing was changed."))
        return redirect(_way_back(request))
    act, nodes = kept
    taken = take_back(act, nodes, by=request.user, now=datetime.now(UTC))
    if taken:
        sentence = ngettext(
            "%(names)s stays out of service: its name is taken by now.",
            "%(names)s stay out of service: their names are taken by now.",
            len(taken),
        )
        messages.warning(request, sentence % {"names": ", ".join(taken)})
    else:
        messages.success(request, _("Taken back."))
    return redirect(_way_back(request))


def _chosen(request: SignedInRequest) -> set[UUID]:
    """The nodes whose boxes are ticked; all that were shown where the box for all of them is."""
    found: set[UUID] = set()
    for text in request.POST.getlist("shown" if request.POST.get("all") else "node"):
        try:
            found.add(UUID(text))
        except ValueError:
            continue  # typed by hand into an address: no such node
    return found


def _way_back(request: SignedInRequest) -> str:
    """The page that the form was on, if it is one of ours."""
    there = request.POST.get("next", "")
    is_ours = there.startswith("/") and url_has_allowed_host_and_scheme(there, allowed_hosts=None)
    return there if is_ours else reverse("kpis:fleet")
