"""One action: read, made, changed, moved, taken back; and the private calendar link of a person."""

from datetime import UTC, datetime

from django.conf import settings
from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import SignedInRequest, signed_in
from readiness import access
from readiness.actions import writing
from readiness.actions.models import Action
from readiness.bank import current_version
from readiness.calendars import as_calendar, calendar_answer
from readiness.exceptions import ReadinessError
from readiness.planning import calendar_links, files
from readiness.planning.forms import ActionForm, MoveForm
from readiness.planning.models import CalendarLink
from readiness.planning.moving import answer_again_url, moved_by, remember_move

CHANGES_SHOWN = 50


@signed_in
@require_safe
def action_detail(request: SignedInRequest, pk: int) -> HttpResponse:
    action = access.get_action_for(request.user, pk)
    can_edit = access.can_edit_action(request.user, action)
    initial = {"status": action.status, "reason": action.status_reason, "seen_version": action.version}
    changes = list(action.changes.select_related("changed_by")[:CHANGES_SHOWN])
    context = {
        "action": action,
        "can_edit": can_edit,
        "can_move": can_edit or access.can_move_action(request.user, action),
        "form": MoveForm(initial=initial),
        "changes": changes,
        "can_undo": bool(changes) and changes[0].is_move,
        "waits_for": action.blocked_by.all(),
        "blocks": action.blocks.all(),
        "answer_again_url": answer_again_url(action),
        "moved": moved_by(request),
        "today": localdate(),
        "currency": settings.CURRENCY,
    }
    return render(request, "readiness/planning/action_detail.html", context)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def action_add(request: SignedInRequest) -> HttpResponse:
    return _edit(request, Action(bank_version=current_version(), owner=request.user))


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def action_edit(request: SignedInRequest, pk: int) -> HttpResponse:
    return _edit(request, access.get_editable_action_for(request.user, pk))


def _edit(request: SignedInRequest, action: Action) -> HttpResponse:
    teams = access.teams_to_answer_for(request.user)
    waitable = Action.objects.none()
    if action.pk:
        others = Action.objects.filter(team=action.team_id).exclude(pk=action.pk)
        waitable = others.filter(Q(status__in=Action.OPEN) | Q(blocks=action)).distinct()
    asked = {name: request.GET[name] for name in ("team", "rule", "practice") if name in request.GET}
    initial = {} if action.pk else asked
    form = ActionForm(request.POST or None, instance=action, initial=initial, teams=teams, waitable=waitable)
    if request.method == "POST" and form.is_valid():
        try:
            saved = writing.save_action(
                action=form.instance,
                waits_for=list(form.cleaned_data.get("blocked_by", ())),
                seen_version=form.cleaned_data["seen_version"],
                by=request.user,
                now=datetime.now(UTC),
            )
        except ReadinessError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("Action saved."))
            return redirect(saved)
    context = {"form": form, "action": action, "has_teams": teams.exists()}
    return render(request, "readiness/planning/action_edit.html", context)


@signed_in
@require_POST
def action_move(request: SignedInRequest, pk: int) -> HttpResponse:
    action = access.get_movable_action_for(request.user, pk)
    form = MoveForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose one of the statuses; a reason has 300 characters at most."))
        return redirect(action)
    asked = form.cleaned_data
    try:
        action = writing.move_action(
            action=action,
            to=asked["status"],
            reason=asked["reason"],
            seen_version=asked["seen_version"],
            by=request.user,
            now=datetime.now(UTC),
        )
    except ReadinessError as error:
        messages.error(request, str(error))
        return redirect(action)
    remember_move(request, action)
    return redirect(_next(request, action))


@signed_in
@require_POST
def action_undo(request: SignedInRequest, pk: int) -> HttpResponse:
    action = access.get_movable_action_for(request.user, pk)
    seen = request.POST.get("seen_version", "")
    try:
        action = writing.undo_move(
            action=action,
            seen_version=int(seen) if seen.isascii() and seen.isdigit() else 0,
            by=request.user,
            now=datetime.now(UTC),
        )
    except ReadinessError as error:
        messages.error(request, str(error))
    else:
        messages.success(
            request,
            _("Taken back: “%(title)s” is %(status)s again.")
            % {"title": action, "status": action.get_status_display()},
        )
    return redirect(_next(request, action))


def _next(request: SignedInRequest, action: Action) -> str:
    url = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(url, {request.get_host()}, require_https=request.is_secure())
    return url if url and is_ours else action.get_absolute_url()


# --- The calendar of one person ----------------------------------------------------------------------------------------


@signed_in
@never_cache
@require_safe
def calendar_link(request: SignedInRequest) -> HttpResponse:
    return _calendar_page(request, secret=None)


@signed_in
@never_cache
@require_POST
def calendar_link_make(request: SignedInRequest) -> HttpResponse:
    return _calendar_page(request, secret=calendar_links.make_link(user=request.user, now=datetime.now(UTC)))


@signed_in
@require_POST
def calendar_link_revoke(request: SignedInRequest) -> HttpResponse:
    if calendar_links.revoke_link(user=request.user, now=datetime.now(UTC)):
        messages.success(request, _("Revoked. Calendar programs get nothing under the old address any more."))
    return redirect("readiness:calendar_link")


def _calendar_page(request: SignedInRequest, *, secret: str | None) -> HttpResponse:
    url = request.build_absolute_uri(reverse("readiness:action_feed", args=[secret])) if secret else None
    link = CalendarLink.objects.usable().filter(user=request.user).first()
    return render(request, "readiness/planning/calendar_link.html", {"link": link, "url": url, "view": "calendar"})


@never_cache
@require_safe
def action_feed(request: SignedInRequest, secret: str) -> HttpResponse:
    """For a calendar program, which cannot sign in: the open actions of the link's person, and nothing else."""
    now = datetime.now(UTC)
    link = calendar_links.find_link(secret, now)
    if link is None:
        raise Http404
    actions = access.visible_actions(link.user).open().filter(owner=link.user)
    days = files.days(actions, absolute=request.build_absolute_uri)
    return calendar_answer("vigie", as_calendar(_("Vigie: my actions"), days, now=now))
