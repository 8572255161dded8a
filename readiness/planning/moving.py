"""What somebody just moved: said once on the next page, with the way back and, once it is done, what to do next."""

from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse

from accounts.access import SignedInRequest
from readiness import access
from readiness.actions.models import Action
from readiness.assessments.models import Assessment
from readiness.bank import load_bank

SESSION_KEY = "moved_action"


@dataclass(frozen=True)
class Moved:
    """An action after its move; `answer_again_url` where its practice may now deserve a better answer."""

    action: Action
    answer_again_url: str | None


def remember_move(request: HttpRequest, action: Action) -> None:
    request.session[SESSION_KEY] = [action.pk, action.version]


def moved_by(request: SignedInRequest) -> Moved | None:
    """What this person moved just now, told once; None when it was changed again since. At most two queries."""
    pk, version = request.session.pop(SESSION_KEY, (None, None))
    action = access.visible_actions(request.user).filter(pk=pk, version=version).first() if pk else None
    return Moved(action, answer_again_url(action)) if action else None


def answer_again_url(action: Action) -> str | None:
    """Where the team answers the practice of a done action again; None for what opens no level.

    An action never changes an answer: people do, once they see that it is true.
    """
    if action.status != Action.Status.DONE or not action.practice:
        return None
    assessment = Assessment.objects.filter(team=action.team_id, state__in=Assessment.EDITABLE).first()
    if assessment is None:
        return reverse("readiness:assessment_list")
    asked = {practice.key for practice in load_bank(assessment.bank_version).practices}
    if action.practice not in asked:
        return assessment.get_absolute_url()
    return reverse("readiness:assessment_practice", args=[assessment.pk, action.practice])
