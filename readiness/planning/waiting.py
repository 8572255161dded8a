"""The actions that wait for a person."""

from datetime import date

from accounts.models import User
from readiness.actions.models import Action
from readiness.work import WorkItem, WorkKind


def work_for(user: User, today: date) -> list[WorkItem]:
    """The open actions that this person owns, what is due first; one query. `today` changes nothing of them."""
    actions = Action.objects.open().filter(owner=user).select_related("team").in_order()
    return [
        WorkItem(WorkKind.ACTION, str(action), action.get_absolute_url(), action.team.name, action.due_on)
        for action in actions
    ]
