"""An assessment out as a file and its answers in from one."""

from datetime import UTC, datetime

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import SignedInRequest, signed_in
from readiness import access
from readiness.assessments.models import Assessment
from readiness.exceptions import ReadinessError
from readiness.exchange.columns import EXPORT, TEMPLATE
from readiness.exchange.exporting import export_of, template_of
from readiness.exchange.forms import AnswerFileForm
from readiness.exchange.importing import apply_import, plan_import, read_file, sentence
from readiness.exchange.reading import MOST_BYTES, FileRefused, ReadFile, as_text, from_text
from readiness.exchange.writing import as_csv, as_json, as_workbook

MEDIA_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@signed_in
@require_safe
def assessment_export(request: SignedInRequest, pk: int, ending: str) -> HttpResponse:
    """The whole assessment as CSV, JSON or XLSX."""
    assessment = access.get_assessment_for(request.user, pk)
    if ending not in MEDIA_TYPES:
        raise Http404
    sheet = export_of(assessment, _language(), datetime.now(UTC))
    if ending == "json":
        content = as_json(sheet)
    elif ending == "csv":
        content = as_csv(sheet, EXPORT, separator=_separator())
    else:
        content = as_workbook(sheet, EXPORT, words=_words())
    return _file(assessment, content, ending=ending, part="")


@signed_in
@require_safe
def assessment_template(request: SignedInRequest, pk: int, ending: str) -> HttpResponse:
    """The questions to be answered offline, as XLSX or CSV."""
    assessment = access.get_assessment_for(request.user, pk)
    if ending not in {"csv", "xlsx"}:
        raise Http404
    sheet = template_of(assessment, _language(), datetime.now(UTC))
    if ending == "csv":
        content = as_csv(sheet, TEMPLATE, separator=_separator())
    else:
        content = as_workbook(sheet, TEMPLATE, words=_words())
    return _file(assessment, content, ending=ending, part="-template")


def _language() -> str:
    return get_language() or "en"


def _separator() -> str:
    """Where the comma is decimal, spreadsheets part columns by semicolons."""
    return ";" if _language().startswith("fr") else ","


def _words() -> dict[str, str]:
    return {
        "answers": _("Answers"),
        "pieces": _("Evidence"),
        "level": _("A whole number from 0 to 4: the highest level whose statement is true, with all below it."),
        "not_applicable_reason": _("Only where the practice does not apply, and then without a level."),
        "not_applicable_until": _("The date on which to look at it again, in the future."),
        "note": _("What a colleague should know about this answer: 4,000 characters at most."),
    }


def _file(assessment: Assessment, content: bytes, *, ending: str, part: str) -> HttpResponse:
    name = f"{slugify(assessment.team.name) or assessment.pk}-{assessment.started_at:%Y-%m-%d}{part}.{ending}"
    response = HttpResponse(content, content_type=MEDIA_TYPES[ending])
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def assessment_import(request: SignedInRequest, pk: int) -> HttpResponse:
    """First a file, then what it would change, then all or the chosen answers of it."""
    assessment = access.get_answerable_assessment_for(request.user, pk)
    form = AnswerFileForm()
    context: dict[str, object] = {"assessment": assessment}
    if request.method == "POST" and assessment.is_editable:
        try:
            if "rows" in request.POST:
                file = from_text(request.POST["rows"])
                if _write(request, assessment, file):
                    return redirect(assessment)
            else:
                form = AnswerFileForm(request.POST, request.FILES)
                file = _uploaded(form) if form.is_valid() else ReadFile(())
            if file.rows:
                plan = plan_import(assessment, file.rows, timezone.localdate())
                context |= {"plan": plan, "rows": as_text(file), "ignored": file.ignored}
            elif not form.errors:
                context["refusal"] = _("The file has no row with a practice. Choose an export or a filled-in template.")
        except FileRefused as refused:
            context["refusal"] = sentence(refused)
    return render(request, "readiness/exchange/assessment_import.html", {"form": form, **context})


def _uploaded(form: AnswerFileForm) -> ReadFile:
    upload = form.cleaned_data["file"]
    if upload.size > MOST_BYTES:
        raise FileRefused("too_large")
    return read_file(upload.name, upload.read(MOST_BYTES + 1))


def _write(request: SignedInRequest, assessment: Assessment, file: ReadFile) -> bool:
    """Whether the chosen answers were written; the sender is told either way."""
    try:
        count = apply_import(
            assessment=assessment,
            rows=file.rows,
            chosen=request.POST.getlist("practice"),
            digest=request.POST.get("digest", ""),
            by=request.user,
            now=datetime.now(UTC),
            today=timezone.localdate(),
        )
    except ReadinessError as error:
        messages.error(request, str(error))
        return False
    said = ngettext("%(count)d answer imported.", "%(count)d answers imported.", count) % {"count": count}
    messages.success(request, said)
    return True
