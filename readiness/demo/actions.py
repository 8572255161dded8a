"""What the demo teams plan: the cheapest way of one rule, some of it done, late or blocked. Marked as demo data."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from accounts.models import Team, User
from readiness.actions.models import Action
from readiness.actions.writing import move_action, plan_actions
from readiness.assessments.models import Assessment
from readiness.bank import load_bank
from readiness.planning.gaps import gaps_of

AGREED_AGO = timedelta(days=35)
# Owner and days from now until due, in turn.
TERMS = (("marc", 20), ("tomas", -5), ("marc", 45), ("tomas", 60), ("marc", 90))


def load_actions(people: Mapping[str, User], now: datetime) -> None:
    """Plan the way of Support's fourth rule, once: what is there is left as people have changed it."""
    support = Team.objects.get(name="Support")
    assessment = Assessment.objects.approved().filter(team=support).first()
    if assessment is None or Action.objects.filter(is_demo=True).exists():
        return
    rule = load_bank(assessment.bank_version).rules[3]
    gaps = gaps_of(assessment, rule, now)
    steps = gaps.on_cheapest_way if gaps else ()
    planned = []
    for number, step in enumerate(steps):
        name, due_in = TERMS[number % len(TERMS)]
        planned += plan_actions(
            team=support,
            bank_version=assessment.bank_version,
            recommendations=[step],
            owner=people[f"{name}@demo.example"],
            due_on=(now + timedelta(days=due_in)).date(),
            by=people["marc@demo.example"],
            now=now - AGREED_AGO,
            is_demo=True,
        )
    for action, status, reason in zip(
        planned, ("doing", "todo", "blocked", "done"), ("", "", "Budget", ""), strict=False
    ):
        if status != Action.Status.TODO:
            move_action(
                action=action, to=status, reason=reason, seen_version=1, by=people["marc@demo.example"], now=now
            )
