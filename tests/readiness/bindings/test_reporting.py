"""What workspaces tell: how much is bound, which success metrics are alive, and what bindings make of it."""

from datetime import UTC, datetime, timedelta

import pytest

from accounts.models import Team
from readiness.assessments.models import ReportedFigure
from readiness.assessments.reports import report_figure
from readiness.bank import load_bank
from readiness.bindings.reporting import report_bound_practices
from readiness.contradictions.following import check_bindings
from readiness.success.reporting import report_live_success_metrics
from tests.factories import member_of
from tests.readiness.assessments.writing import approved
from tests.readiness.measurements import bind
from tests.readiness.success.promises import promise

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("first_bank")]
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


def test_it_works(team: Team) -> None:
    approved(team, 3)
    measurable = sum(practice.measurable for practice in load_bank("2026.1").practices)
    assert report_bound_practices(NOW) == 1
    assert ReportedFigure.objects.get().value == 0
    bind(team)
    report_bound_practices(NOW + timedelta(hours=1))
    told = ReportedFigure.objects.latest("at")
    assert (told.value, told.samples) == (pytest.approx(100 / measurable), measurable)


def test_a_binding_judges_what_was_told_last(team: Team) -> None:
    report_figure(team=team, figure="bound_practices", value=60, samples=5, at=NOW - timedelta(minutes=3))
    report_figure(team=team, figure="bound_practices", value=90, samples=5, at=NOW - timedelta(minutes=1))
    binding = bind(
        team,
        practice="ME3",
        source="workspace",
        kpi="bound_practices",
        comparator="ge",
        minimum_samples=1,
        thresholds={"2": 50, "3": 80},
    )
    check_bindings(NOW)
    check = binding.checks.get()
    assert (check.measured_level, check.value, check.samples, check.coverage) == (4, 90, 5, 1)


def test_nothing_told_is_unmeasured(team: Team) -> None:
    binding = bind(team, source="workspace", kpi="bound_practices", comparator="ge", thresholds={"2": 50})
    check_bindings(NOW)
    assert binding.checks.get().measured_level is None


def test_success_metrics_without_a_value_are_not_alive(team: Team) -> None:
    promise(team, member_of(team))
    assert report_live_success_metrics(NOW) == 1
    told = ReportedFigure.objects.get()
    assert (told.figure, told.value, told.samples) == ("live_success_metrics", 0, 1)


@pytest.mark.parametrize(("value", "samples"), [(-1, 1), (101, 1), (50, -1)])
def test_what_is_no_share_is_refused(team: Team, value: float, samples: int) -> None:
    with pytest.raises(ValueError, match="is a share from 0 to 100"):
        report_figure(team=team, figure="bound_practices", value=value, samples=samples, at=NOW)


def test_an_unknown_figure_is_refused(team: Team) -> None:
    with pytest.raises(KeyError):
        report_figure(team=team, figure="happiness", value=1, samples=1, at=NOW)
