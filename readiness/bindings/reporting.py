"""What this room itself measures of a team: how many of its measurable practices are watched."""

from datetime import datetime

from readiness.assessments.models import Assessment, Binding
from readiness.assessments.reports import report_figure
from readiness.bank import load_bank


def report_bound_practices(now: datetime) -> int:
    """Tell for every team with an approved assessment; the number of teams."""
    latest = list(Assessment.objects.latest_approved_per_team().select_related("team").prefetch_related("answers"))
    bound = set(Binding.objects.values_list("team_id", "practice"))
    count = 0
    for assessment in latest:
        bank = load_bank(assessment.bank_version)
        answered = {answer.practice for answer in assessment.answers.all() if answer.level is not None}
        watched = [
            (assessment.team_id, each.key) in bound
            for each in bank.practices
            if each.measurable and each.key in answered
        ]
        if watched:
            share = 100 * sum(watched) / len(watched)
            report_figure(team=assessment.team, figure="bound_practices", value=share, samples=len(watched), at=now)
            count += 1
    return count
