"""Success metrics for tests, and what the browser sends for one."""

from datetime import date, timedelta
from typing import Any

from django.utils import timezone

from accounts.models import Team, User
from readiness.success.models import SuccessMetric


def in_days(days: int) -> date:
    """A date by the company's calendar; negative is in the past."""
    return timezone.localdate() + timedelta(days=days)


def promise(team: Team, owner: User, **values: Any) -> SuccessMetric:
    """A success metric of the whole fleet."""
    return SuccessMetric.objects.create(
        **{
            "name": "Requests that succeed",
            "team": team,
            "owner": owner,
            "kpi": "success_ratio",
            "target_value": 99.5,
            "target_on": in_days(90),
            **values,
        }
    )


def form(team: Team, owner: User, **fields: Any) -> dict[str, Any]:
    """The form filled in; fields that are left empty are empty."""
    return {
        "name": "Requests that succeed",
        "team": team.pk,
        "kpi": "success_ratio",
        "scope": "fleet",
        "tier": "",
        "site": "",
        "baseline_value": "",
        "baseline_on": "",
        "baseline_source": "",
        "target_value": "99.5",
        "target_on": in_days(90),
        "owner": owner.pk,
        **fields,
    }
