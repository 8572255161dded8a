"""The pages of reviewers: an assessment practice by practice, what they ask for, and their decision."""

from datetime import UTC, datetime

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from accounts.access import SignedInRequest, has_role
from accounts.models import Role
from readiness import access
from readiness.assessments import review
from readiness.assessments.forms import RefusalForm, RemarkForm, SendBackForm
from readiness.assessments.models import Answer, Assessment, Remark
from readiness.assessments.reviewing import Show, review_of
from readiness.assessments.way import practice_or_404
from readiness.exceptions import ReadinessError

MOST_PIECES = 500
SHOWN = {show.value: show for show in Show}


@has_role(Role.REVIEWER)
@require_safe
def assessment_review(request: SignedInRequest, pk: int) -> HttpResponse:
    assessment = access.get_reviewable_assessment_for(request.user, pk)
    found = review_of(assessment, datetime.now(UTC))
    show = SHOWN.get(request.GET.get("show", ""), Show.ALL)
    context = {
        "assessment": assessment,
        "review": found,
        "rules": found.showing(show),
        "show": show,
        "is_open": assessment.state == Assessment.State.SUBMITTED,
        "is_own": review.had_a_hand(request.user, assessment),
        "send_back_form": SendBackForm(),
    }
    return render(request, "readiness/assessments/assessment_review.html", context)


def _back(request: SignedInRequest, pk: int, key: str) -> HttpResponse:
    """Where a decision on one practice was taken: the review, at that practice, or the practice's own page."""
    if "review" in request.POST:
        show = SHOWN.get(request.POST.get("show", ""))
        query = f"?show={show}" if show else ""
        return redirect(f"{reverse('readiness:assessment_review', args=[pk])}{query}#{key}")
    return redirect("readiness:assessment_practice", pk, key)


@has_role(Role.REVIEWER)
@require_POST
def assessment_approve(request: SignedInRequest, pk: int) -> HttpResponse:
    assessment = access.get_reviewable_assessment_for(request.user, pk)
    try:
        review.approve_assessment(assessment=assessment, by=request.user, now=datetime.now(UTC))
    except ReadinessError as error:
        messages.error(request, str(error))
        return redirect("readiness:assessment_review", pk)
    messages.success(request, _("Approved. The overview counts it from now on."))
    return redirect("readiness:assessment_result", pk)


@has_role(Role.REVIEWER)
@require_POST
def assessment_send_back(request: SignedInRequest, pk: int) -> HttpResponse:
    assessment = access.get_reviewable_assessment_for(request.user, pk)
    form = SendBackForm(request.POST)
    try:
        remark = form.cleaned_data["remark"] if form.is_valid() else ""
        review.send_back(assessment=assessment, remark=remark, by=request.user)
    except ReadinessError as error:
        messages.error(request, str(error))
        return redirect("readiness:assessment_review", pk)
    messages.success(request, _("Sent back to the team."))
    return redirect(assessment)


@has_role(Role.REVIEWER)
@require_POST
def assessment_remark(request: SignedInRequest, pk: int, key: str) -> HttpResponse:
    assessment = access.get_reviewable_assessment_for(request.user, pk)
    practice_or_404(assessment, key)
    form = RemarkForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Say what has to change in this practice."))
        return _back(request, pk, key)
    text, now = form.cleaned_data["text"], datetime.now(UTC)
    try:
        review.remark(assessment=assessment, practice=key, text=text, by=request.user, now=now)
    except ReadinessError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Kept. The team answers it once you send the assessment back."))
    return _back(request, pk, key)


@has_role(Role.REVIEWER)
@require_POST
def remark_withdraw(request: SignedInRequest, pk: int, remark_pk: int) -> HttpResponse:
    assessment = access.get_reviewable_assessment_for(request.user, pk)
    remark = get_object_or_404(Remark, pk=remark_pk, assessment=assessment, resolved_at=None)
    try:
        review.withdraw_remark(remark=remark, by=request.user)
    except ReadinessError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Withdrawn."))
    return _back(request, pk, remark.practice)


@has_role(Role.REVIEWER)
@require_POST
def not_applicable_decide(request: SignedInRequest, pk: int, key: str) -> HttpResponse:
    assessment = access.get_reviewable_assessment_for(request.user, pk)
    answer = get_object_or_404(Answer.objects.select_related("assessment"), assessment=assessment, practice=key)
    form = RefusalForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Say why this practice applies."))
        return _back(request, pk, key)
    try:
        review.decide_not_applicable(answer=answer, **form.cleaned_data, by=request.user, now=datetime.now(UTC))
    except ReadinessError as error:
        messages.error(request, str(error))
    else:
        is_accepted = form.cleaned_data["is_accepted"]
        messages.success(request, _("Set aside until its date.") if is_accepted else _("Refused; the team is asked."))
    return _back(request, pk, key)


@has_role(Role.REVIEWER)
@require_POST
def evidence_review(request: SignedInRequest, evidence_pk: int) -> HttpResponse:
    evidence = access.get_reviewable_evidence_for(request.user, evidence_pk)
    try:
        review.review_evidence(evidence=evidence, by=request.user, now=datetime.now(UTC))
    except ReadinessError as error:
        messages.error(request, str(error))
    return _back(request, evidence.answer.assessment_id, evidence.answer.practice)


@has_role(Role.REVIEWER)
@require_POST
def evidence_review_many(request: SignedInRequest, pk: int) -> HttpResponse:
    """Several pieces at once: those that were ticked."""
    assessment = access.get_reviewable_assessment_for(request.user, pk)
    pieces = {int(text) for text in request.POST.getlist("piece")[:MOST_PIECES] if text.isdecimal() and len(text) < 10}
    count = review.review_pieces(assessment=assessment, pieces=pieces, by=request.user, now=datetime.now(UTC))
    if count:
        words = ngettext("%(count)s piece marked as reviewed.", "%(count)s pieces marked as reviewed.", count)
        messages.success(request, words % {"count": count})
    else:
        messages.info(request, _("Tick the pieces that you looked at; those that you added are reviewed by others."))
    return redirect("readiness:assessment_review", pk)
