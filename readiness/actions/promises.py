"""What teams promised, as scores need it: the first promise for each gap that still has somebody working on it."""

from collections import defaultdict
from collections.abc import Iterable

from readiness.actions.models import Action
from readiness.scoring import GapAction


def promises_of(team_ids: Iterable[int]) -> dict[int, list[GapAction]]:
    """Every promise of these teams by team, late and closed ones included; one query.

    A gap whose actions were all dropped, or of which none has an owner and a date any more, is promised by nobody.
    """
    promises: dict[tuple[int, str, int], list[GapAction]] = defaultdict(list)
    kept = set()
    actions = Action.objects.filter(team__in=set(team_ids)).exclude(practice="").exclude(opens=None).order_by("id")
    for team_id, practice, level, status, owner, due_on, promised_on, promised_until in actions.values_list(
        *("team", "practice", "opens", "status", "owner__name", "due_on", "promised_on", "promised_until")
    ):
        gap = (team_id, practice, level)
        if promised_on is not None:
            # Who promised may have left since; that somebody did is what counts.
            promises[gap].append(GapAction(practice, level, owner or "…", promised_on, promised_until))
        if status != Action.Status.DROPPED and owner is not None and due_on is not None:
            kept.add(gap)
    found: dict[int, list[GapAction]] = defaultdict(list)
    for gap in promises:
        if gap in kept:
            found[gap[0]] += promises[gap]
    return found
