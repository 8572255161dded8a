"""Changes of actions as people read them."""

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal

from django import template
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _

from readiness.actions.counting import Counted
from readiness.actions.models import Action, ActionChange

register = template.Library()
FIELDS = {field.name: field.verbose_name for field in (*Action._meta.fields, *Action._meta.many_to_many)}
# Told by what stands beside them.
UNTOLD = {"done_on"}


@register.filter
def changed(change: ActionChange) -> Iterator[tuple[str, str, str]]:
    """(field, before, after) of what changed, in the reader's language; nothing for the beginning of an action."""
    for name, (before, after) in change.changes.items():
        if name not in UNTOLD and before != after:
            yield str(FIELDS[name]), _shown(name, before), _shown(name, after)


@register.filter
def working_days(effort: Decimal) -> str:
    """An effort without the zeros that say nothing."""
    return number_format(format(effort.normalize(), "f"))


@register.filter
def of_rule(counted: Mapping[int, Counted], number: int) -> Counted:
    """What was counted for a rule; nothing where there is none."""
    return counted.get(number, Counted())


def _shown(name: str, value: str | None) -> str:
    if not value:
        return _("nothing")
    if name == "status":
        return str(Action.Status(value).label)
    if name == "due_on":
        return date_format(date.fromisoformat(value), "SHORT_DATE_FORMAT")
    return number_format(value) if name in {"effort_days", "build_cost", "run_cost"} else value
