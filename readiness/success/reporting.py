"""What this room measures of a team: whether its success metrics are alive."""

from collections import defaultdict
from datetime import datetime

from accounts.models import Team
from readiness.assessments.reports import report_figure
from readiness.success.models import SuccessMetric
from readiness.success.standing import Status, standings


def report_live_success_metrics(now: datetime) -> int:
    """Tell for every team with success metrics how many of them have a fresh value; the number of teams."""
    metrics = SuccessMetric.objects.current().select_related("team", "site", "owner")
    is_live: dict[Team, list[bool]] = defaultdict(list)
    for standing in standings(list(metrics), now):
        is_live[standing.metric.team].append(standing.status is not Status.UNKNOWN)
    for team, found in is_live.items():
        share = 100 * sum(found) / len(found)
        report_figure(team=team, figure="live_success_metrics", value=share, samples=len(found), at=now)
    return len(is_live)
