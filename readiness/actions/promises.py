"""What teams promised, as scores need it: the first promise for each gap that still has somebody working on it."""

from collections import defaultdict
from collections.abc import Iterable

from readiness.actions.models import Action
from readiness.scoring import GapAction


def promises_of(team_ids: Iterable[int]) -> dict[int, list[GapAction]]:
    """Every promise of these teams by team, late and closed ones included; one query.

    A gap whose actions were all dropped, or of which none has an owner and a date any more, is promised by nobody.
    """
    found: dict[int, list[GapAction]] = defaultdict(list)
    actions = Action.objects.filter(team__in=set(team_ids)).exclude(practice="").exclude(opens=None)
    by_gap: dict[tuple[int, str, int], list[Action]] = defaultdict(list)
    for action in actions.select_related("owner", "created_by").order_by("id"):
        by_gap[action.team_id, action.practice, action.opens or 0].append(action)
    for (team_id, practice, level), planned in by_gap.items():
        if not any(each.status != Action.Status.DROPPED and each.owner_id and each.due_on for each in planned):
            continue
        found[team_id] += [
            GapAction(practice, level, str(each.owner or each.created_by), each.promised_on, each.promised_until)
            for each in planned
            if each.promised_on is not None
        ]
    return found
