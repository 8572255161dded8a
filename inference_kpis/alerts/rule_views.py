"""The pages of rules: all of them, one with what it would have done, and the form."""

from datetime import UTC, datetime

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import SignedInRequest, has_role, signed_in
from accounts.models import Role
from inference_kpis import access
from inference_kpis.alerts import operating, reading
from inference_kpis.alerts.forms import AlertRuleForm
from inference_kpis.alerts.measuring import watched_nodes
from inference_kpis.alerts.models import Alert, AlertRule, Channel
from inference_kpis.alerts.preview import Preview, preview
from inference_kpis.fleet.models import Site

# What a new budget rule asks for before it decides: with fewer requests one error would be a catastrophe.
BURN_MINIMUM_SAMPLES = 100


def _preview(rule: AlertRule) -> Preview:
    site_names = dict(Site.objects.values_list("pk", "name"))
    return preview(rule, watched_nodes(), site_names, datetime.now(UTC))


@signed_in
@require_safe
def alert_rule_list(request: SignedInRequest) -> HttpResponse:
    awake = Alert.objects.awake().values_list("rule_id", "phase")
    phases: dict[int, set[str]] = {}
    for rule_id, phase in awake:
        phases.setdefault(rule_id, set()).add(phase)
    rows = [
        (rule, "firing" if "firing" in (of := phases.get(rule.pk, set())) else "pending" if of else "ok")
        for rule in AlertRule.objects.in_use().whole()
    ]
    context = {"rows": rows, "kinds": AlertRule.Kind.choices, "can_write": access.can_write_alerts(request.user)}
    return render(request, "inference_kpis/alerts/alert_rule_list.html", context)


@signed_in
@require_safe
def alert_rule_detail(request: SignedInRequest, pk: int) -> HttpResponse:
    rule = access.get_alert_rule(pk)
    return render(
        request,
        "inference_kpis/alerts/alert_rule_detail.html",
        {
            "rule": rule,
            "kpi": rule.measured_kpi if rule.kind != AlertRule.Kind.BURN else None,
            "alerts": reading.worst_first(Alert.objects.awake().filter(rule=rule)),
            "events": reading.history_of_rule(rule),
            "preview": None if rule.retired_at else _preview(rule),
            "can_write": access.can_write_alerts(request.user) and not rule.retired_at,
        },
    )


@has_role(Role.OPERATOR)
@require_http_methods(["GET", "HEAD", "POST"])
def alert_rule_add(request: SignedInRequest, kind: str) -> HttpResponse:
    if kind not in AlertRule.Kind.values:
        raise Http404
    rule = AlertRule(kind=kind, channel=Channel.objects.in_use().first())
    if kind == AlertRule.Kind.BURN:
        rule.minimum_samples, rule.raise_after_seconds = BURN_MINIMUM_SAMPLES, 0
    if kind == AlertRule.Kind.STATE:
        rule.per, rule.bad_state = AlertRule.Per.NODE, AlertRule.BadState.EITHER
    return _edit(request, rule)


@has_role(Role.OPERATOR)
@require_http_methods(["GET", "HEAD", "POST"])
def alert_rule_edit(request: SignedInRequest, pk: int) -> HttpResponse:
    return _edit(request, access.get_writable_alert_rule_for(request.user, pk))


def _edit(request: SignedInRequest, rule: AlertRule) -> HttpResponse:
    """The form; asked for a preview it shows what the rule would have done, and saves nothing."""
    form = AlertRuleForm(request.POST or None, instance=rule)
    wants_preview = "preview" in request.POST
    shown = None
    if request.method == "POST" and form.is_valid():
        if not wants_preview:
            saved = operating.save_rule(form.save(commit=False), changed=form.changed_data, by=request.user)
            messages.success(request, _("Rule %(name)s saved.") % {"name": saved.name})
            return redirect(saved)
        shown = _preview(form.save(commit=False))
    is_fragment = bool(request.htmx) and wants_preview
    context = {
        "form": form,
        "rule": rule,
        "kind_label": AlertRule.Kind(rule.kind).label,
        "preview": shown,
        "has_channels": Channel.objects.in_use().exists(),
    }
    template = "inference_kpis/alerts/alert_rule_edit.html"
    response = render(request, template + ("#preview" if is_fragment else ""), context)
    patch_vary_headers(response, ["HX-Request"])
    return response


@has_role(Role.OPERATOR)
@require_POST
def alert_rule_switch(request: SignedInRequest, pk: int) -> HttpResponse:
    rule = access.get_writable_alert_rule_for(request.user, pk)
    operating.switch_rule(rule, by=request.user)
    return redirect(rule)


@has_role(Role.OPERATOR)
@require_POST
def alert_rule_retire(request: SignedInRequest, pk: int) -> HttpResponse:
    rule = access.get_writable_alert_rule_for(request.user, pk)
    operating.retire_rule(rule, by=request.user, now=datetime.now(UTC))
    messages.success(request, _("Rule %(name)s is retired; its history is kept.") % {"name": rule.name})
    return redirect("kpis:alert_rule_list")
