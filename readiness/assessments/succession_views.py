"""The pages of the next time: starting from the last assessment, confirming what stands, moving to a newer bank."""

from datetime import UTC, datetime

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import SignedInRequest, signed_in
from accounts.models import Team
from readiness import access
from readiness.assessments import answering, succession, upgrading
from readiness.assessments.forms import ConfirmForm, NextForm, UndoForm, UpgradeForm
from readiness.assessments.models import Assessment
from readiness.assessments.way import rule_or_404
from readiness.bank import current_version, load_bank
from readiness.exceptions import AlreadyInProgress, ReadinessError


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def assessment_next(request: SignedInRequest, team_pk: int) -> HttpResponse:
    team = get_object_or_404(access.teams_to_answer_for(request.user), pk=team_pk)
    source, now = succession.last_approved(team), datetime.now(UTC)
    if request.method == "POST":
        form = NextForm(request.POST)
        if form.is_valid():
            return _start(request, team, is_afresh=form.cleaned_data["way"] == NextForm.AFRESH, now=now)
        messages.error(request, _("Choose whether to start from the last assessment or afresh."))
    standing = Assessment.objects.in_progress().filter(team=team).first()
    if standing or source is None:
        return redirect(standing or "readiness:assessment_list")
    version = current_version()
    return render(
        request,
        "readiness/assessments/assessment_next.html",
        {
            "team": team,
            "next_time": succession.next_time(source, load_bank(version), now),
            "preview": upgrading.preview_of(source, version, now) if source.bank_version != version else None,
        },
    )


def _start(request: SignedInRequest, team: Team, *, is_afresh: bool, now: datetime) -> HttpResponse:
    start = answering.start_assessment if is_afresh else succession.start_next
    try:
        return redirect(start(team=team, by=request.user, now=now))
    except AlreadyInProgress as error:
        messages.error(request, str(error))
        return redirect(Assessment.objects.in_progress().filter(team=team).first() or "readiness:assessment_list")


@signed_in
@require_POST
def assessment_confirm(request: SignedInRequest, pk: int) -> HttpResponse:
    """Confirm what stands of one rule."""
    assessment = access.get_answerable_assessment_for(request.user, pk)
    form = ConfirmForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose the rule whose earlier answers you confirm."))
        return redirect(assessment)
    rule = rule_or_404(assessment, form.cleaned_data["rule"])
    keys = [practice.key for practice in rule.practices]
    try:
        count = succession.confirm_carried(
            assessment=assessment, practices=keys, by=request.user, now=datetime.now(UTC)
        )
    except ReadinessError as error:
        messages.error(request, str(error))
    else:
        said = ngettext("%(count)d answer confirmed.", "%(count)d answers confirmed.", count) % {"count": count}
        messages.success(request, said)
    return redirect(assessment)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def assessment_upgrade(request: SignedInRequest, pk: int) -> HttpResponse:
    assessment, now = access.get_answerable_assessment_for(request.user, pk), datetime.now(UTC)
    if request.method == "POST":
        form = UpgradeForm(request.POST)
        seen = form.cleaned_data["version"] if form.is_valid() else ""
        try:
            move = upgrading.move_to_newest(assessment=assessment, seen_version=seen, by=request.user, now=now)
        except upgrading.PreviewChanged as error:
            messages.error(request, str(error))
            return redirect("readiness:assessment_upgrade", pk)
        except ReadinessError as error:
            messages.error(request, str(error))
        else:
            said = _("Moved to version %(version)s of the question bank. You can take it back.")
            messages.success(request, said % {"version": move.to_version})
        return redirect(assessment)
    version = upgrading.newer_version(assessment)
    if version is None:
        messages.info(request, str(upgrading.NothingNewer()))
        return redirect(assessment)
    preview, again = upgrading.preview_of(assessment, version, now), upgrading.to_look_at(assessment, version)
    return render(
        request,
        "readiness/assessments/assessment_upgrade.html",
        {
            "assessment": assessment,
            "preview": preview,
            "version": version,
            "to_look_at": again,
            "minutes": sum(practice.minutes for practice in (*preview.changes.added, *again)),
        },
    )


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def assessment_upgrade_undo(request: SignedInRequest, pk: int) -> HttpResponse:
    assessment = access.get_answerable_assessment_for(request.user, pk)
    if request.method == "POST":
        form = UndoForm(request.POST)
        seen = form.cleaned_data["losses"] if form.is_valid() else -1
        try:
            move = upgrading.undo_move(assessment=assessment, seen_losses=seen, by=request.user, now=datetime.now(UTC))
        except upgrading.PreviewChanged as error:
            messages.error(request, str(error))
            return redirect("readiness:assessment_upgrade_undo", pk)
        except ReadinessError as error:
            messages.error(request, str(error))
        else:
            said = _("Back on version %(version)s of the question bank.")
            messages.success(request, said % {"version": move.from_version})
        return redirect(assessment)
    standing = upgrading.standing_move(assessment)
    if standing is None:
        messages.info(request, str(upgrading.NothingToUndo()))
        return redirect(assessment)
    return render(
        request,
        "readiness/assessments/assessment_upgrade_undo.html",
        {"assessment": assessment, "move": standing, "losses": upgrading.losses_of(standing)},
    )
