"""Contradictions as work of their owners."""

from datetime import date

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.models import User
from readiness.contradictions.models import Contradiction
from readiness.contradictions.standing import practice_of
from readiness.work import WorkItem, WorkKind


def work_for(user: User, today: date) -> list[WorkItem]:
    """Those that this person owns and that are not over; one query."""
    return [
        WorkItem(
            WorkKind.CONTRADICTION,
            _("“%(practice)s” is declared at level %(declared)s and measured at %(measured)s")
            % {
                "practice": practice_of(each).title.in_language(get_language() or "en"),
                "declared": each.declared,
                "measured": each.measured,
            },
            each.get_absolute_url(),
            each.team.name,
            each.due_on,
        )
        for each in Contradiction.objects.open().whole().filter(owner=user)
    ]
