"""The actions as pages show them: by status, as bars over time, and what they cost by rule and team."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, Q, Sum

from accounts.alphabet import alphabetical
from readiness.actions.models import Action, ActionQuerySet

CARDS_PER_COLUMN = 30
COLUMNS = (Action.Status.TODO, Action.Status.DOING, Action.Status.BLOCKED, Action.Status.DONE)


@dataclass(frozen=True)
class Column:
    """One status: the first cards, and how many there are altogether."""

    status: Action.Status
    cards: tuple[Action, ...]
    total: int

    @property
    def others(self) -> int:
        return self.total - len(self.cards)


def columns(actions: ActionQuerySet) -> list[Column]:
    """The board of these actions; what was done last comes first. Five queries."""
    counts = dict(actions.order_by().values_list("status").annotate(Count("pk")))
    found = []
    for status in COLUMNS:
        is_done = status is Action.Status.DONE
        mine = actions.filter(status=status)
        ordered = mine.order_by("-done_on", "-id") if is_done else mine.in_order()
        found.append(Column(status, tuple(ordered[:CARDS_PER_COLUMN]), counts.get(status, 0)))
    return found


# --- Budget ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class BudgetLine:
    """What the actions of one rule of one team take; sums of what is known, `unknown` counts those without a cost."""

    team: str
    rule: int
    actions: int
    effort_days: Decimal
    build_cost: Decimal
    run_cost: Decimal
    build_cost_done: Decimal
    unknown: int


def budget(actions: ActionQuerySet) -> list[BudgetLine]:
    """Planned cost by team and rule, dropped actions apart; teams in the order of a dictionary. One query."""
    rows = (
        actions.exclude(status=Action.Status.DROPPED)
        .order_by()
        .values("team__name", "rule")
        .annotate(
            count=Count("pk"),
            effort=Sum("effort_days"),
            build=Sum("build_cost"),
            run=Sum("run_cost"),
            done=Sum("build_cost", filter=Q(status=Action.Status.DONE)),
            unknown=Count("pk", filter=Q(build_cost=None) | Q(run_cost=None)),
        )
    )
    zero = Decimal(0)
    lines = [
        BudgetLine(
            team=row["team__name"],
            rule=row["rule"],
            actions=row["count"],
            effort_days=row["effort"] or zero,
            build_cost=row["build"] or zero,
            run_cost=row["run"] or zero,
            build_cost_done=row["done"] or zero,
            unknown=row["unknown"],
        )
        for row in rows
    ]
    return sorted(lines, key=lambda line: (alphabetical(line.team), line.rule))


def budget_total(lines: Sequence[BudgetLine]) -> BudgetLine:
    """All lines in one; its team and rule mean nothing."""
    zero = Decimal(0)
    return BudgetLine(
        "",
        0,
        sum(line.actions for line in lines),
        sum((line.effort_days for line in lines), zero),
        sum((line.build_cost for line in lines), zero),
        sum((line.run_cost for line in lines), zero),
        sum((line.build_cost_done for line in lines), zero),
        sum(line.unknown for line in lines),
    )
