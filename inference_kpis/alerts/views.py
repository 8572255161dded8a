"""The pages of alerts: what fires, and its history."""

from datetime import UTC, datetime

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.access import SignedInRequest, has_role, signed_in
from accounts.models import Role
from inference_kpis import access
from inference_kpis.alerts import operating, reading
from inference_kpis.alerts.forms import AcknowledgeForm
from inference_kpis.alerts.models import Alert, AlertRule
from inference_kpis.alerts.states import Phase

ALERTS_PER_PAGE = 50


def is_unchanged(request: SignedInRequest, version: int) -> bool:
    """Whether this is a poll by somebody who has this version already."""
    return bool(request.htmx) and request.GET.get("v") == str(version)


def live(request: SignedInRequest, template: str, context: dict[str, object]) -> HttpResponse:
    """The whole page, or only its live part for a poll."""
    response = render(request, template + ("#live" if request.htmx else ""), context)
    patch_vary_headers(response, ["HX-Request"])
    return response


@signed_in
@require_safe
def alert_list(request: SignedInRequest) -> HttpResponse:
    watch = reading.watch()
    if is_unchanged(request, watch.version):
        return HttpResponse(status=204)
    now = datetime.now(UTC)
    silences = reading.silences_now(now)
    firing = reading.worst_first(Alert.objects.filter(phase=Phase.FIRING))
    pending = reading.worst_first(Alert.objects.filter(phase=Phase.PENDING))
    counts = reading.count_by_phase()
    rules = AlertRule.objects.active().count()
    page = Paginator(firing, ALERTS_PER_PAGE).get_page(request.GET.get("page"))
    return live(
        request,
        "inference_kpis/alerts/alert_list.html",
        {
            "headline": reading.headline(counts.get(Phase.FIRING, 0), counts.get(Phase.PENDING, 0), rules),
            "page": page,
            "firing": reading.alert_lines(page.object_list, silences, now),
            "pending": reading.alert_lines(pending[:ALERTS_PER_PAGE], silences, now),
            "ended": reading.recent_ends(now),
            "silences": silences,
            "rules": rules,
            "watch": watch,
            "is_late": rules and reading.is_late(watch, now),
            "version": watch.version,
            "can_write": access.can_write_alerts(request.user),
        },
    )


@signed_in
@require_safe
def alert_detail(request: SignedInRequest, pk: int) -> HttpResponse:
    watch = reading.watch()
    if is_unchanged(request, watch.version):
        return HttpResponse(status=204)
    alert = access.get_alert(pk)
    now = datetime.now(UTC)
    return live(
        request,
        "inference_kpis/alerts/alert_detail.html",
        {
            "alert": alert,
            "kpi": alert.rule.measured_kpi if alert.rule.kind != AlertRule.Kind.BURN else None,
            "silence": reading.silence_over(alert, reading.silences_now(now), now),
            "events": reading.history_of(alert),
            "form": AcknowledgeForm(),
            "version": watch.version,
            "can_write": access.can_write_alerts(request.user),
        },
    )


@has_role(Role.OPERATOR)
@require_POST
def alert_acknowledge(request: SignedInRequest, pk: int) -> HttpResponse:
    alert = access.get_alert(pk)
    form = AcknowledgeForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Write in a few words who does what about it."))
    elif operating.acknowledge(alert, note=form.cleaned_data["note"], by=request.user, now=datetime.now(UTC)):
        messages.success(request, _("Alert acknowledged."))
    else:
        messages.info(request, _("This alert does not fire any more."))
    return redirect(alert)
