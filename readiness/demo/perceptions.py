"""How the people of the demo company see the gate practices of the open assessment: one closed, anonymous round."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.utils import timezone

from accounts.models import User
from readiness.assessments.models import Assessment
from readiness.bank import load_bank
from readiness.perceptions.asking import close, open_round, save_blind_answers
from readiness.perceptions.spread import Circle

OPENED_AGO = timedelta(days=9)
CLOSED_AGO = timedelta(days=2)
DAYS = 7
# Levels in turn, None where somebody cannot say. Business and board are few: they are shown together.
ANSWERS: tuple[tuple[str, Circle, tuple[int | None, ...]], ...] = (
    ("tomas", Circle.IT, (2, 1, 2, 1)),
    ("ines", Circle.IT, (2, 1, 1, 2)),
    ("ada", Circle.IT, (1, 1, 2)),
    ("marc", Circle.BUSINESS, (2, 3, 2, 2)),
    ("sam", Circle.BUSINESS, (3, 3, 2)),
    ("claire", Circle.BOARD, (3, 3, 3, None, 3)),
)


def load_perceptions(people: Mapping[str, User], now: datetime) -> None:
    """Open, answer and close it, once."""
    assessment = Assessment.objects.filter(team__name="Mobile", is_demo=True, state=Assessment.State.OPEN).first()
    if assessment is None or assessment.blind_rounds.exists():
        return
    marc, at = people["marc@demo.example"], now - OPENED_AGO
    practices = [practice.key for rule in load_bank(assessment.bank_version).rules for practice in rule.gates]
    opened = open_round(
        assessment=assessment,
        practices=practices,
        people=[(people[f"{name}@demo.example"], circle) for name, circle, _levels in ANSWERS],
        is_anonymous=True,
        due_on=timezone.localdate(at) + timedelta(days=DAYS),
        note="",
        by=marc,
        now=at,
        is_demo=True,
    )
    levels_of = {people[f"{name}@demo.example"].pk: levels for name, _circle, levels in ANSWERS}
    for invitation in opened.invitations.select_related("round"):
        levels = levels_of[invitation.person_id]
        replies = {key: (levels[number % len(levels)], "") for number, key in enumerate(practices)}
        save_blind_answers(invitation=invitation, replies=replies, now=at)
    close(blind_round=opened, by=marc, now=now - CLOSED_AGO)
