"""Who may see and change what on the declaring side; pages and API ask here and nowhere else.

Executives, reviewers and administrators see every team's assessments, the others those of their teams. Members answer,
unless they are executives; reviewers and administrators review. Success metrics are for everybody to read.
"""

from django.db.models import QuerySet
from django.http import Http404

from accounts.models import Role, Team, User
from readiness.assessments.models import Assessment, Binding, Evidence
from readiness.contradictions.models import Contradiction, ContradictionQuerySet
from readiness.success.models import SuccessMetric

SEE_ALL = {Role.EXECUTIVE, Role.REVIEWER, Role.ADMINISTRATOR}
REVIEW = {Role.REVIEWER, Role.ADMINISTRATOR}
BIND = {Role.REVIEWER, Role.OPERATOR, Role.ADMINISTRATOR}
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


def may_remark(user: User, assessment: Assessment) -> bool:
    """Whether this person may ask for changes now: while it is submitted."""
    return assessment.state == Assessment.State.SUBMITTED and can_review(user, assessment)


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


def get_file_for(user: User, pk: int) -> Evidence:
    """A piece that is a file, earlier revisions and withdrawn ones too, for whoever may open its assessment."""
    found = Evidence.everything.filter(pk=pk, answer__assessment__in=visible_assessments(user)).exclude(blob=None)
    evidence = found.select_related("blob", "answer").first()
    if evidence is None:
        raise Http404
    return evidence


def get_writable_evidence_for(user: User, pk: int) -> Evidence:
    """A piece, withdrawn ones too, for somebody who answers for its team."""
    found = Evidence.everything.filter(pk=pk, answer__assessment__team__in=teams_to_answer_for(user))
    evidence = found.select_related("answer__assessment__team").first()
    if evidence is None:
        raise Http404
    return evidence


# --- Bindings and contradictions -------------------------------------------------------------------------------------


def teams_whose_bindings_are_visible_to(user: User) -> QuerySet[Team]:
    """Who sees all assessments, and operators, see the bindings of every team; the others those of theirs."""
    return Team.objects.order_by("name") if user.role in SEE_ALL | BIND else user.teams.order_by("name")


def can_bind(user: User, team: Team) -> bool:
    """Reviewers and operators decide what measures a team, unless they are of it; administrators may always."""
    if user.is_administrator:
        return True
    return user.role in BIND and not team.members.filter(pk=user.pk).exists()


def get_bindable_team_for(user: User, pk: int) -> Team:
    """The team, for somebody who may bind its practices."""
    team = teams_whose_bindings_are_visible_to(user).filter(pk=pk).first()
    if team is None or not can_bind(user, team):
        raise Http404
    return team


def get_binding_for(user: User, pk: int) -> Binding:
    found = Binding.objects.filter(pk=pk, team__in=teams_whose_bindings_are_visible_to(user)).select_related("team")
    binding = found.first()
    if binding is None:
        raise Http404
    return binding


def get_writable_binding_for(user: User, pk: int) -> Binding:
    """The binding, for somebody whom it does not judge."""
    binding = get_binding_for(user, pk)
    if not can_bind(user, binding.team):
        raise Http404
    return binding


def visible_contradictions(user: User) -> ContradictionQuerySet:
    """Those of the teams whose assessments this person may open; operators see all, because nodes are theirs to put right."""
    found = Contradiction.objects.all()
    return found if user.role in SEE_ALL | BIND else found.filter(team__members=user)


def get_contradiction_for(user: User, pk: int) -> Contradiction:
    found = visible_contradictions(user).whole().filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def can_work_on(user: User, contradiction: Contradiction) -> bool:
    """Its owner, who answers for its team, and reviewers."""
    is_owner = contradiction.owner_id == user.pk
    return is_owner or user.role in REVIEW or teams_to_answer_for(user).filter(pk=contradiction.team_id).exists()


def get_workable_contradiction_for(user: User, pk: int) -> Contradiction:
    found = get_contradiction_for(user, pk)
    if not can_work_on(user, found):
        raise Http404
    return found
