"""Snapshots from the store as points; the one way in for pages and files."""

from collections.abc import Iterable
from datetime import datetime

from django.utils import timezone

from accounts.models import Team
from readiness.assessments.models import Snapshot
from readiness.trends.points import Point, company_points, scores_of

# One team takes a handful a year: beyond this the oldest are left out of the page, never of the store.
MOST_POINTS = 60


def team_points(team: Team) -> list[Point]:
    """The latest snapshots of a team, oldest first; one query."""
    latest = Snapshot.objects.filter(assessment__team=team).order_by("-taken_at", "-id")[:MOST_POINTS]
    return [_point(*row) for row in reversed(latest.values_list(*COLUMNS))]


def points_of_company() -> list[Point]:
    """The company on every day on which a snapshot was taken, oldest first; one query."""
    rows = Snapshot.objects.order_by("taken_at", "id").values_list(*COLUMNS)
    return company_points((_point(*row) for row in rows), timezone.get_current_timezone())


def points_at(teams: Iterable[Team], moment: datetime) -> list[Point]:
    """The latest snapshot of each team that was taken before `moment`; one query."""
    rows = Snapshot.objects.filter(assessment__team__in=teams, taken_at__lt=moment)
    rows = rows.order_by("assessment__team_id", "-taken_at", "-id").distinct("assessment__team_id")
    return [_point(*row) for row in rows.values_list(*COLUMNS)]


COLUMNS = ("assessment_id", "assessment__team_id", "taken_at", "scores")


def _point(assessment: int, team: int, taken_at: datetime, frozen: dict[str, object]) -> Point:
    return Point(taken_at, str(frozen["bank_version"]), scores_of(frozen), assessment, team)
