"""The executive page: where the company stands, in one minute."""

from datetime import UTC, datetime

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from accounts.access import SignedInRequest, signed_in
from inference_kpis.dashboards.live import unchanged
from inference_kpis.readings import store
from readiness.overview.summary import summarise


@signed_in
@require_safe
def overview(request: SignedInRequest) -> HttpResponse:
    version = store.version()
    if unchanged(request, version):
        return HttpResponse(status=204)
    template = "readiness/overview/overview.html" + ("#live" if request.htmx else "")
    context = {"summary": summarise(datetime.now(UTC)), "version": version}
    response = render(request, template, context)
    patch_vary_headers(response, ["HX-Request"])
    return response
