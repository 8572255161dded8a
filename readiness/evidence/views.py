"""The pages of evidence: files in and out, revisions, what waits for a reviewer, and what runs out."""

import csv
from datetime import UTC, date, datetime

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.cache import patch_cache_control
from django.utils.http import content_disposition_header
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import condition, require_http_methods, require_POST, require_safe

from accounts.access import SignedInRequest, has_role, signed_in
from accounts.alphabet import alphabetical
from accounts.audit import record
from accounts.models import Role
from inference_kpis.readings.rollups import local_day
from inference_kpis.spreadsheet import as_text, csv_answer
from readiness import access
from readiness.assessments import answering, review
from readiness.assessments.evidence_forms import MOST_FILES, FilesForm, QueueForm, RefuseForm, RevisionForm
from readiness.assessments.models import Binding
from readiness.assessments.results import results_of
from readiness.assessments.way import practice_or_404
from readiness.bank import load_bank
from readiness.calendars import as_calendar, calendar_answer
from readiness.evidence import files
from readiness.evidence.calendar import HORIZON, Entry, as_days, entries_of
from readiness.evidence.measurements import keep_measurement
from readiness.evidence.waiting import counting, of_rule, to_review
from readiness.exceptions import ReadinessError

PIECES_PER_PAGE = 50


@signed_in
@require_POST
def evidence_add(request: SignedInRequest, pk: int, key: str) -> HttpResponse:
    """Files under a practice; what is refused is said, and leaves the others."""
    assessment = access.get_answerable_assessment_for(request.user, pk)
    practice_or_404(assessment, key)
    form, uploads = FilesForm(request.POST), request.FILES.getlist("uploads")
    if not uploads:
        messages.error(request, _("Choose a file first."))
    elif len(uploads) > MOST_FILES:
        messages.error(request, _("Send at most %(count)s files at a time.") % {"count": MOST_FILES})
    elif not form.is_valid():
        for errors in form.errors.values():
            for error in errors:
                messages.error(request, str(error))
    else:
        values = {name: form.cleaned_data[name] for name in ("title", "dated_on", "valid_until")}
        added = 0
        for upload in uploads:
            try:
                files.add_file(
                    assessment=assessment,
                    practice=key,
                    file=files.check_file(upload),
                    **values,
                    by=request.user,
                    now=datetime.now(UTC),
                )
                added += 1
            except ReadinessError as error:
                messages.error(request, str(error))
        if added:
            words = ngettext("%(count)s file kept.", "%(count)s files kept.", added)
            messages.success(request, words % {"count": added})
    return redirect("readiness:assessment_practice", pk, key)


def _digest(request: SignedInRequest, evidence_pk: int) -> str | None:
    """The ETag of a file: its SHA-256; None for whoever may not have it."""
    if not request.user.is_authenticated:
        return None
    return f'"{access.get_file_for(request.user, evidence_pk).blob_id}"'


@signed_in
@require_safe
@condition(etag_func=_digest)
def evidence_file(request: SignedInRequest, evidence_pk: int) -> HttpResponse:
    """A file as it was uploaded: always to be saved, never shown or run by the browser."""
    evidence = access.get_file_for(request.user, evidence_pk)
    assert evidence.blob is not None
    if request.method == "GET":
        record(
            "evidence.download",
            evidence.title,
            actor=request.user,
            practice=evidence.answer.practice,
            sha256=evidence.blob_id,
        )
    response = HttpResponse(bytes(evidence.blob.content), content_type=evidence.media_type)
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=evidence.file_name) or ""
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    patch_cache_control(response, private=True, no_cache=True)
    return response


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def evidence_revise(request: SignedInRequest, evidence_pk: int) -> HttpResponse:
    evidence = access.get_writable_evidence_for(request.user, evidence_pk)
    form = RevisionForm(request.POST or None, evidence=evidence)
    answer = evidence.answer
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        values = {name: given[name] for name in ("title", "dated_on", "valid_until")}
        now, upload = datetime.now(UTC), request.FILES.get("file")
        try:
            if upload:
                file = files.check_file(upload)
                files.add_file(
                    assessment=answer.assessment,
                    practice=answer.practice,
                    file=file,
                    replaces=evidence,
                    by=request.user,
                    now=now,
                    **values,
                )
            else:
                files.revise(evidence, url=given.get("url", ""), by=request.user, now=now, **values)
        except ReadinessError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("Kept as a new revision; it is to be reviewed anew."))
            return redirect("readiness:assessment_practice", answer.assessment_id, answer.practice)
    practice = load_bank(answer.assessment.bank_version).practice(answer.practice)
    context = {"form": form, "evidence": evidence, "practice": practice, "answer": answer}
    return render(request, "readiness/evidence/evidence_revise.html", context)


@signed_in
@require_POST
def evidence_measured(request: SignedInRequest, pk: int, binding_pk: int) -> HttpResponse:
    """Keep what a binding of the team measured as evidence."""
    assessment = access.get_answerable_assessment_for(request.user, pk)
    binding = get_object_or_404(Binding, pk=binding_pk, team=assessment.team_id)
    practice_or_404(assessment, binding.practice)
    try:
        keep_measurement(assessment=assessment, binding=binding, by=request.user, now=datetime.now(UTC))
    except ReadinessError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Kept as evidence."))
    return redirect("readiness:assessment_practice", pk, binding.practice)


@signed_in
@require_POST
def evidence_restore(request: SignedInRequest, evidence_pk: int) -> HttpResponse:
    evidence = access.get_writable_evidence_for(request.user, evidence_pk)
    try:
        answering.restore_evidence(evidence=evidence, by=request.user)
    except ReadinessError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Put back."))
    return redirect("readiness:assessment_practice", evidence.answer.assessment_id, evidence.answer.practice)


# --- Review ----------------------------------------------------------------------------------------------------------


@has_role(Role.REVIEWER)
@require_safe
def evidence_queue(request: SignedInRequest) -> HttpResponse:
    """What somebody other than its author has not looked at yet, in what is submitted or counts."""
    waiting = to_review(request.user).select_related("answer__assessment__team", "added_by").order_by("added_at", "pk")
    teams = waiting.order_by().values_list("answer__assessment__team", "answer__assessment__team__name").distinct()
    rules = [(rule.number, rule.title.in_language(get_language() or "en")) for rule in load_bank().rules]
    form = QueueForm(request.GET, teams=sorted(teams, key=lambda team: alphabetical(team[1])), rules=rules)
    wanted = form.cleaned_data if form.is_valid() else {}
    if team := wanted.get("team"):
        waiting = waiting.filter(answer__assessment__team=team)
    if rule := wanted.get("rule"):
        waiting = of_rule(waiting, rule)
    page = Paginator(waiting, PIECES_PER_PAGE).get_page(request.GET.get("page"))
    rows = []
    for piece in page.object_list:
        bank = load_bank(piece.answer.assessment.bank_version)
        rows.append((piece, bank.practice(piece.answer.practice), bank.rule_of(piece.answer.practice)))
    context = {"page": page, "rows": rows, "form": form, "is_filtered": any(wanted.values())}
    return render(request, "readiness/evidence/evidence_queue.html", context)


@has_role(Role.REVIEWER)
@require_POST
def evidence_decide(request: SignedInRequest, evidence_pk: int) -> HttpResponse:
    """Count a piece as reviewed, or say why not."""
    evidence = access.get_reviewable_evidence_for(request.user, evidence_pk)
    now = datetime.now(UTC)
    try:
        if "accept" in request.POST:
            review.review_evidence(evidence=evidence, by=request.user, now=now)
            messages.success(request, _("Reviewed."))
        else:
            form = RefuseForm(request.POST)
            if form.is_valid():
                review.refuse_evidence(evidence=evidence, reason=form.cleaned_data["reason"], by=request.user)
                messages.success(request, _("Refused; its team is told why."))
            else:
                messages.error(request, _("Say why it does not show what it should."))
    except ReadinessError as error:
        messages.error(request, str(error))
    return redirect("readiness:evidence_queue")


# --- What runs out ---------------------------------------------------------------------------------------------------


def _entries(request: SignedInRequest) -> tuple[date, list[Entry]]:
    now = datetime.now(UTC)
    today = local_day(now)
    visible = access.visible_assessments(request.user).filter(pk__in=counting().values("pk"))
    return today, entries_of(results_of(list(visible), now), today=today, until=today + HORIZON)


@signed_in
@require_safe
def evidence_calendar(request: SignedInRequest) -> HttpResponse:
    today, entries = _entries(request)
    only_falls = request.GET.get("falls") == "1"
    shown = [entry for entry in entries if entry.fall] if only_falls else entries
    months: dict[date, list[Entry]] = {}
    for entry in shown:
        months.setdefault(entry.day.replace(day=1), []).append(entry)
    context = {
        "months": list(months.items()),
        "falls": sum(entry.fall is not None for entry in entries),
        "count": len(entries),
        "only_falls": only_falls,
        "today": today,
    }
    return render(request, "readiness/evidence/evidence_calendar.html", context)


@signed_in
@require_safe
def evidence_calendar_ics(request: SignedInRequest) -> HttpResponse:
    _today, entries = _entries(request)
    days = as_days(entries, settings.PUBLIC_URL)
    return calendar_answer("vigie-evidence", as_calendar(_("Vigie: what runs out"), days, now=datetime.now(UTC)))


@signed_in
@require_safe
def evidence_calendar_csv(request: SignedInRequest) -> HttpResponse:
    """One line for each thing that runs out."""
    _today, entries = _entries(request)
    response = csv_answer("vigie-evidence")
    writer = csv.writer(response)
    writer.writerow(("day", "team", "rule", "practice", "what", "piece", "level_before", "level_after"))
    for entry in entries:
        levels = (entry.fall.level_before, entry.fall.level_after) if entry.fall else ("", "")
        for change, practice, piece in entry.changes:
            writer.writerow(
                (
                    *(entry.day.isoformat(), as_text(entry.team), entry.rule.number, practice.key),
                    *(change.ageing.value, as_text(piece.title) if piece else "", *levels),
                )
            )
    return response
