"""The plan as pages: board, list, bars over time, budget, and the files of it."""

import csv
from datetime import UTC, date, datetime

from django.conf import settings
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.access import SignedInRequest, signed_in
from accounts.models import Team
from inference_kpis.spreadsheet import csv_answer
from readiness import access
from readiness.actions.models import Action, ActionQuerySet
from readiness.calendars import as_calendar, calendar_answer
from readiness.planning import files
from readiness.planning.board import budget, budget_total, columns
from readiness.planning.forms import FilterForm
from readiness.planning.moving import moved_by
from readiness.planning.timeline import Span, timeline

ACTIONS_PER_PAGE = 50
MOST_BARS = 60


@signed_in
@require_safe
def action_board(request: SignedInRequest) -> HttpResponse:
    form, actions, today = _asked_for(request)
    context = {"form": form, "columns": columns(actions), "today": today, "writable": _writable_teams(request)}
    context |= {"has_actions": _has_actions(request), "moved": moved_by(request), "view": "board"}
    return render(request, "readiness/planning/action_board.html", context)


@signed_in
@require_safe
def action_list(request: SignedInRequest) -> HttpResponse:
    form, actions, today = _asked_for(request)
    page = Paginator(actions.in_order(), ACTIONS_PER_PAGE).get_page(request.GET.get("page"))
    context = {"form": form, "page": page, "today": today, "has_actions": _has_actions(request), "view": "list"}
    context |= {"currency": settings.CURRENCY, "can_add": bool(_writable_teams(request))}
    return render(request, "readiness/planning/action_list.html", context)


@signed_in
@require_safe
def action_timeline(request: SignedInRequest) -> HttpResponse:
    form, actions, today = _asked_for(request)
    dated = actions.exclude(due_on=None).exclude(status=Action.Status.DROPPED)
    shown = list(dated.in_order().prefetch_related("blocked_by")[:MOST_BARS])
    spans = [_span(action, today) for action in shown]
    context = {
        "form": form,
        "actions": shown,
        "drawing": timeline(spans, today=today),
        "total": dated.count(),
        "undated": actions.filter(due_on=None).exclude(status=Action.Status.DROPPED).count(),
        "today": today,
        "has_actions": _has_actions(request),
        "view": "timeline",
        "can_add": bool(_writable_teams(request)),
    }
    return render(request, "readiness/planning/action_timeline.html", context)


@signed_in
@require_safe
def action_budget(request: SignedInRequest) -> HttpResponse:
    form, actions, _today = _asked_for(request)
    lines = budget(actions)
    context = {"form": form, "lines": lines, "total": budget_total(lines), "currency": settings.CURRENCY}
    context |= {"has_actions": _has_actions(request), "view": "budget", "can_add": bool(_writable_teams(request))}
    return render(request, "readiness/planning/action_budget.html", context)


@signed_in
@require_safe
def action_csv(request: SignedInRequest) -> HttpResponse:
    """The actions of the list, as it is filtered."""
    _form, actions, today = _asked_for(request)
    response = csv_answer(f"actions-{today.isoformat()}")
    writer = csv.writer(response)
    writer.writerow(files.COLUMNS)
    writer.writerows(files.table(actions.in_order(), currency=settings.CURRENCY))
    return response


@signed_in
@require_safe
def action_ics(request: SignedInRequest) -> HttpResponse:
    """The days on which the open actions of the list are due, as it is filtered."""
    _form, actions, today = _asked_for(request)
    days = files.days(actions.open(), absolute=request.build_absolute_uri)
    name = _("Vigie: actions")
    return calendar_answer(f"actions-{today.isoformat()}", as_calendar(name, days, now=datetime.now(UTC)))


def _asked_for(request: SignedInRequest) -> tuple[FilterForm, ActionQuerySet, date]:
    """The filter, the actions this person may see that it lets through, and today."""
    actions, today = access.visible_actions(request.user), localdate()
    teams = Team.objects.filter(pk__in=actions.order_by().values("team"))
    form = FilterForm(request.GET, teams=teams)
    return form, form.narrow(actions, today), today


def _writable_teams(request: SignedInRequest) -> set[int]:
    return set(access.teams_to_answer_for(request.user).values_list("pk", flat=True))


def _has_actions(request: SignedInRequest) -> bool:
    return access.visible_actions(request.user).exists()


def _span(action: Action, today: date) -> Span:
    look = "overdue" if action.is_overdue(today) and action.status != Action.Status.BLOCKED else action.status
    ends_on = action.due_on or action.agreed_on
    return Span(action.pk, action.agreed_on, ends_on, look, tuple(each.pk for each in action.blocked_by.all()))
