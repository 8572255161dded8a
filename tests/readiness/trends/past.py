"""Approved assessments with their snapshots moved into the past."""

from datetime import timedelta

from accounts.models import Team
from readiness.assessments.models import Assessment, Snapshot
from tests.readiness.assessments.writing import NOW, approved


def approved_ago(team: Team, days: int, level: int = 3, *, backed: bool = True, **other: int) -> Assessment:
    """As `approved`, with the snapshot taken that many days ago."""
    assessment = approved(team, level, backed=backed, **other)
    Snapshot.objects.filter(assessment=assessment).update(taken_at=NOW - timedelta(days=days))
    Assessment.objects.filter(pk=assessment.pk).update(approved_at=NOW - timedelta(days=days))
    return assessment
