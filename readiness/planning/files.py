"""Actions as rows for a spreadsheet and as days for a calendar."""

from collections.abc import Callable, Iterable, Iterator

from django.utils.translation import gettext as _

from inference_kpis.spreadsheet import as_text
from readiness.actions.models import Action
from readiness.calendars import CalendarDay

COLUMNS = (
    *("id", "team", "rule", "practice", "opens_level", "title", "owner", "status", "reason", "agreed_on", "due_on"),
    *("done_on", "effort_days", "build_cost", "run_cost_per_year", "currency", "recommendation"),
)


def table(actions: Iterable[Action], *, currency: str) -> Iterator[tuple[object, ...]]:
    """A row of `COLUMNS` per action: days in ISO 8601, numbers with a point, nothing where there is nothing."""
    for each in actions:
        yield (
            each.pk,
            as_text(each.team.name),
            each.rule,
            each.practice,
            each.opens,
            as_text(str(each)),
            as_text(str(each.owner)) if each.owner else "",
            each.status,
            as_text(each.status_reason),
            each.agreed_on,
            each.due_on,
            each.done_on,
            each.effort_days,
            each.build_cost,
            each.run_cost,
            currency,
            each.recommendation,
        )


def days(actions: Iterable[Action], *, absolute: Callable[[str], str]) -> Iterator[CalendarDay]:
    """The days on which actions are due; `absolute` makes a whole address of a path."""
    for each in actions:
        if each.due_on:
            yield CalendarDay(
                uid=f"action-{each.pk}@vigie",
                day=each.due_on,
                title=str(each),
                url=absolute(each.get_absolute_url()),
                details=_("Team %(team)s. Status: %(status)s.")
                % {"team": each.team.name, "status": each.get_status_display()},
            )
