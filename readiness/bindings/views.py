"""The pages of bindings: a team's measurable practices, one binding with its history, and its form with a preview."""

from datetime import UTC, datetime

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db import IntegrityError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import SignedInRequest, signed_in
from readiness import access
from readiness.assessments.measuring import Judged, declared_by, judge, measured, window_end_before
from readiness.assessments.models import Binding
from readiness.bank import Practice, load_bank
from readiness.bindings.forms import BindingForm
from readiness.bindings.saving import remove_binding, save_binding, suggested
from readiness.bindings.standing import board_of, ladder
from readiness.contradictions.models import Contradiction
from readiness.exceptions import ReadinessError

CHECKS_PER_PAGE = 25
CHECKS_DRAWN = 48


@signed_in
@require_safe
def binding_list(request: SignedInRequest) -> HttpResponse:
    teams = list(access.teams_whose_bindings_are_visible_to(request.user))
    asked = request.GET.get("team", "")
    team = next((each for each in teams if str(each.pk) == asked), teams[0] if teams else None)
    context = {
        "teams": teams,
        "team": team,
        "board": board_of(team, datetime.now(UTC)) if team else None,
        "can_write": team is not None and access.can_bind(request.user, team),
    }
    return render(request, "readiness/bindings/binding_list.html", context)


@signed_in
@require_safe
def binding_detail(request: SignedInRequest, pk: int) -> HttpResponse:
    binding = access.get_binding_for(request.user, pk)
    answer = declared_by(binding)
    found = measured(binding, datetime.now(UTC))
    checks = Paginator(binding.checks.all(), CHECKS_PER_PAGE).get_page(request.GET.get("page"))
    drawn = list(binding.checks.all()[:CHECKS_DRAWN])
    context = {
        "binding": binding,
        "practice": practice_of(binding.practice),
        "kpi": binding.figure,
        "ladder": ladder(binding),
        "answer": answer,
        "state": found.state(answer.level) if answer and answer.level is not None else None,
        "measured": found,
        "checks": checks,
        "values": [check.value for check in reversed(drawn)],
        "contradiction": Contradiction.objects.open().filter(binding=binding).first(),
        "can_write": access.can_bind(request.user, binding.team),
    }
    return render(request, "readiness/bindings/binding_detail.html", context)


def practice_of(key: str) -> Practice:
    """The practice as the newest version of the bank words it; 404 for one that is asked no more."""
    try:
        return load_bank().practice(key)
    except KeyError:
        raise Http404 from None


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def binding_add(request: SignedInRequest, team_pk: int, key: str) -> HttpResponse:
    team = access.get_bindable_team_for(request.user, team_pk)
    practice = practice_of(key)
    if not practice.measurable:
        raise Http404
    return _edit(request, suggested(team, practice) or Binding(team=team, practice=key, comparator="le"), practice)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def binding_edit(request: SignedInRequest, pk: int) -> HttpResponse:
    binding = access.get_writable_binding_for(request.user, pk)
    return _edit(request, binding, practice_of(binding.practice))


def _edit(request: SignedInRequest, binding: Binding, practice: Practice) -> HttpResponse:
    now = datetime.now(UTC)
    form = BindingForm(request.POST or None, instance=binding)
    preview: Judged | None = None
    if request.method == "POST" and form.is_valid():
        if "preview" in request.POST:
            preview = _look(form, now)
        elif _save(request, form, now):
            return redirect(form.instance)
    context = {
        "form": form,
        "binding": binding,
        "practice": practice,
        "preview": preview,
        "kpi": binding.figure if preview else None,
        "has_contradiction": bool(binding.pk) and Contradiction.objects.open().filter(binding=binding).exists(),
    }
    return render(request, "readiness/bindings/binding_edit.html", context)


def _look(form: BindingForm, now: datetime) -> Judged:
    """What the binding as it is written would say of the last whole window."""
    binding = form.save(commit=False)
    return judge(binding, list(form.cleaned_data["sites"]), window_end_before(binding, now))


def _save(request: SignedInRequest, form: BindingForm, now: datetime) -> bool:
    try:
        save_binding(
            form.save(commit=False),
            sites=list(form.cleaned_data["sites"]),
            changed=[name for name in form.changed_data if name != "reason"],
            reason=form.cleaned_data.get("reason", ""),
            by=request.user,
            now=now,
        )
    except ReadinessError as error:
        form.add_error("reason", str(error))
        return False
    except IntegrityError:
        # Somebody bound the same figure since the form looked.
        form.add_error("figure", _("Another binding of this practice looks at the same figure."))
        return False
    messages.success(request, _("Binding saved. Windows that end from now on are judged by it."))
    return True


class RemoveForm(forms.Form):
    reason = forms.CharField(max_length=2000, required=False)


@signed_in
@require_POST
def binding_remove(request: SignedInRequest, pk: int) -> HttpResponse:
    binding = access.get_writable_binding_for(request.user, pk)
    form = RemoveForm(request.POST)
    try:
        reason = form.cleaned_data["reason"] if form.is_valid() else ""
        remove_binding(binding, reason=reason, by=request.user, now=datetime.now(UTC))
    except ReadinessError as error:
        messages.error(request, str(error))
        return redirect(binding)
    messages.success(request, _("Binding removed. The practice is measured no more."))
    return redirect("readiness:binding_list")
