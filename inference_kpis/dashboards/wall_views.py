"""The wall screen, for people and for screens with a link, and the page where both are set up."""

from datetime import UTC, datetime

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.access import SignedInRequest, has_role, signed_in
from accounts.models import Role
from inference_kpis import access
from inference_kpis.alerts.reading import watch
from inference_kpis.dashboards import screens
from inference_kpis.dashboards.models import ScreenLink
from inference_kpis.dashboards.wall import OLD_AFTER, WallForm, turn, wall, worst_state
from inference_kpis.readings import store


@signed_in
@require_safe
def wall_screen(request: SignedInRequest) -> HttpResponse:
    return _wall(request, WallForm(request.GET))


@require_safe
def screen(request: SignedInRequest, secret: str) -> HttpResponse:
    """The wall of a link, for whoever has it: what it shows is the link's and not the address's."""
    now = datetime.now(UTC)
    link = screens.find_link(secret, now)
    address = request.META.get("REMOTE_ADDR", "")
    if screens.is_too_often(f"link-{link.pk}" if link else f"from-{address}", now):
        return HttpResponse(_("Too many requests. Try again in a minute."), status=429, headers={"Retry-After": "60"})
    if link is None:
        raise Http404
    response = _wall(request, WallForm(QueryDict(link.query)))
    patch_cache_control(response, private=True, no_store=True)
    response["X-Robots-Tag"] = "noindex"
    return response


def _wall(request: SignedInRequest, form: WallForm) -> HttpResponse:
    """The screen, or its live part, or nothing where the same is to be seen: the minute is on it as well."""
    now = datetime.now(UTC)
    is_valid = form.is_valid()
    minute = int(now.timestamp()) // 60
    shown = (store.version(), watch().version, minute, turn(form.cleaned_data, now) if is_valid else 0)
    version = "-".join(map(str, shown))
    if request.htmx and request.GET.get("v") == version:
        return HttpResponse(status=204)
    seen = wall(form.cleaned_data, now) if is_valid else None
    context = {
        "form": form,
        "wall": seen,
        "sites": [(each, worst_state(each)) for each in seen.sites] if seen else [],
        "now": now,
        "version": version,
        "stale_seconds": int(OLD_AFTER.total_seconds()),
        "may_choose": request.user.is_authenticated,
    }
    template = "inference_kpis/dashboards/wall_screen.html" + ("#live" if request.htmx else "")
    response = render(request, template, context)
    patch_vary_headers(response, ["HX-Request"])
    return response


# --- Setting up ------------------------------------------------------------------------------------------------------


class ScreenLinkForm(forms.ModelForm):
    class Meta:
        model = ScreenLink
        fields = ("name", "query")

    def clean_query(self) -> str:
        form = WallForm(QueryDict(self.cleaned_data["query"]))
        if not form.is_valid():
            raise forms.ValidationError(_("Choose first what the screen shows."))
        return form.query


@signed_in
@require_safe
def screen_list(request: SignedInRequest) -> HttpResponse:
    """What a wall may show, and for administrators the links of screens."""
    form = WallForm(request.GET)
    context = {
        "form": form,
        "query": form.query if form.is_valid() else "",
        "can_link": access.can_link_screens(request.user),
        "links": ScreenLink.objects.usable().select_related("created_by"),
    }
    return render(request, "inference_kpis/dashboards/screen_list.html", context)


@has_role(Role.ADMINISTRATOR)
@require_POST
def screen_add(request: SignedInRequest) -> HttpResponse:
    form = ScreenLinkForm(request.POST)
    if form.is_valid():
        secret = screens.make_link(form.save(commit=False), by=request.user)
        url = request.build_absolute_uri(reverse("kpis:screen", args=[secret]))
        messages.warning(request, _("Copy this address now, it is shown only once: %(url)s") % {"url": url})
    else:
        messages.error(request, " ".join(str(text) for texts in form.errors.values() for text in texts))
    return redirect("kpis:screen_list")


@has_role(Role.ADMINISTRATOR)
@require_POST
def screen_revoke(request: SignedInRequest, pk: int) -> HttpResponse:
    link = access.get_screen_link_for(request.user, pk)
    screens.revoke_link(link, by=request.user, now=datetime.now(UTC))
    messages.success(request, _("Link revoked: %(name)s. Its screen shows nothing any more.") % {"name": link.name})
    return redirect("kpis:screen_list")
