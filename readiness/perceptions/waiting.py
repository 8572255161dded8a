"""What blind rounds give people to do: answering, and deciding once a round of theirs is closed."""

from datetime import date, timedelta

from django.db.models import Count
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, ngettext

from accounts.models import User
from readiness.assessments.models import Assessment
from readiness.perceptions.models import BlindInvitation, BlindRound
from readiness.work import WorkItem, WorkKind


def work_for(user: User, today: date) -> list[WorkItem]:
    """Invitations that are not answered whole, and the own closed rounds that wait for decisions; two queries."""
    invitations = BlindInvitation.objects.filter(person=user, round__in=BlindRound.objects.open_on(today))
    invitations = invitations.with_given().select_related("round__assessment__team", "round__opened_by")
    closed = BlindRound.objects.closed_on(today).filter(opened_by=user, assessment__state__in=Assessment.EDITABLE)
    closed = closed.annotate(decided=Count("decisions")).select_related("assessment__team")
    return [
        *(_to_answer(each, today) for each in invitations if each.given < len(each.round.practices)),
        *(_to_decide(each) for each in closed if each.decided < len(each.practices)),
    ]


def _to_answer(invitation: BlindInvitation, today: date) -> WorkItem:
    asked = invitation.round
    count = len(asked.practices) - invitation.given
    is_reminded = _is_fresh(invitation, today)
    if is_reminded:
        said = ngettext(
            "%(person)s reminds you: answer %(count)d practice blind",
            "%(person)s reminds you: answer %(count)d practices blind",
            count,
        )
    else:
        said = ngettext(
            "Answer %(count)d practice blind, asked by %(person)s",
            "Answer %(count)d practices blind, asked by %(person)s",
            count,
        )
    title = said % {"count": count, "person": asked.opened_by}
    url = reverse("readiness:blind_answer", args=[asked.pk])
    team = asked.assessment.team.name
    return WorkItem(WorkKind.BLIND_ANSWER, title, url, team, asked.due_on, is_reminded=is_reminded)


def _is_fresh(invitation: BlindInvitation, today: date) -> bool:
    """Whether somebody reminded since yesterday: the e-mail of the next morning still tells."""
    at = invitation.reminded_at
    return at is not None and timezone.localdate(at) >= today - timedelta(days=1)


def _to_decide(closed: BlindRound) -> WorkItem:
    url = reverse("readiness:blind_result", args=[closed.pk])
    title = gettext("Decide on the levels after the blind answers")
    return WorkItem(WorkKind.BLIND_ANSWER, title, url, closed.assessment.team.name)
