"""The pages of who runs a blind round: the list, opening one, watching it, its result, deciding."""

import csv
from datetime import UTC, datetime

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import SignedInRequest, signed_in
from inference_kpis.spreadsheet import csv_answer
from readiness import access
from readiness.assessments.answering import StaleAnswer
from readiness.bank import load_bank
from readiness.exceptions import ReadinessError
from readiness.perceptions import asking, deciding, files, reading, wording
from readiness.perceptions.forms import (
    ROWS_AT_OPENING,
    ROWS_LATER,
    BlindOpenForm,
    DecideForm,
    ExtendForm,
    invite_forms,
    offered,
)
from readiness.perceptions.models import BlindRound

ROUNDS_PER_PAGE = 20


@signed_in
@require_safe
def blind_list(request: SignedInRequest) -> HttpResponse:
    """Where I am asked, and the rounds of the assessments that I may see."""
    today = timezone.localdate()
    mine = access.invitations_of(request.user).order_by("-round__opened_at", "-pk")
    rounds = access.visible_blind_rounds(request.user).order_by("-opened_at", "-pk")
    context = {
        "mine": [(each, each.round.is_open(today)) for each in mine.with_given()[:ROUNDS_PER_PAGE]],
        "page": (page := Paginator(rounds, ROUNDS_PER_PAGE).get_page(request.GET.get("page"))),
        "rows": [(each, each.is_open(today)) for each in page],
    }
    return render(request, "readiness/perceptions/blind_list.html", context)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def blind_open(request: SignedInRequest, pk: int) -> HttpResponse:
    assessment = access.get_answerable_assessment_for(request.user, pk)
    bank = load_bank(assessment.bank_version)
    posted = request.POST if request.method == "POST" else None
    form = BlindOpenForm(posted, bank=bank, language=get_language() or "en")
    people = offered(access.people_to_ask_blind())
    invites = invite_forms(posted, people, rows=ROWS_AT_OPENING)
    is_valid = form.is_valid()
    if posted is not None and not invites.is_valid():
        for sentence in invites.wrong:
            form.add_error(None, sentence)
    elif is_valid:
        try:
            opened = asking.open_round(
                assessment=assessment,
                practices=form.cleaned_data["practices"],
                people=invites.invited,
                is_anonymous=form.cleaned_data["promise"] == "anonymous",
                due_on=form.cleaned_data["due_on"],
                note=form.cleaned_data["note"],
                by=request.user,
                now=datetime.now(UTC),
            )
        except ReadinessError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("The round is open. Who is asked finds it under their work."))
            return redirect(opened)
    ticked = request.POST.getlist("practice")
    rules = [(rule, [(each, each.key in ticked) for each in rule.practices]) for rule in bank.rules]
    context = {"assessment": assessment, "form": form, "invites": invites, "rules": rules}
    return render(request, "readiness/perceptions/blind_open.html", context)


@signed_in
@require_safe
def blind_detail(request: SignedInRequest, pk: int) -> HttpResponse:
    """How far a round is: who has answered, and nothing of what."""
    blind_round = access.get_blind_round_for(request.user, pk)
    is_open = blind_round.is_open(timezone.localdate())
    can_run = access.can_answer(request.user, blind_round.assessment)
    invited = reading.invited(blind_round)
    asked = len(blind_round.practices)
    context = {
        "blind_round": blind_round,
        "assessment": blind_round.assessment,
        "invited": invited,
        "asked": asked,
        "done": sum(each.given >= asked for each in invited),
        "is_open": is_open,
        # Closed, it would only help to guess who stands behind a count.
        "shows_people": is_open or not blind_round.is_anonymous,
        "can_run": can_run,
        "is_invited": any(each.person_id == request.user.pk for each in invited),
    }
    if is_open and can_run:
        people = offered(access.people_to_ask_blind().exclude(blind_invitations__round=blind_round))
        context["extend_form"] = ExtendForm()
        context["invites"] = invite_forms(None, people, rows=ROWS_LATER)
    return render(request, "readiness/perceptions/blind_detail.html", context)


@signed_in
@require_POST
def blind_invite(request: SignedInRequest, pk: int) -> HttpResponse:
    blind_round = access.get_run_blind_round_for(request.user, pk)
    people = offered(access.people_to_ask_blind())
    invites = invite_forms(request.POST, people, rows=ROWS_LATER)
    if not invites.is_valid():
        messages.error(request, " ".join(invites.wrong))
        return redirect(blind_round)
    try:
        added = asking.invite(blind_round=blind_round, people=invites.invited, by=request.user, now=datetime.now(UTC))
    except ReadinessError as error:
        messages.error(request, str(error))
    else:
        said = ngettext("%(count)d more person is asked.", "%(count)d more people are asked.", added)
        messages.success(request, said % {"count": added})
    return redirect(blind_round)


@signed_in
@require_POST
def blind_remind(request: SignedInRequest, pk: int) -> HttpResponse:
    blind_round = access.get_run_blind_round_for(request.user, pk)
    try:
        count = asking.remind(blind_round=blind_round, by=request.user, now=datetime.now(UTC))
    except ReadinessError as error:
        messages.error(request, str(error))
        return redirect(blind_round)
    if count:
        said = ngettext(
            "%(count)d person is reminded: under their work, and in their next e-mail.",
            "%(count)d people are reminded: under their work, and in their next e-mail.",
            count,
        )
        messages.success(request, said % {"count": count})
    else:
        messages.info(request, _("Everybody has answered: there is nobody to remind."))
    return redirect(blind_round)


@signed_in
@require_POST
def blind_extend(request: SignedInRequest, pk: int) -> HttpResponse:
    blind_round = access.get_run_blind_round_for(request.user, pk)
    form = ExtendForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose a day after the present one: nothing was changed."))
        return redirect(blind_round)
    try:
        due_on = form.cleaned_data["due_on"]
        asking.extend(blind_round=blind_round, due_on=due_on, by=request.user, now=datetime.now(UTC))
    except ReadinessError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Extended."))
    return redirect(blind_round)


@signed_in
@require_POST
def blind_close(request: SignedInRequest, pk: int) -> HttpResponse:
    blind_round = access.get_run_blind_round_for(request.user, pk)
    try:
        asking.close(blind_round=blind_round, by=request.user, now=datetime.now(UTC))
    except ReadinessError as error:
        messages.error(request, str(error))
        return redirect(blind_round)
    messages.success(request, _("Closed. Here is what was answered."))
    return redirect("readiness:blind_result", blind_round.pk)


@signed_in
@require_safe
def blind_result(request: SignedInRequest, pk: int) -> HttpResponse:
    return _result_page(request, access.get_blind_result_for(request.user, pk, timezone.localdate()))


def _result_page(request: SignedInRequest, blind_round: BlindRound, wrong: str = "", key: str = "") -> HttpResponse:
    """The result; `wrong` says why the decision about the practice of that key was refused."""
    language = get_language() or "en"
    result = reading.result_of(blind_round, timezone.localdate())
    found = [
        (practice, wording.sentence(gap, practice.title.in_language(language))) for practice, gap in result.findings
    ]
    sees_assessment = access.sees_assessment(request.user, blind_round.assessment)
    context = {
        "blind_round": blind_round,
        "assessment": blind_round.assessment,
        "result": result,
        "findings": found,
        "sees_assessment": sees_assessment,
        "can_decide": sees_assessment
        and blind_round.assessment.is_editable
        and access.can_answer(request.user, blind_round.assessment),
        "levels": DecideForm.base_fields["level"].choices,  # type: ignore[attr-defined]
        "wrong": wrong,
        "wrong_key": key,
        "back_url": blind_round.get_absolute_url() if sees_assessment else reverse("readiness:blind_list"),
    }
    return render(request, "readiness/perceptions/blind_result.html", context)


@signed_in
@require_safe
def blind_result_csv(request: SignedInRequest, pk: int) -> HttpResponse:
    blind_round = access.get_blind_result_for(request.user, pk, timezone.localdate())
    response = csv_answer(f"blind-round-{blind_round.pk}")
    csv.writer(response).writerows(files.table(reading.result_of(blind_round, timezone.localdate())))
    return response


@signed_in
@require_POST
def blind_decide(request: SignedInRequest, pk: int, key: str) -> HttpResponse:
    """Take a level into the assessment; refused, the result says why beside the practice."""
    blind_round = access.get_run_blind_round_for(request.user, pk)
    if key not in blind_round.practices:
        raise Http404
    if blind_round.is_open(timezone.localdate()):
        messages.error(request, str(deciding.NotClosed()))
        return redirect(blind_round)
    form = DecideForm(request.POST)
    if not form.is_valid():
        return _result_page(request, blind_round, " ".join(map(str, form.errors.get("level", []))), key)
    try:
        deciding.decide(
            blind_round=blind_round, practice=key, by=request.user, now=datetime.now(UTC), **form.cleaned_data
        )
    except StaleAnswer:
        wrong = _("Somebody changed this answer meanwhile. Look at what stands now, and decide again.")
        return _result_page(request, blind_round, wrong, key)
    except ReadinessError as error:
        return _result_page(request, blind_round, str(error), key)
    messages.success(request, _("Taken into the assessment."))
    return redirect(f"{reverse('readiness:blind_result', args=[pk])}#{key}")
