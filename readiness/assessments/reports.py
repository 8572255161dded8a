"""The one verb by which workspaces tell assessments what they measured, and what bindings read of it."""

from datetime import datetime, timedelta

from accounts.models import Team
from readiness.assessments.models import Binding, ReportedFigure
from readiness.figures import FIGURES

KEPT_FOR = timedelta(days=400)


def report_figure(*, team: Team, figure: str, value: float, samples: int, at: datetime) -> None:
    """Tell what a workspace measured of a team, a share in percent of so many `samples`. Raises KeyError.

    The same moment twice is one; what is older than a year goes.
    """
    known = FIGURES[figure]
    if not 0 <= value <= 100 or samples < 0:
        raise ValueError(f"{figure} is a share from 0 to 100 % of 0 or more, not {value} of {samples}.")
    values = {"value": value, "samples": samples}
    ReportedFigure.objects.update_or_create(team=team, figure=known.key, at=at, defaults=values)
    ReportedFigure.objects.filter(team=team, figure=known.key, at__lt=at - KEPT_FOR).delete()


def latest_report(binding: Binding, start: datetime, end: datetime) -> ReportedFigure | None:
    """What the workspace told last in [start, end)."""
    told = ReportedFigure.objects.filter(team=binding.team_id, figure=binding.kpi, at__gte=start, at__lt=end)
    return told.order_by("-at").first()
