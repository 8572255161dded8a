"""Planning, changing, moving and taking back: whole, remembered, and nothing twice."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from accounts.models import AuditEvent, Team, User
from readiness.actions import writing
from readiness.actions.models import Action, ActionChange
from readiness.actions.recommendations import recommendation_of
from tests.factories import TeamFactory
from tests.readiness.actions.plans import NOW, TODAY, change, in_days, move, own, plan

pytestmark = pytest.mark.django_db


def test_it_works(team: Team, owner: User) -> None:
    [first, proof] = plan(team, owner, "UC1.1", "UC1.3.attach")
    assert (first.rule, first.practice, first.opens, first.status) == (1, "UC1", 1, "todo")
    assert (first.agreed_on, first.due_on, first.promised_until) == (TODAY, in_days(30), in_days(30))
    assert str(proof).startswith("Attach dated evidence: ")
    assert (proof.effort_days, proof.build_cost, proof.run_cost) == (0, 0, 0)
    assert ActionChange.objects.filter(action=first, version=1, changed_by=owner).exists()
    assert AuditEvent.objects.get(verb="action.plan").details == {"actions": ["UC1.1", "UC1.3.attach"]}


def test_the_cost_is_the_middle_of_the_range(team: Team, owner: User) -> None:
    [action] = plan(team, owner, "UC1.2")
    recommended = recommendation_of("2026.2", "UC1.2").action
    assert recommended is not None
    assert action.build_cost == Decimal(recommended.cost_low + recommended.cost_high) / 2


def test_planned_twice_is_there_once(team: Team, owner: User, colleague: User) -> None:
    plan(team, owner, "UC1.1", "UC1.2")
    assert [action.recommendation for action in plan(team, colleague, "UC1.2", "UC1.3")] == ["UC1.3"]
    assert Action.objects.count() == 3


def test_the_database_keeps_a_recommendation_from_being_planned_twice(team: Team, owner: User) -> None:
    [action] = plan(team, owner, "UC1.1")
    action.pk = None
    with pytest.raises(IntegrityError, match="action_once_per_recommendation"), transaction.atomic():
        action.save(force_insert=True)


def test_another_team_plans_the_same(team: Team, owner: User) -> None:
    plan(team, owner, "UC1.1")
    assert len(plan(TeamFactory(), owner, "UC1.1")) == 1


def test_what_was_dropped_can_be_planned_again(team: Team, owner: User) -> None:
    [dropped] = plan(team, owner, "UC1.1")
    move(dropped, "dropped", owner, reason="No time.")
    assert len(plan(team, owner, "UC1.1")) == 1
    with pytest.raises(writing.PlannedAlready):
        move(dropped, "todo", owner)


def test_a_date_in_the_past_is_refused(team: Team, owner: User) -> None:
    with pytest.raises(writing.DueInThePast):
        plan(team, owner, "UC1.1", due_in=-1)
    assert not Action.objects.exists()


def test_a_move_is_remembered_and_taken_back(team: Team, owner: User) -> None:
    action = move(own(team, owner), "blocked", owner, reason="Waiting for the budget.")
    action = move(action, "done", owner)
    assert (action.status, action.status_reason, action.done_on) == ("done", "", TODAY)
    writing.undo_move(action=action, seen_version=action.version, by=owner, now=NOW)
    action.refresh_from_db()
    assert (action.status, action.status_reason, action.done_on) == ("blocked", "Waiting for the budget.", None)
    assert action.changes.count() == 4


@pytest.mark.parametrize("status", ["blocked", "dropped"])
def test_some_need_a_reason(team: Team, owner: User, status: str) -> None:
    action = own(team, owner)
    with pytest.raises(writing.ReasonMissing):
        move(action, status, owner, reason="  ")
    action.refresh_from_db()
    assert action.status == "todo"


def test_what_somebody_else_changed_is_not_overwritten(team: Team, owner: User, colleague: User) -> None:
    action = own(team, owner)
    move(action, "doing", colleague)
    with pytest.raises(writing.StaleAction):
        writing.move_action(action=action, to="done", reason="", seen_version=1, by=owner, now=NOW)
    with pytest.raises(writing.StaleAction):
        writing.save_action(action=action, waits_for=[], seen_version=1, by=owner, now=NOW)
    assert Action.objects.get().status == "doing"


def test_a_change_keeps_the_status_and_says_what_changed(team: Team, owner: User, colleague: User) -> None:
    action = move(own(team, owner, due_on=in_days(5), owner=owner), "doing", owner)
    stale_status = Action.objects.get()
    stale_status.status = "todo"
    stale_status.due_on, stale_status.owner = in_days(9), colleague
    writing.save_action(action=stale_status, waits_for=[], seen_version=action.version, by=owner, now=NOW)
    action.refresh_from_db()
    assert (action.status, action.due_on, action.version) == ("doing", in_days(9), 3)
    assert action.changes.first().changes == {
        "owner": ["Olive Owner", "Colin Colleague"],
        "due_on": [str(in_days(5)), str(in_days(9))],
    }


def test_a_change_of_nothing_is_none(team: Team, owner: User) -> None:
    [action] = plan(team, owner, "UC1.2")
    assert change(action, owner).version == 1


def test_there_is_nothing_to_take_back_but_moves(team: Team, owner: User) -> None:
    action = own(team, owner)
    with pytest.raises(writing.NothingToUndo):
        writing.undo_move(action=action, seen_version=1, by=owner, now=NOW)


def test_actions_do_not_wait_for_each_other(team: Team, owner: User) -> None:
    first, second, third = (own(team, owner, title) for title in ("one", "two", "three"))
    for waiting, waited_for in ((second, first), (third, second)):
        writing.save_action(action=waiting, waits_for=[waited_for], seen_version=1, by=owner, now=NOW)
    with pytest.raises(writing.WaitsForItself):
        writing.save_action(action=first, waits_for=[third], seen_version=1, by=owner, now=NOW)
    assert not first.blocked_by.exists()


def test_an_action_waits_only_for_its_own_team(team: Team, owner: User) -> None:
    with pytest.raises(writing.OtherTeam):
        writing.save_action(
            action=own(team, owner), waits_for=[own(TeamFactory(), owner)], seen_version=1, by=owner, now=NOW
        )


def test_an_overdue_action_can_be_changed_without_a_new_date(team: Team, owner: User) -> None:
    [late] = plan(team, owner, "UC1.1", due_in=10, days_ago=40)
    assert change(late, owner, title="Other words").title == "Other words"
    with pytest.raises(writing.DueInThePast):
        change(late, owner, due_on=in_days(-2))


def test_the_first_promise_stands(team: Team, owner: User) -> None:
    [action] = plan(team, owner, "UC1.1", due_in=200)
    assert action.promised_until is None
    action = change(action, owner, due_on=in_days(50))
    later = change(action, owner, due_on=in_days(90), now=NOW + timedelta(days=1))
    assert (later.promised_on, later.promised_until) == (TODAY, in_days(50))
