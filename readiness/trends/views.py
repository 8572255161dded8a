"""Trends of a team and of the company, and teams side by side; all from snapshots, as pages and as files."""

import csv
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from accounts.access import SignedInRequest, signed_in
from accounts.alphabet import alphabetical
from accounts.models import Team
from inference_kpis.spreadsheet import csv_answer
from readiness import access
from readiness.assessments.models import RuleTarget
from readiness.bank import Rule, load_bank
from readiness.trends import files, reading
from readiness.trends.changes import changes
from readiness.trends.comparing import differences, frozen_status
from readiness.trends.points import Point
from readiness.trends.trend_charts import bank_marks, index_chart, level_chart

UNREADABLE_DATE = gettext_lazy("That is not a date. Write it as year-month-day, like 2026-03-31.")


@signed_in
@require_safe
def trend_company(request: SignedInRequest) -> HttpResponse:
    points = reading.points_of_company()
    teams = _by_name(access.visible_teams(request.user))
    return render(request, "readiness/trends/trend_company.html", {**_trend(points), "teams": teams})


@signed_in
@require_safe
def trend_company_csv(request: SignedInRequest) -> HttpResponse:
    response = csv_answer("company-trend")
    csv.writer(response).writerows(files.table(("", point) for point in reading.points_of_company()))
    return response


@signed_in
@require_safe
def trend_detail(request: SignedInRequest, team_pk: int) -> HttpResponse:
    """The trend of a team, and what changed between two of its snapshots: the last two unless chosen."""
    team = access.get_visible_team_for(request.user, team_pk)
    points = reading.team_points(team)
    before, after = _chosen(points, request.GET.get("from", ""), request.GET.get("to", ""))
    return render(
        request,
        "readiness/trends/trend_detail.html",
        {
            **_trend(points),
            "team": team,
            "before": before,
            "after": after,
            "changes": changes(before, after) if before and after else [],
        },
    )


@signed_in
@require_safe
def trend_csv(request: SignedInRequest, team_pk: int) -> HttpResponse:
    team = access.get_visible_team_for(request.user, team_pk)
    response = csv_answer(f"{slugify(team.name) or team.pk}-trend")
    csv.writer(response).writerows(files.table((team.name, point) for point in reading.team_points(team)))
    return response


@signed_in
@require_safe
def comparison(request: SignedInRequest) -> HttpResponse:
    on = _asked_date(request)
    teams = _by_name(access.visible_teams(request.user))
    points = reading.points_at(teams, _end_of(on or timezone.localdate()))
    by_team = {point.team: point for point in points}
    targets = RuleTarget.by_rule()
    rows = [
        (
            team,
            by_team[team.pk],
            [
                (rule, score, frozen_status(score.level, target=targets[rule.number]).value)
                for rule, score in by_team[team.pk].rules
            ],
        )
        for team in teams
        if team.pk in by_team
    ]
    return render(
        request,
        "readiness/trends/comparison.html",
        {
            "on": on or timezone.localdate(),
            "error": UNREADABLE_DATE if on is None else "",
            "rows": rows,
            "rules": load_bank().rules,
            "differences": [
                (each, _names(each.furthest_behind, teams), _names(each.furthest_ahead, teams))
                for each in differences(points)
            ],
        },
        status=400 if on is None else 200,
    )


@signed_in
@require_safe
def comparison_csv(request: SignedInRequest) -> HttpResponse:
    on = _asked_date(request)
    if on is None:
        return HttpResponse(str(UNREADABLE_DATE), status=400, content_type="text/plain; charset=utf-8")
    teams = _by_name(access.visible_teams(request.user))
    points = {point.team: point for point in reading.points_at(teams, _end_of(on))}
    response = csv_answer(f"comparison-{on:%Y-%m-%d}")
    csv.writer(response).writerows(files.table((team.name, points[team.pk]) for team in teams if team.pk in points))
    return response


def _trend(points: Sequence[Point]) -> dict[str, object]:
    if not points:
        return {"points": []}
    marks = bank_marks(points, kind_label=_("question bank"))
    return {
        "points": list(reversed(points)),
        "index_chart": index_chart(points, name=_rule_name, marks=marks),
        "level_chart": level_chart(points, name=_rule_name, marks=marks),
    }


def _rule_name(rule: Rule) -> str:
    return _("Rule %(number)d") % {"number": rule.number}


def _chosen(points: Sequence[Point], first: str, last: str) -> tuple[Point | None, Point | None]:
    """The two snapshots to compare, in the order of time; what is not there falls back to the last two."""
    known = {str(point.assessment): point for point in points}
    after = known.get(last) or (points[-1] if points else None)
    before = known.get(first) or next((point for point in reversed(points) if after and point.at < after.at), None)
    if before and after and before.at > after.at:
        return after, before
    return before, after


def _names(points: Iterable[Point], teams: Iterable[Team]) -> str:
    standing = {point.team for point in points}
    return ", ".join(team.name for team in teams if team.pk in standing)


def _by_name(teams: Iterable[Team]) -> list[Team]:
    return sorted(teams, key=lambda team: alphabetical(team.name))


def _asked_date(request: SignedInRequest) -> date | None:
    """The day asked for, today where none is; None where it cannot be read."""
    asked = request.GET.get("on", "").strip()
    if not asked:
        return timezone.localdate()
    try:
        return parse_date(asked)
    except ValueError:  # well written, but no such day
        return None


def _end_of(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time())) + timedelta(days=1)
