"""What the people of the demo company ask of each other in the assessment that is open."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.utils import timezone

from accounts.models import User
from readiness.access import people_who_see
from readiness.assessments.models import Assessment
from readiness.bank import load_bank
from readiness.teamwork.assigning import assign
from readiness.teamwork.commenting import write_comment

DAYS_LEFT = 2


def load_teamwork(people: Mapping[str, User], now: datetime) -> None:
    """Marc asks Inès of another team for one practice and Tomas for the next, and names her; once."""
    marc, ines, tomas = (people[f"{name}@demo.example"] for name in ("marc", "ines", "tomas"))
    assessment = Assessment.objects.filter(team__name="Mobile", is_demo=True, state=Assessment.State.OPEN).first()
    if assessment is None or assessment.assignments.exists() or assessment.comments.exists():
        return
    answered = set(assessment.answers.values_list("practice", flat=True))
    still_open = [each.key for each in load_bank(assessment.bank_version).practices if each.key not in answered]
    due_on = timezone.localtime(now).date() + timedelta(days=DAYS_LEFT)
    for practice, person in zip(still_open, (ines, tomas), strict=False):
        assign(
            assessment=assessment,
            practices=[practice],
            person=person,
            team=None,
            due_on=due_on,
            note="",
            by=marc,
            now=now,
        )
    write_comment(
        assessment=assessment,
        practice=still_open[0],
        text=f"@{ines.name} ?",
        mention=None,
        parent=None,
        audience=people_who_see(assessment, still_open[0]),
        by=marc,
        now=now,
    )
