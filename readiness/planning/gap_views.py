"""From a gap to a plan: what is missing for a level, the cheapest way there, what doing it would change."""

from collections.abc import Iterable
from datetime import UTC, datetime
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import SignedInRequest, signed_in
from readiness import access
from readiness.actions.writing import plan_actions
from readiness.assessments.models import Assessment
from readiness.assessments.way import rule_or_404
from readiness.bank import Rule
from readiness.exceptions import ReadinessError
from readiness.planning.forms import TermsForm
from readiness.planning.gaps import Gaps, gaps_of

TEMPLATE = "readiness/planning/assessment_gaps.html"


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def assessment_gaps(request: SignedInRequest, pk: int, number: int) -> HttpResponse:
    """What was ticked stands in the address, so that it can be shared; a POST only leads there."""
    assessment = access.get_assessment_for(request.user, pk)
    rule = rule_or_404(assessment, number)
    if request.method == "POST":
        if not request.htmx:
            query = _query(request.POST.get("level", ""), request.POST.getlist("tick"))
            return redirect(f"{reverse('readiness:assessment_gaps', args=[pk, number])}?{query}")
        return _page(request, assessment, rule, _gaps(assessment, rule, request.POST), template=f"{TEMPLATE}#what_if")
    return _page(request, assessment, rule, _gaps(assessment, rule, request.GET))


@signed_in
@require_POST
def assessment_gaps_plan(request: SignedInRequest, pk: int, number: int) -> HttpResponse:
    assessment = access.get_answerable_assessment_for(request.user, pk)
    rule = rule_or_404(assessment, number)
    gaps = _gaps(assessment, rule, request.POST)
    form = TermsForm(request.POST)
    chosen = () if gaps is None else gaps.on_cheapest_way if request.POST.get("plan") == "cheapest" else gaps.ticked
    if not form.is_valid():
        return _page(request, assessment, rule, gaps, form=form)
    if not chosen:
        messages.error(request, _("Tick at least one step to plan it."))
        return redirect("readiness:assessment_gaps", pk, number)
    try:
        made = plan_actions(
            team=assessment.team,
            bank_version=assessment.bank_version,
            recommendations=chosen,
            owner=form.cleaned_data["owner"],
            due_on=form.cleaned_data["due_on"],
            by=request.user,
            now=datetime.now(UTC),
        )
    except ReadinessError as error:
        form.add_error(None, str(error))
        return _page(request, assessment, rule, gaps, form=form)
    messages.success(
        request,
        ngettext("%(count)d action planned.", "%(count)d actions planned.", len(made)) % {"count": len(made)}
        if made
        else _("All of this is planned already."),
    )
    return redirect(f"{reverse('readiness:action_board')}?{urlencode({'team': assessment.team_id, 'rule': number})}")


def _gaps(assessment: Assessment, rule: Rule, asked: QueryDict) -> Gaps | None:
    level = asked.get("level", "")
    ticks = asked.getlist("tick") if "ticked" in asked else None
    return gaps_of(
        assessment, rule, datetime.now(UTC), level=int(level) if level in {"1", "2", "3", "4"} else None, ticks=ticks
    )


def _query(level: str, ticks: Iterable[str]) -> str:
    return urlencode([("level", level), ("ticked", "1"), *(("tick", key) for key in ticks)])


def _page(
    request: SignedInRequest,
    assessment: Assessment,
    rule: Rule,
    gaps: Gaps | None,
    *,
    form: TermsForm | None = None,
    template: str = TEMPLATE,
) -> HttpResponse:
    context = {
        "assessment": assessment,
        "rule": rule,
        "gaps": gaps,
        "share_url": "?" + _query(str(gaps.level), [each.key for each in gaps.ticked]) if gaps else "",
        "form": form or TermsForm(initial={"owner": request.user}),
        "can_plan": access.can_answer(request.user, assessment),
        "currency": settings.CURRENCY,
    }
    answer = render(request, template, context)
    patch_vary_headers(answer, ["HX-Request"])
    return answer
