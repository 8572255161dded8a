"""The pages of silences and maintenance windows."""

from datetime import UTC, datetime, timedelta

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import SignedInRequest, has_role, signed_in
from accounts.models import Role
from inference_kpis import access
from inference_kpis.alerts import operating
from inference_kpis.alerts.forms import MaintenanceForm, SilenceForm
from inference_kpis.alerts.models import Alert, Silence

SUGGESTED = timedelta(hours=2)
MOST_PAST = 20


@signed_in
@require_safe
def silence_list(request: SignedInRequest) -> HttpResponse:
    now = datetime.now(UTC)
    silences = Silence.objects.select_related("site", "node", "rule", "created_by")
    context = {
        "current": silences.filter(starts_at__lte=now, ends_at__gt=now).order_by("ends_at"),
        "planned": silences.filter(starts_at__gt=now, ends_at__gt=now).order_by("starts_at"),
        "past": silences.filter(ends_at__lte=now)[:MOST_PAST],
        "can_write": access.can_write_alerts(request.user),
    }
    return render(request, "inference_kpis/alerts/silence_list.html", context)


@has_role(Role.OPERATOR)
@require_http_methods(["GET", "HEAD", "POST"])
def silence_add(request: SignedInRequest) -> HttpResponse:
    """Silence from now on; `?alert=` suggests the place and the rule of one."""
    now = datetime.now(UTC)
    silence = Silence(kind=Silence.Kind.SILENCE, ends_at=now + SUGGESTED)
    number = request.GET.get("alert", "")
    alert = Alert.objects.whole().filter(pk=number).first() if number.isascii() and number.isdigit() else None
    if alert:
        silence.rule, silence.scope = alert.rule, alert.rule.scope
        silence.tier, silence.engine, silence.model = alert.rule.tier, alert.rule.engine, alert.rule.model
        silence.site = alert.rule.site
        if alert.node or alert.site:
            silence.tier = silence.engine = silence.model = ""
            silence.scope = Silence.Scope.NODE if alert.node else Silence.Scope.SITE
            silence.node, silence.site = alert.node, None if alert.node else alert.site
    return _add(request, SilenceForm(request.POST or None, instance=silence, now=now))


@has_role(Role.OPERATOR)
@require_http_methods(["GET", "HEAD", "POST"])
def maintenance_add(request: SignedInRequest) -> HttpResponse:
    now = datetime.now(UTC)
    silence = Silence(kind=Silence.Kind.MAINTENANCE)
    return _add(request, MaintenanceForm(request.POST or None, instance=silence, now=now))


def _add(request: SignedInRequest, form: SilenceForm) -> HttpResponse:
    if request.method == "POST" and form.is_valid():
        silence = operating.add_silence(form.save(commit=False), by=request.user)
        messages.success(request, _("Saved: %(silence)s.") % {"silence": silence})
        return redirect("kpis:silence_list")
    context = {"form": form, "is_planned": form.is_planned}
    return render(request, "inference_kpis/alerts/silence_add.html", context)


@has_role(Role.OPERATOR)
@require_POST
def silence_end(request: SignedInRequest, pk: int) -> HttpResponse:
    silence = access.get_silence_to_end_for(request.user, pk)
    operating.end_silence(silence, by=request.user, now=datetime.now(UTC))
    messages.success(request, _("Ended: %(silence)s.") % {"silence": silence})
    return redirect("kpis:silence_list")
