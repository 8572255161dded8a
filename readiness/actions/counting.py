"""How many actions are open, late and blocked."""

from dataclasses import dataclass
from datetime import date

from django.db.models import Count, Q

from readiness.actions.models import Action, ActionQuerySet


@dataclass(frozen=True)
class Counted:
    """How many open actions somebody may see, how many are late and how many blocked, by rule; 0 where there are none."""

    open: int = 0
    overdue: int = 0
    blocked: int = 0


def counted_by_rule(actions: ActionQuerySet, today: date) -> dict[int, Counted]:
    """Open, late and blocked actions by rule; one query."""
    rows = (
        actions.open()
        .order_by()
        .values("rule")
        .annotate(
            open_count=Count("pk"),
            overdue_count=Count("pk", filter=Q(due_on__lt=today)),
            blocked_count=Count("pk", filter=Q(status=Action.Status.BLOCKED)),
        )
    )
    return {row["rule"]: Counted(row["open_count"], row["overdue_count"], row["blocked_count"]) for row in rows}
