"""Planning, changing and moving actions: each write whole, in the history, and never over somebody else's."""

from collections.abc import Collection, Iterable
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.timezone import localdate
from django.utils.translation import gettext_lazy as _

from accounts.audit import record
from accounts.models import Team, User
from readiness.actions.dependencies import goes_in_a_circle
from readiness.actions.models import Action, ActionChange
from readiness.actions.recommendations import Recommendation
from readiness.bank import load_bank
from readiness.exceptions import ReadinessError

KEPT = ("rule", "practice", "opens", "title", "owner", "due_on", "effort_days", "build_cost", "run_cost")
MOVED = ("status", "status_reason", "done_on")


class StaleAction(ReadinessError):
    code = "stale_action"
    message = _("Somebody else changed this action meanwhile. Look at it as it is now, then try again.")


class ReasonMissing(ReadinessError):
    code = "reason_missing"
    message = _("Say why the action is blocked or dropped.")


class DueInThePast(ReadinessError):
    code = "due_in_the_past"
    message = _("Choose a date from today on.")


class WaitsForItself(ReadinessError):
    code = "waits_for_itself"
    message = _("These actions would wait for each other for ever. Take one of them out.")


class OtherTeam(ReadinessError):
    code = "other_team"
    message = _("An action waits only for actions of its own team.")


class PlannedAlready(ReadinessError):
    code = "planned_already"
    message = _("This recommendation is planned in another action already. Go on with that one.")


class NothingToUndo(ReadinessError):
    code = "nothing_to_undo"
    message = _("There is no move to take back.")


def plan_actions(
    *,
    team: Team,
    bank_version: str,
    recommendations: Iterable[Recommendation],
    owner: User | None,
    due_on: date | None,
    by: User,
    now: datetime,
    is_demo: bool = False,
) -> list[Action]:
    """Make an action of each recommendation that the team has not planned yet; those that are new.

    Twice at once makes nothing twice. Raises `DueInThePast`.
    """
    bank, today = load_bank(bank_version), localdate(now)
    if due_on and due_on < today:
        raise DueInThePast
    with transaction.atomic():
        # The second click waits here, and then finds what the first one made.
        Team.objects.select_for_update(no_key=True).get(pk=team.pk)
        planned = Action.objects.filter(team=team).exclude(status=Action.Status.DROPPED)
        known = set(planned.values_list("recommendation", flat=True))
        made = []
        for each in recommendations:
            if each.key in known:
                continue
            known.add(each.key)
            action = Action(
                team=team,
                rule=bank.rule_of(each.practice.key).number,
                practice=each.practice.key,
                opens=each.step.opens,
                recommendation=each.key,
                bank_version=bank_version,
                owner=owner,
                agreed_on=today,
                due_on=due_on,
                effort_days=each.effort_days,
                build_cost=each.build_cost,
                run_cost=each.run_cost,
                created_by=by,
                created_at=now,
                is_demo=is_demo,
            )
            action.keep_promise(today)
            made.append(action)
        Action.objects.bulk_create(made)
        ActionChange.objects.bulk_create(
            ActionChange(action=action, version=1, changed_by=by, changed_at=now) for action in made
        )
        if made:
            record("action.plan", team, actor=by, actions=[action.recommendation for action in made])
    return made


def save_action(*, action: Action, waits_for: Collection[Action], seen_version: int, by: User, now: datetime) -> Action:
    """Write a new action, or the changed fields of one that still is at `seen_version`.

    Raises `StaleAction`, `DueInThePast` for a new date before today, `OtherTeam`, `WaitsForItself`.
    """
    today = localdate(now)
    with transaction.atomic():
        stored = Action.objects.select_for_update().filter(pk=action.pk).first() if action.pk else None
        if stored and stored.version != seen_version:
            raise StaleAction
        if waits_for:
            # Two changes at once could otherwise close a circle that neither of them sees.
            Team.objects.select_for_update(no_key=True).get(pk=action.team_id)
        before = _values(stored, KEPT) if stored else {}
        waited_for = sorted(stored.blocked_by.values_list("pk", flat=True)) if stored else []
        waiting_for = sorted(each.pk for each in waits_for)
        _refuse_wrong_waits(action, waits_for)
        if action.due_on and action.due_on < today and before.get("due_on") != str(action.due_on):
            raise DueInThePast
        if stored:
            changes = {
                name: [before[name], value] for name, value in _values(action, KEPT).items() if value != before[name]
            }
            if waited_for != waiting_for:
                changes["blocked_by"] = [_numbers(waited_for), _numbers(waiting_for)]
            if not changes:
                return stored
            _keep_what_moves(action, stored)
        else:
            changes = {}
            action.created_by, action.created_at, action.agreed_on = by, now, today
        action.keep_promise(today)
        action.save()
        action.blocked_by.set(waits_for)
        _remember(action, changes, by, now)
        record("action.change" if stored else "action.add", action, actor=by, action=action.pk)
    return action


def move_action(*, action: Action, to: str, reason: str, seen_version: int, by: User, now: datetime) -> Action:
    """Give an action another status; blocked and dropped need a reason. An answer is never changed by it.

    Raises `StaleAction`, `ReasonMissing`, or `PlannedAlready` when a dropped recommendation was planned again.
    """
    reason = reason.strip() if to in Action.NEEDS_REASON else ""
    if to in Action.NEEDS_REASON and not reason:
        raise ReasonMissing
    done_on = localdate(now) if to == Action.Status.DONE else None
    return _move(action.pk, {"status": to, "status_reason": reason, "done_on": done_on}, seen_version, by, now)


def undo_move(*, action: Action, seen_version: int, by: User, now: datetime) -> Action:
    """Take the last change back if it was a move. Raises `StaleAction`, `NothingToUndo`, `PlannedAlready`."""
    last = ActionChange.objects.filter(action=action).order_by("-version").first()
    if last is None or not last.is_move:
        raise NothingToUndo
    before = {name: values[0] for name, values in last.changes.items()}
    values: dict[str, Any] = {"status": before["status"], "status_reason": before.get("status_reason", "")}
    done_on = before.get("done_on")
    values["done_on"] = date.fromisoformat(done_on) if done_on else None
    return _move(action.pk, values, seen_version, by, now)


def _move(pk: int, values: dict[str, Any], seen_version: int, by: User, now: datetime) -> Action:
    try:
        with transaction.atomic():
            action = Action.objects.select_for_update().get(pk=pk)
            if action.version != seen_version:
                raise StaleAction
            before = _values(action, MOVED)
            for name, value in values.items():
                setattr(action, name, value)
            after = _values(action, MOVED)
            if after["status"] == before["status"] and after["status_reason"] == before["status_reason"]:
                return action
            action.version += 1
            action.save(update_fields=[*MOVED, "version"])
            # The status and its reason always stand together, so that taking it back needs one change only.
            _remember(action, {name: [before[name], after[name]] for name in MOVED}, by, now)
            record("action.move", action, actor=by, action=pk, status=action.status)
    except IntegrityError:
        raise PlannedAlready from None
    return action


def _keep_what_moves(action: Action, stored: Action) -> None:
    """A form never carries the status along: what stands is what was moved."""
    for name in (*MOVED, "promised_on", "promised_until", "agreed_on"):
        setattr(action, name, getattr(stored, name))
    action.version = stored.version + 1


def _refuse_wrong_waits(action: Action, waits_for: Collection[Action]) -> None:
    if any(each.team_id != action.team_id for each in waits_for):
        raise OtherTeam
    if action.pk and waits_for:
        pairs = Action.blocked_by.through.objects.filter(from_action__team=action.team_id)
        known = pairs.exclude(from_action=action.pk).values_list("from_action_id", "to_action_id")
        if goes_in_a_circle([*known, *((action.pk, each.pk) for each in waits_for)]):
            raise WaitsForItself


def _values(action: Action, names: Iterable[str]) -> dict[str, str | None]:
    """Fields as text, as the database would give them back."""
    found = {}
    for name in names:
        value = getattr(action, name)
        if value is not None and name in {"effort_days", "build_cost", "run_cost"}:
            value = format(value.normalize(), "f")
        found[name] = None if value is None else str(value)
    return found


def _numbers(keys: Iterable[int]) -> str:
    return ", ".join(f"#{key}" for key in keys)


def _remember(action: Action, changes: dict[str, list[str | None]], by: User, now: datetime) -> None:
    ActionChange.objects.create(action=action, version=action.version, changes=changes, changed_by=by, changed_at=now)
