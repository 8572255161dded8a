"""Live parts: a page asks again with the version it has, and gets an empty answer while nothing changed."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers

from accounts.access import SignedInRequest


def unchanged(request: SignedInRequest, version: int) -> bool:
    """Whether this is a poll by somebody who has this version already."""
    return bool(request.htmx) and request.GET.get("v") == str(version)


def live(request: SignedInRequest, template: str, context: dict[str, object]) -> HttpResponse:
    """The whole page, or only its live part for a poll."""
    response = render(request, template + ("#live" if request.htmx else ""), context)
    patch_vary_headers(response, ["HX-Request"])
    return response
