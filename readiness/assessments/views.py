"""The pages of answering: the list, the task list of one assessment, one practice, the result."""

from datetime import UTC, datetime

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import SignedInRequest, has_role, signed_in
from accounts.alphabet import alphabetical
from accounts.models import Role
from readiness import access
from readiness.assessments import answering, progress, review
from readiness.assessments.answering import StaleAnswer
from readiness.assessments.forms import NOT_APPLICABLE, AnswerForm, SendBackForm, StartForm
from readiness.assessments.models import Answer, Assessment, Binding, Evidence
from readiness.assessments.results import company_result, latest_checks, result_of
from readiness.bank import Practice, load_bank
from readiness.exceptions import ReadinessError


@signed_in
@require_safe
def assessment_list(request: SignedInRequest) -> HttpResponse:
    teams = access.teams_to_answer_for(request.user)
    form = StartForm(teams=teams.exclude(assessments__state__in=("open", "submitted", "sent_back")))
    assessments = access.visible_assessments(request.user).order_by("-started_at")
    rows = sorted(progress.with_progress(assessments), key=lambda row: alphabetical(row[0].team.name))
    return render(request, "readiness/assessments/assessment_list.html", {"rows": rows, "form": form})


@signed_in
@require_POST
def assessment_start(request: SignedInRequest) -> HttpResponse:
    form = StartForm(request.POST, teams=access.teams_to_answer_for(request.user))
    if not form.is_valid():
        messages.error(request, _("Choose one of your teams."))
        return redirect("readiness:assessment_list")
    try:
        assessment = answering.start_assessment(team=form.cleaned_data["team"], by=request.user, now=datetime.now(UTC))
    except ReadinessError as error:
        messages.error(request, str(error))
        return redirect("readiness:assessment_list")
    return redirect(assessment)


@signed_in
@require_safe
def assessment_detail(request: SignedInRequest, pk: int) -> HttpResponse:
    assessment = access.get_assessment_for(request.user, pk)
    tasks = progress.task_list(assessment)
    return render(
        request,
        "readiness/assessments/assessment_detail.html",
        {
            "assessment": assessment,
            "tasks": tasks,
            "can_answer": assessment.is_editable and access.can_answer(request.user, assessment),
            "can_review": assessment.state == "submitted" and access.can_review(request.user, assessment),
            "send_back_form": SendBackForm(),
        },
    )


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def assessment_practice(request: SignedInRequest, pk: int, key: str) -> HttpResponse:
    assessment = access.get_assessment_for(request.user, pk)
    practice = _practice_or_404(assessment.bank_version, key)
    answer = Answer.objects.filter(assessment=assessment, practice=key).prefetch_related("evidence").first()
    can_answer = assessment.is_editable and access.can_answer(request.user, assessment)
    conflict = None
    if request.method == "POST":
        assessment = access.get_answerable_assessment_for(request.user, pk)
        form = AnswerForm(request.POST, practice=practice, language=get_language() or "en")
        if form.is_valid():
            try:
                answering.save_reply(
                    assessment=assessment,
                    practice=key,
                    form=form.cleaned_data,
                    reply=form.reply,
                    by=request.user,
                    now=datetime.now(UTC),
                )
            except StaleAnswer as error:
                conflict = error.current
                form = _form_with_version(request, practice, error.current.version)
            except ReadinessError as error:
                form.add_error(None, str(error))
            else:
                return _after_saving(request, assessment, key)
    else:
        form = AnswerForm(initial=_initial(answer), practice=practice, language=get_language() or "en")
    place = progress.place_of(assessment, key)
    return render(
        request,
        "readiness/assessments/assessment_practice.html",
        {
            "assessment": assessment,
            "practice": practice,
            "answer": answer,
            "form": form,
            "conflict": conflict,
            "can_answer": can_answer,
            "can_review_evidence": access.can_review(request.user, assessment),
            "place": place,
        },
        status=409 if conflict else 200,
    )


def _form_with_version(request: SignedInRequest, practice: Practice, version: int) -> AnswerForm:
    """What the person wrote, ready to be saved over the version that they have now seen."""
    data = request.POST.copy()
    data["seen_version"] = str(version)
    return AnswerForm(data, practice=practice, language=get_language() or "en")


def _initial(answer: Answer | None) -> dict[str, object]:
    if answer is None:
        return {"seen_version": 0}
    return {
        "level": NOT_APPLICABLE if answer.is_not_applicable else answer.level,
        "note": answer.note,
        "not_applicable_reason": answer.not_applicable_reason,
        "not_applicable_until": answer.not_applicable_until,
        "seen_version": answer.version,
    }


def _after_saving(request: SignedInRequest, assessment: Assessment, key: str) -> HttpResponse:
    messages.success(request, _("Answer saved."))
    following = progress.next_open(assessment, after=key) if "continue" in request.POST else None
    if following is None:
        return redirect(assessment)
    return redirect("readiness:assessment_practice", assessment.pk, following)


def _practice_or_404(version: str, key: str) -> Practice:
    try:
        return load_bank(version).practice(key)
    except KeyError:
        raise Http404 from None


@signed_in
@require_POST
def evidence_remove(request: SignedInRequest, pk: int, evidence_pk: int) -> HttpResponse:
    assessment = access.get_answerable_assessment_for(request.user, pk)
    evidence = get_object_or_404(
        Evidence.objects.select_related("answer"), pk=evidence_pk, answer__assessment=assessment
    )
    try:
        answering.remove_evidence(evidence=evidence, by=request.user)
    except ReadinessError as error:
        messages.error(request, str(error))
    return redirect("readiness:assessment_practice", pk, evidence.answer.practice)


@has_role(Role.REVIEWER)
@require_POST
def evidence_review(request: SignedInRequest, evidence_pk: int) -> HttpResponse:
    evidence = access.get_reviewable_evidence_for(request.user, evidence_pk)
    try:
        review.review_evidence(evidence=evidence, by=request.user, now=datetime.now(UTC))
    except ReadinessError as error:
        messages.error(request, str(error))
    answer = evidence.answer
    return redirect("readiness:assessment_practice", answer.assessment_id, answer.practice)


@signed_in
@require_POST
def assessment_submit(request: SignedInRequest, pk: int) -> HttpResponse:
    assessment = access.get_answerable_assessment_for(request.user, pk)
    try:
        review.submit_assessment(assessment=assessment, by=request.user, now=datetime.now(UTC))
    except ReadinessError as error:
        messages.error(request, str(error))
        return redirect(assessment)
    messages.success(request, _("Submitted. A reviewer looks at it next."))
    return redirect("readiness:assessment_result", pk)


@has_role(Role.REVIEWER)
@require_POST
def assessment_approve(request: SignedInRequest, pk: int) -> HttpResponse:
    assessment = access.get_reviewable_assessment_for(request.user, pk)
    try:
        review.approve_assessment(assessment=assessment, by=request.user, now=datetime.now(UTC))
    except ReadinessError as error:
        messages.error(request, str(error))
        return redirect(assessment)
    messages.success(request, _("Approved. The overview counts it from now on."))
    return redirect("readiness:assessment_result", pk)


@has_role(Role.REVIEWER)
@require_POST
def assessment_send_back(request: SignedInRequest, pk: int) -> HttpResponse:
    assessment = access.get_reviewable_assessment_for(request.user, pk)
    form = SendBackForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Say what has to change before you send it back."))
        return redirect(assessment)
    try:
        review.send_back(assessment=assessment, remark=form.cleaned_data["remark"], by=request.user)
    except ReadinessError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Sent back to the team."))
    return redirect(assessment)


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
            "rows": progress.result_rows(result, bindings, latest_checks(bindings)),
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
        {"rule": rule, "score": score, "verdict": verdict, "target": target, "teams": teams, "visible": visible},
    )
