"""The pages of answering beside the single practice: a rule's introduction, a whole rule, what a script saves, history."""

import csv
from datetime import UTC, datetime

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import SignedInRequest, signed_in
from inference_kpis.spreadsheet import csv_answer
from readiness import access
from readiness.assessments import history
from readiness.assessments.entries import Entry, entries_of, entry_of
from readiness.assessments.forms import NOT_APPLICABLE, PreferenceForm, RestoreForm
from readiness.assessments.models import AnswerChange, AnsweringPreference
from readiness.assessments.progress import task_list
from readiness.assessments.replies import Reply
from readiness.assessments.way import (
    first_url,
    next_url,
    practice_or_404,
    practice_url,
    preference_of,
    resume_url,
    rule_or_404,
)
from readiness.context import figures_of_rule
from readiness.exceptions import ReadinessError


@signed_in
@require_safe
def assessment_rule_intro(request: SignedInRequest, pk: int, number: int) -> HttpResponse:
    assessment = access.get_assessment_for(request.user, pk)
    rule = rule_or_404(assessment, number)
    tasks, preference = task_list(assessment), preference_of(request.user)
    return render(
        request,
        "readiness/assessments/assessment_rule_intro.html",
        {
            "assessment": assessment,
            "rule": rule,
            "first_url": first_url(assessment, rule, tasks, preference),
            "is_untouched": tasks.is_untouched(rule),
            "figures": figures_of_rule(number),
        },
    )


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def assessment_rule(request: SignedInRequest, pk: int, number: int) -> HttpResponse:
    if request.method == "POST":
        assessment = access.get_answerable_assessment_for(request.user, pk)
        rule = rule_or_404(assessment, number)
        entries = entries_of(assessment, rule.practices, request.POST, is_draft=True)
        saved = _take_what_was_touched(request, entries)
        if saved:
            said = ngettext("%(count)d answer saved.", "%(count)d answers saved.", saved) % {"count": saved}
            messages.success(request, said)
        if all(entry.is_settled for entry in entries):
            last, preference = rule.practices[-1].key, preference_of(request.user)
            is_going_on = "continue" in request.POST
            return redirect(next_url(assessment, preference, after=last) if is_going_on else request.path)
    else:
        assessment = access.get_assessment_for(request.user, pk)
        rule = rule_or_404(assessment, number)
        entries = entries_of(assessment, rule.practices)
    return render(
        request,
        "readiness/assessments/assessment_rule.html",
        {
            "assessment": assessment,
            "rule": rule,
            "entries": entries,
            "can_answer": assessment.is_editable and access.can_answer(request.user, assessment),
            "has_errors": any(entry.form.errors for entry in entries),
        },
        status=409 if any(entry.comparison for entry in entries) else 200,
    )


def _take_what_was_touched(request: SignedInRequest, entries: list[Entry]) -> int:
    """Save answer by answer, so that one that is refused keeps no other from being saved. How many were saved."""
    now = datetime.now(UTC)
    return sum(entry.take(by=request.user, now=now) for entry in entries if not entry.leave_untouched())


@signed_in
@require_POST
def assessment_answer_save(request: SignedInRequest, pk: int, key: str) -> JsonResponse:
    """What the script of the pages saves by itself: the fields of one practice, without evidence."""
    assessment = access.get_answerable_practice_assessment_for(request.user, pk, key)
    entry = entry_of(assessment, practice_or_404(assessment, key), request.POST, is_draft=True)
    if entry.take(by=request.user, now=datetime.now(UTC)) and entry.answer:
        at = date_format(timezone.localtime(entry.answer.answered_at), "TIME_FORMAT")
        return JsonResponse({"version": entry.answer.version, "message": _("Saved at %(time)s.") % {"time": at}})
    if entry.comparison:
        comparison = entry.comparison
        entry.prefix = request.POST.get("prefix") or None
        context = {"entry": entry, "assessment": assessment, "practice": entry.practice, "comparison": comparison}
        return JsonResponse(
            {
                "version": comparison.standing.version,
                "message": _("Changed elsewhere. Compare both versions and choose."),
                "theirs": _fields(comparison.standing.reply),
                "merged": _fields(comparison.merged),
                "html": render_to_string("readiness/assessments/comparison.html", context, request),
            },
            status=409,
        )
    sentences = [str(error) for errors in entry.form.errors.values() for error in errors]
    return JsonResponse({"message": _("Not saved yet. %(why)s") % {"why": " ".join(sentences)}}, status=422)


def _fields(reply: Reply) -> dict[str, str]:
    """A reply as the fields of the form have it."""
    level = "" if reply.level is None else str(reply.level)
    return {
        "level": NOT_APPLICABLE if reply.is_not_applicable else level,
        "note": reply.note,
        "not_applicable_reason": reply.not_applicable_reason,
        "not_applicable_until": str(reply.not_applicable_until or ""),
    }


@signed_in
@require_POST
def assessment_preference(request: SignedInRequest, pk: int) -> HttpResponse:
    """Keep how somebody likes to answer, and go on that way: with the practice they were at, if any."""
    assessment = access.get_answerable_assessment_for(request.user, pk)
    form = PreferenceForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose one of the ways to answer that are shown."))
        return redirect(assessment)
    chosen = {name: form.cleaned_data[name] for name in ("layout", "path") if form.cleaned_data[name]}
    preference, _is_new = AnsweringPreference.objects.update_or_create(user=request.user, defaults=chosen)
    if key := form.cleaned_data["practice"]:
        return redirect(practice_url(assessment, practice_or_404(assessment, key).key, preference))
    return redirect(resume_url(assessment, task_list(assessment), preference))


@signed_in
@require_POST
def answer_restore(request: SignedInRequest, pk: int, key: str) -> HttpResponse:
    assessment = access.get_answerable_practice_assessment_for(request.user, pk, key)
    form = RestoreForm(request.POST)
    change_pk = form.cleaned_data["change"] if form.is_valid() else None
    change = get_object_or_404(AnswerChange, pk=change_pk, assessment=assessment, practice=key)
    try:
        history.restore(
            assessment=assessment,
            change=change,
            seen_version=form.cleaned_data["seen_version"],
            by=request.user,
            now=datetime.now(UTC),
            today=timezone.localdate(),
        )
    except ReadinessError as error:
        messages.error(request, str(error))
    else:
        said = _("Version %(version)d is the answer again.") % {"version": change.version}
        messages.success(request, said)
    return redirect("readiness:assessment_practice", pk, key)


@signed_in
@require_safe
def assessment_history_csv(request: SignedInRequest, pk: int) -> HttpResponse:
    """Every change of every answer of an assessment, oldest first."""
    assessment = access.get_assessment_for(request.user, pk)
    name = f"{slugify(assessment.team.name) or assessment.pk}-{assessment.started_at:%Y-%m-%d}-history"
    response = csv_answer(name)
    writer = csv.writer(response)
    writer.writerow(history.COLUMNS)
    changes = AnswerChange.objects.filter(assessment=assessment).select_related("changed_by", "restores")
    writer.writerows(history.table(changes.order_by("id")))
    return response
