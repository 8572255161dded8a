"""Who may see and change what on the declaring side; pages and API ask here and nowhere else.

Executives, reviewers and administrators see every team's assessments, the others those of their teams. Members answer,
unless they are executives; reviewers and administrators review. Success metrics are for everybody to read.
Actions are seen like assessments, written by who answers for their team, and moved by whoever owns them as well.
"""

from django.db.models import Q, QuerySet
from django.http import Http404

from accounts.models import Role, Team, User
from readiness.actions.models import Action, ActionQuerySet
from readiness.assessments.models import Assessment, Evidence
from readiness.success.models import SuccessMetric

SEE_ALL = {Role.EXECUTIVE, Role.REVIEWER, Role.ADMINISTRATOR}
REVIEW = {Role.REVIEWER, Role.ADMINISTRATOR}
ANSWER = {Role.CONTRIBUTOR, Role.REVIEWER, Role.OPERATOR, Role.ADMINISTRATOR}


def visible_assessments(user: User) -> QuerySet[Assessment]:
    """Every assessment that this person may open."""
    found = Assessment.objects.select_related("team")
    return found if user.role in SEE_ALL else found.filter(team__members=user)


def teams_to_answer_for(user: User) -> QuerySet[Team]:
    """The teams whose assessments and success metrics this person may write."""
    if user.is_administrator:
        return Team.objects.all()
    return user.teams.all() if user.role in ANSWER else Team.objects.none()


def get_assessment_for(user: User, pk: int) -> Assessment:
    """The assessment; 404 where this person may not know of it."""
    found = visible_assessments(user).filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def can_answer(user: User, assessment: Assessment) -> bool:
    """Whether this person may answer at all, in whatever state the assessment is; queries memberships."""
    return teams_to_answer_for(user).filter(pk=assessment.team_id).exists()


def can_review(user: User, assessment: Assessment) -> bool:
    return user.role in REVIEW


def get_answerable_assessment_for(user: User, pk: int) -> Assessment:
    """The assessment, for somebody who answers for its team."""
    found = Assessment.objects.select_related("team").filter(pk=pk, team__in=teams_to_answer_for(user)).first()
    if found is None:
        raise Http404
    return found


def get_reviewable_assessment_for(user: User, pk: int) -> Assessment:
    """The assessment, for somebody who reviews."""
    assessment = get_assessment_for(user, pk)
    if not can_review(user, assessment):
        raise Http404
    return assessment


def get_reviewable_evidence_for(user: User, pk: int) -> Evidence:
    """A piece of evidence, for somebody who reviews."""
    evidence = Evidence.objects.select_related("answer__assessment").filter(pk=pk).first()
    if evidence is None or not can_review(user, evidence.answer.assessment):
        raise Http404
    return evidence


def get_success_metric(pk: int) -> SuccessMetric:
    """A success metric; everybody who is signed in may read it."""
    found = SuccessMetric.objects.current().select_related("team", "site", "owner").filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def get_editable_success_metric_for(user: User, pk: int) -> SuccessMetric:
    """A success metric of a team that this person writes for."""
    found = get_success_metric(pk)
    if not teams_to_answer_for(user).filter(pk=found.team_id).exists():
        raise Http404
    return found


# --- Actions ---------------------------------------------------------------------------------------------------------


def visible_actions(user: User) -> ActionQuerySet:
    """The actions of the teams whose assessments this person may open, and the own ones."""
    found = Action.objects.select_related("team", "owner")
    if user.role in SEE_ALL:
        return found
    return found.filter(Q(team__in=user.teams.all()) | Q(owner=user))


def get_action_for(user: User, pk: int) -> Action:
    """The action; 404 where this person may not know of it."""
    found = visible_actions(user).filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def can_edit_action(user: User, action: Action) -> bool:
    """Whether this person answers for the action's team; queries memberships."""
    return teams_to_answer_for(user).filter(pk=action.team_id).exists()


def can_move_action(user: User, action: Action) -> bool:
    """Whether this person may say how far the action is: the team, and whoever owns it."""
    is_own = action.owner_id == user.pk and user.role in ANSWER
    return is_own or can_edit_action(user, action)


def get_editable_action_for(user: User, pk: int) -> Action:
    """The action, for somebody who answers for its team."""
    found = get_action_for(user, pk)
    if not can_edit_action(user, found):
        raise Http404
    return found


def get_movable_action_for(user: User, pk: int) -> Action:
    """The action, for somebody who may say how far it is."""
    found = get_action_for(user, pk)
    if not can_move_action(user, found):
        raise Http404
    return found
