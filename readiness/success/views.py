"""The pages of success metrics."""

from datetime import UTC, datetime

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import SignedInRequest, signed_in
from readiness import access
from readiness.success import targets
from readiness.success.forms import SuccessMetricForm
from readiness.success.models import SuccessMetric
from readiness.success.standing import WINDOW, standings


@signed_in
@require_safe
def success_metric_list(request: SignedInRequest) -> HttpResponse:
    metrics = list(SuccessMetric.objects.current().select_related("team", "site", "owner"))
    can_add = access.teams_to_answer_for(request.user).exists()
    context = {"standings": standings(metrics, datetime.now(UTC)), "can_add": can_add, "window": WINDOW}
    return render(request, "readiness/success/success_metric_list.html", context)


@signed_in
@require_safe
def success_metric_detail(request: SignedInRequest, pk: int) -> HttpResponse:
    metric = access.get_success_metric(pk)
    can_edit = access.teams_to_answer_for(request.user).filter(pk=metric.team_id).exists()
    standing = standings([metric], datetime.now(UTC))[0]
    context = {"metric": metric, "standing": standing, "can_edit": can_edit, "window": WINDOW}
    return render(request, "readiness/success/success_metric_detail.html", context)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def success_metric_add(request: SignedInRequest) -> HttpResponse:
    return _edit(request, SuccessMetric(owner=request.user))


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def success_metric_edit(request: SignedInRequest, pk: int) -> HttpResponse:
    return _edit(request, access.get_editable_success_metric_for(request.user, pk))


def _edit(request: SignedInRequest, metric: SuccessMetric) -> HttpResponse:
    teams = access.teams_to_answer_for(request.user)
    form = SuccessMetricForm(request.POST or None, instance=metric, teams=teams)
    if request.method == "POST" and form.is_valid():
        saved = targets.save_success_metric(form.save(commit=False), changed=form.changed_data, by=request.user)
        messages.success(request, _("Success metric saved."))
        return redirect(saved)
    context = {"form": form, "metric": metric, "has_teams": teams.exists()}
    return render(request, "readiness/success/success_metric_edit.html", context)


@signed_in
@require_POST
def success_metric_retire(request: SignedInRequest, pk: int) -> HttpResponse:
    metric = access.get_editable_success_metric_for(request.user, pk)
    targets.retire_success_metric(metric, by=request.user, now=datetime.now(UTC))
    messages.success(request, _("Success metric retired."))
    return redirect("readiness:success_metric_list")
