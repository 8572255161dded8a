"""A level held on condition, through actions, from end to end."""

from datetime import timedelta

import pytest

from accounts.models import Team, User
from readiness.actions.models import Action
from readiness.assessments.models import Assessment
from readiness.assessments.results import company_result, result_of
from readiness.scoring import ConditionalLevel
from tests.readiness.actions.plans import NOW, change, in_days, move, plan, whole

pytestmark = pytest.mark.django_db


GAPS = ("UC3", "UC4", "UC5")
KEYS = [f"{gap}.3" for gap in GAPS]


@pytest.fixture
def behind(team: Team) -> Assessment:
    """Rule 1 at level 2: practices that are no gates and hold more than a fifth of its weight are one behind."""
    return whole(team, 3, **dict.fromkeys(GAPS, 2))


def held(assessment: Assessment, *, in_days: int = 0) -> ConditionalLevel | None:
    return result_of(assessment, NOW + timedelta(days=in_days)).rules[0].team_rule.conditional


def test_it_works(team: Team, owner: User, behind: Assessment) -> None:
    assert held(behind) is None
    plan(team, owner, "UC3.3", "UC5.3", due_in=60)
    assert held(behind) is None  # one gap is still nobody's
    plan(team, owner, "UC4.3", due_in=40)
    found = held(behind)
    assert found is not None
    assert (found.level, found.until) == (3, in_days(40))
    company = company_result(NOW).rules[0][1]
    assert company is not None
    assert (company.level, company.conditional, company.conditional_until) == (2, 3, in_days(40))


def test_it_ends_by_itself_and_a_new_date_renews_nothing(team: Team, owner: User, behind: Assessment) -> None:
    actions = plan(team, owner, *KEYS, due_in=40)
    for action in actions:
        change(action, owner, due_on=in_days(150))
    assert held(behind, in_days=40) is not None
    assert held(behind, in_days=41) is None


def test_dropping_and_planning_again_renews_nothing(team: Team, owner: User, behind: Assessment) -> None:
    actions = plan(team, owner, *KEYS, due_in=40)
    move(actions[0], "dropped", owner, reason="Not worth it.")
    assert held(behind) is None
    plan(team, owner, "UC3.3", due_in=170)
    found = held(behind)
    assert found is not None
    assert found.until == in_days(40)


@pytest.mark.parametrize("without", [{"owner": None}, {"due_on": None}], ids=["owner", "date"])
def test_without_owner_or_date_nothing_is_promised(
    team: Team, owner: User, behind: Assessment, without: dict[str, None]
) -> None:
    first, *_others = plan(team, owner, *KEYS, due_in=40)
    change(first, owner, **without)
    assert held(behind) is None


def test_done_is_still_promised_until_it_is_answered(team: Team, owner: User, behind: Assessment) -> None:
    for action in plan(team, owner, *KEYS, due_in=40):
        move(action, Action.Status.DONE, owner)
    assert held(behind) is not None
    assert result_of(behind, NOW).rules[0].score.level == 2
