"""The executive page: where the company stands, in one minute."""

from datetime import UTC, datetime

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.utils.timezone import localdate
from django.views.decorators.http import require_safe

from accounts.access import SignedInRequest, signed_in
from inference_kpis.dashboards.live import unchanged
from inference_kpis.readings import store
from readiness import access
from readiness.actions.counting import counted_by_rule
from readiness.overview.summary import summarise


@signed_in
@require_safe
def overview(request: SignedInRequest) -> HttpResponse:
    version = store.version()
    if unchanged(request, version):
        return HttpResponse(status=204)
    template = "readiness/overview/overview.html" + ("#live" if request.htmx else "")
    planned = counted_by_rule(access.visible_actions(request.user), localdate())
    context = {"summary": summarise(datetime.now(UTC)), "planned": planned, "version": version}
    response = render(request, template, context)
    patch_vary_headers(response, ["HX-Request"])
    return response
