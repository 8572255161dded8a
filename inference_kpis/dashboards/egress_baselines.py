"""The pages that say what requests used to send to the central region, from which the egress avoided follows."""

from typing import Any, cast

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import SignedInRequest, has_role, signed_in
from accounts.models import Role
from inference_kpis import access
from inference_kpis.fleet.egress import declare_baseline
from inference_kpis.fleet.models import EgressBaseline, ServedModel


class EgressBaselineForm(forms.ModelForm):
    class Meta:
        model = EgressBaseline
        fields = ("model", "bytes_per_request", "measured_on", "source")
        widgets = {"measured_on": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")}
        help_texts = {
            "bytes_per_request": gettext_lazy(
                "Both ways, on average: what a request and its answer sent to or from the central region."
                " Empty: no longer declared from now on."
            ),
            "source": gettext_lazy("Who measured it and how, so that others can check it."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # '' is the node itself, which serves no request.
        cast(forms.ModelChoiceField, self.fields["model"]).queryset = ServedModel.objects.exclude(name="")

    def clean_measured_on(self) -> Any:
        measured_on = self.cleaned_data["measured_on"]
        if measured_on > timezone.localdate():
            raise forms.ValidationError(_("A baseline cannot be dated in the future."))
        return measured_on


@signed_in
@require_safe
def egress_baseline_list(request: SignedInRequest) -> HttpResponse:
    """Every declaration, the one in force first for each model."""
    declared = list(EgressBaseline.objects.newest_first().select_related("model", "declared_by"))
    in_force = {baseline.model_id: baseline.pk for baseline in reversed(declared)}
    context = {
        "baselines": [(baseline, in_force[baseline.model_id] == baseline.pk) for baseline in declared],
        "can_write": access.can_write_fleet(request.user),
    }
    return render(request, "inference_kpis/dashboards/egress_baseline_list.html", context)


@has_role(Role.OPERATOR)
@require_http_methods(["GET", "HEAD", "POST"])
def egress_baseline_add(request: SignedInRequest) -> HttpResponse:
    form = EgressBaselineForm(request.POST or None, initial={"model": request.GET.get("model")})
    if request.method == "POST" and form.is_valid():
        baseline = declare_baseline(form.save(commit=False), by=request.user)
        messages.success(
            request, _("Declared for %(model)s; it counts for readings from now on.") % {"model": baseline.model}
        )
        return redirect("kpis:egress_baseline_list")
    context = {"form": form, "has_models": ServedModel.objects.exclude(name="").exists()}
    return render(request, "inference_kpis/dashboards/egress_baseline_add.html", context)
