"""The pages of answering: the list, the task list of one assessment, one practice, the result."""

from datetime import UTC, datetime

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import SignedInRequest, signed_in
from accounts.alphabet import alphabetical
from readiness import access
from readiness.assessments import answering, progress, review
from readiness.assessments.carrying import waiting_reasons
from readiness.assessments.entries import entry_of
from readiness.assessments.evidence_forms import FilesForm
from readiness.assessments.forms import RemarkForm, StartForm, SubmitForm, is_draft
from readiness.assessments.history import changes_of
from readiness.assessments.models import Assessment, Binding, Evidence
from readiness.assessments.results import company_result, latest_checks, result_of
from readiness.assessments.upgrading import newer_version, standing_move
from readiness.assessments.way import next_url, practice_or_404, preference_of, resume_url
from readiness.context import figures_of_rule
from readiness.exceptions import AlreadyInProgress, ReadinessError

CHANGES_PER_PAGE = 10


@signed_in
@require_safe
def assessment_list(request: SignedInRequest) -> HttpResponse:
    teams = access.teams_to_answer_for(request.user)
    form = StartForm(teams=teams.exclude(assessments__state__in=("open", "submitted", "sent_back")))
    assessments = access.visible_assessments(request.user).order_by("-started_at")
    rows = sorted(progress.with_progress(assessments), key=lambda row: alphabetical(row[0].team.name))
    context = {"rows": rows, "form": form, "is_reviewer": request.user.role in access.REVIEW}
    return render(request, "readiness/assessments/assessment_list.html", context)


@signed_in
@require_POST
def assessment_start(request: SignedInRequest) -> HttpResponse:
    form = StartForm(request.POST, teams=access.teams_to_answer_for(request.user))
    if not form.is_valid():
        messages.error(request, _("Choose one of your teams."))
        return redirect("readiness:assessment_list")
    team = form.cleaned_data["team"]
    if standing := Assessment.objects.in_progress().filter(team=team).first():
        messages.error(request, str(AlreadyInProgress()))
        return redirect(standing)
    if Assessment.objects.approved().filter(team=team).exists():
        return redirect("readiness:assessment_next", team.pk)
    try:
        assessment = answering.start_assessment(team=team, by=request.user, now=datetime.now(UTC))
    except ReadinessError as error:
        messages.error(request, str(error))
        return redirect("readiness:assessment_list")
    return redirect(assessment)


@signed_in
@require_safe
def assessment_detail(request: SignedInRequest, pk: int) -> HttpResponse:
    assessment = access.get_assessment_for(request.user, pk)
    tasks, preference = progress.task_list(assessment), preference_of(request.user)
    return render(
        request,
        "readiness/assessments/assessment_detail.html",
        {
            "newer_version": newer_version(assessment),
            "standing_move": standing_move(assessment),
            "assessment": assessment,
            "tasks": tasks,
            "preference": preference,
            "resume_url": resume_url(assessment, tasks, preference),
            "can_answer": assessment.is_editable and access.can_answer(request.user, assessment),
            "can_review": access.may_review_now(request.user, assessment),
        },
    )


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def assessment_practice(request: SignedInRequest, pk: int, key: str) -> HttpResponse:
    if request.method == "POST":
        assessment = access.get_answerable_practice_assessment_for(request.user, pk, key)
        entry = entry_of(assessment, practice_or_404(assessment, key), request.POST, is_draft=is_draft(request.POST))
        if entry.take(by=request.user, now=datetime.now(UTC)):
            messages.success(request, _("Answer saved."))
            if access.is_guest(request.user, assessment):
                return redirect("readiness:my_work")
            is_going_on = "continue" in request.POST
            return redirect(next_url(assessment, preference_of(request.user), after=key) if is_going_on else assessment)
        if entry.is_settled:
            return redirect("readiness:assessment_practice", pk, key)
    else:
        assessment = access.get_practice_assessment_for(request.user, pk, key)
        entry = entry_of(assessment, practice_or_404(assessment, key))
    may_answer, is_guest = access.may_answer_practice(request.user, assessment, key)
    pieces, former_pieces = progress.pieces_of(entry.answer, entry.practice)
    return render(
        request,
        "readiness/assessments/assessment_practice.html",
        {
            "assessment": assessment,
            "practice": entry.practice,
            "answer": entry.answer,
            "pieces": pieces,
            "bindings": Binding.objects.filter(team=assessment.team_id, practice=key),
            "files_form": FilesForm(initial={"dated_on": timezone.localdate()}),
            "former_pieces": former_pieces,
            "entry": entry,
            "form": entry.form,
            "can_answer": assessment.is_editable and may_answer,
            "is_guest": is_guest,
            "can_review_evidence": access.can_review(request.user, assessment),
            **waiting_reasons(assessment, entry.practice, entry.answer, datetime.now(UTC)),
            "remark_form": RemarkForm() if access.may_review_now(request.user, assessment) else None,
            "place": progress.place_of(assessment, key),
            "changes": Paginator(changes_of(assessment, key), CHANGES_PER_PAGE).get_page(request.GET.get("page")),
        },
        status=409 if entry.comparison else 200,
    )


@signed_in
@require_POST
def evidence_remove(request: SignedInRequest, pk: int, evidence_pk: int) -> HttpResponse:
    evidence = get_object_or_404(Evidence.everything.select_related("answer"), pk=evidence_pk, answer__assessment=pk)
    access.get_answerable_practice_assessment_for(request.user, pk, evidence.answer.practice)
    try:
        answering.remove_evidence(evidence=evidence, by=request.user, now=datetime.now(UTC))
    except ReadinessError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Withdrawn. It can be put back below."))
    return redirect("readiness:assessment_practice", pk, evidence.answer.practice)


@signed_in
@require_POST
def assessment_submit(request: SignedInRequest, pk: int) -> HttpResponse:
    assessment = access.get_answerable_assessment_for(request.user, pk)
    form = SubmitForm(request.POST)
    confirming = (form.cleaned_data["confirming"] if form.is_valid() else None) or 0
    try:
        review.submit_assessment(assessment=assessment, by=request.user, now=datetime.now(UTC), confirming=confirming)
    except ReadinessError as error:
        messages.error(request, str(error))
        return redirect(assessment)
    messages.success(request, _("Submitted. A reviewer looks at it next."))
    return redirect("readiness:assessment_result", pk)


@signed_in
@require_safe
def assessment_result(request: SignedInRequest, pk: int) -> HttpResponse:
    assessment = access.get_assessment_for(request.user, pk)
    result = result_of(assessment, datetime.now(UTC))
    bindings = list(Binding.objects.filter(team=assessment.team_id).prefetch_related("sites"))
    return render(
        request,
        "readiness/assessments/assessment_result.html",
        {
            "assessment": assessment,
            "result": result,
            "unconfirmed": assessment.answers.filter(awaits_confirmation=True).count() if assessment.is_editable else 0,
            "rows": progress.result_rows(result, bindings, latest_checks(bindings)),
            "currency": settings.CURRENCY,
        },
    )


@signed_in
@require_safe
def rule_detail(request: SignedInRequest, number: int) -> HttpResponse:
    company = company_result(datetime.now(UTC))
    row = next((row for row in company.rules if row[0].number == number), None)
    if row is None:
        raise Http404
    rule, score, verdict, target = row
    visible = set(access.visible_assessments(request.user).values_list("pk", flat=True))
    teams = [(result, each) for result in company.results for each in result.rules if each.rule.key == rule.key]
    return render(
        request,
        "readiness/assessments/rule_detail.html",
        {
            "rule": rule,
            "score": score,
            "verdict": verdict,
            "target": target,
            "teams": teams,
            "figures": figures_of_rule(number),
            "visible": visible,
        },
    )
