"""Who may see and change what on the declaring side; pages and API ask here and nowhere else.

Executives, reviewers and administrators see every team's assessments, the others those of their teams. Members answer,
unless they are executives; reviewers and administrators review. Success metrics are for everybody to read.

Who is asked to answer one practice of another team sees and answers that practice, and nothing else of its assessment.
Who is asked blind sees the practices of that round, and its result once it is closed and they have answered.
Actions are seen like assessments, written by who answers for their team, and moved by whoever owns them as well.
"""

from datetime import date

from django.db.models import Q, QuerySet
from django.http import Http404

from accounts.models import Role, Team, User
from readiness.actions.models import Action, ActionQuerySet
from readiness.assessments.models import Assessment, Binding, Evidence
from readiness.contradictions.models import Contradiction, ContradictionQuerySet
from readiness.perceptions.models import BlindInvitation, BlindInvitationQuerySet, BlindRound
from readiness.success.models import SuccessMetric
from readiness.teamwork.models import Assignment, Comment

SEE_ALL = {Role.EXECUTIVE, Role.REVIEWER, Role.ADMINISTRATOR}
REVIEW = {Role.REVIEWER, Role.ADMINISTRATOR}
BIND = {Role.REVIEWER, Role.OPERATOR, Role.ADMINISTRATOR}
ANSWER = {Role.CONTRIBUTOR, Role.REVIEWER, Role.OPERATOR, Role.ADMINISTRATOR}


def visible_assessments(user: User) -> QuerySet[Assessment]:
    """Every assessment that this person may open."""
    found = Assessment.objects.select_related("team")
    return found if user.role in SEE_ALL else found.filter(team__members=user)


def visible_teams(user: User) -> QuerySet[Team]:
    """Every team whose results this person may open."""
    return Team.objects.all() if user.role in SEE_ALL else user.teams.all()


def get_visible_team_for(user: User, pk: int) -> Team:
    """The team; 404 where this person may not see its results."""
    found = visible_teams(user).filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


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


def may_review_now(user: User, assessment: Assessment) -> bool:
    """Whether this person may decide on it now: while it is submitted."""
    return assessment.state == Assessment.State.SUBMITTED and can_review(user, assessment)


def get_answerable_assessment_for(user: User, pk: int) -> Assessment:
    """The assessment, for somebody who answers for its team."""
    found = Assessment.objects.select_related("team").filter(pk=pk, team__in=teams_to_answer_for(user)).first()
    if found is None:
        raise Http404
    return found


def is_guest(user: User, assessment: Assessment) -> bool:
    """Whether this person may not see the assessment itself, only what they were asked to answer in it."""
    return user.role not in SEE_ALL and not can_answer(user, assessment)


def may_answer_practice(user: User, assessment: Assessment, key: str) -> tuple[bool, bool]:
    """Whether this person may answer this practice, and whether only as a guest; one query for those on the team."""
    if can_answer(user, assessment):
        return True, False
    held = Assignment.objects.held_by(user).filter(assessment=assessment, practice=key)
    return user.role in ANSWER and held.exists(), user.role not in SEE_ALL


def get_practice_assessment_for(user: User, pk: int, key: str) -> Assessment:
    """The assessment, for somebody who may see this practice of it."""
    found = visible_assessments(user).filter(pk=pk).first()
    if found is None and Assignment.objects.held_by(user).filter(assessment=pk, practice=key).exists():
        found = Assessment.objects.select_related("team").filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def get_answerable_practice_assessment_for(user: User, pk: int, key: str) -> Assessment:
    """The assessment, for somebody who may answer this practice of it."""
    found = get_practice_assessment_for(user, pk, key)
    if not may_answer_practice(user, found, key)[0]:
        raise Http404
    return found


def people_who_see(assessment: Assessment, key: str) -> QuerySet[User]:
    """Everybody who may open this practice of this assessment and may still sign in."""
    asked = Assignment.objects.standing().filter(assessment=assessment, practice=key)
    waiting_teams = asked.filter(person=None).values("team")
    is_asked = Q(pk__in=asked.exclude(person=None).values("person")) | Q(membership__team__in=waiting_teams)
    is_on_team = Q(membership__team=assessment.team_id)
    return User.objects.filter(Q(role__in=SEE_ALL) | is_on_team | is_asked, is_active=True).distinct()


def people_to_ask() -> QuerySet[User]:
    """Everybody who may be asked to answer a practice, of whatever team."""
    return User.objects.filter(role__in=ANSWER, is_active=True)


def people_to_hand_on_to(user: User, assessment: Assessment) -> QuerySet[User]:
    """Whom this person may ask in their place: anybody for their team's assessment, else its team or their own."""
    others = people_to_ask().exclude(pk=user.pk)
    if can_answer(user, assessment):
        return others
    near = Q(membership__team=assessment.team_id) | Q(membership__team__in=user.teams.values("pk"))
    return others.filter(near).distinct()


def teams_to_hand_on_to(user: User, assessment: Assessment) -> QuerySet[Team]:
    """Which teams this person may ask in their place, as with people."""
    if can_answer(user, assessment):
        return Team.objects.all()
    return Team.objects.filter(Q(pk=assessment.team_id) | Q(members=user)).distinct()


def holds(user: User, assignment: Assignment) -> bool:
    """Whether this person, or a team of theirs, is the one who is asked."""
    return user.role in ANSWER and Assignment.objects.held_by(user).filter(pk=assignment.pk).exists()


def get_assignment_for(user: User, pk: int) -> Assignment:
    """An assignment, for who holds it, who asked and still sees the practice, and everybody who sees the assessment."""
    whole = Assignment.objects.with_answered().select_related("assessment__team", "person", "team", "asked_by")
    found = whole.filter(pk=pk).first()
    if found is None:
        raise Http404
    get_practice_assessment_for(user, found.assessment_id, found.practice)
    return found


def get_held_assignment_for(user: User, pk: int) -> Assignment:
    """An assignment that this person, or a team of theirs, holds."""
    found = Assignment.objects.held_by(user).select_related("assessment__team", "person", "team").filter(pk=pk).first()
    if found is None or user.role not in ANSWER:
        raise Http404
    return found


def can_withdraw(user: User, assignment: Assignment) -> bool:
    """Whether this person may say that nobody is asked any more: who answers for the team."""
    return can_answer(user, assignment.assessment)


def get_withdrawable_assignment_for(user: User, pk: int) -> Assignment:
    """An assignment, for somebody who answers for the team of its assessment."""
    found = Assignment.objects.select_related("assessment__team").filter(pk=pk).first()
    if found is None or not can_withdraw(user, found):
        raise Http404
    return found


def get_comment_for(user: User, pk: int) -> Comment:
    """A comment, for somebody who may see its practice."""
    found = Comment.objects.select_related("assessment__team", "written_by").filter(pk=pk).first()
    if found is None:
        raise Http404
    get_practice_assessment_for(user, found.assessment_id, found.practice)
    return found


def get_own_comment_for(user: User, pk: int) -> Comment:
    """A comment that this person wrote and may still see."""
    found = get_comment_for(user, pk)
    if found.written_by_id != user.pk or found.deleted_at:
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
    """A piece that is a file, earlier revisions and withdrawn ones too, for whoever may open its assessment.

    Its content is not read yet: it may be ten megabytes, and who holds it already needs only its digest.
    """
    found = Evidence.everything.filter(pk=pk, answer__assessment__in=visible_assessments(user)).exclude(blob=None)
    evidence = found.select_related("answer").first()
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


# --- Blind rounds ----------------------------------------------------------------------------------------------------


def people_to_ask_blind() -> QuerySet[User]:
    """Everybody who may still sign in, whatever their role: the board is asked as well."""
    return User.objects.filter(is_active=True)


def visible_blind_rounds(user: User) -> QuerySet[BlindRound]:
    """The rounds of every assessment that this person may open."""
    return BlindRound.objects.filter(assessment__in=visible_assessments(user)).select_related("assessment__team")


def get_blind_round_for(user: User, pk: int) -> BlindRound:
    """The round, for somebody who may see its assessment: how far it is, never what was answered."""
    found = visible_blind_rounds(user).select_related("opened_by").filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def get_run_blind_round_for(user: User, pk: int) -> BlindRound:
    """The round, for somebody who answers for its team."""
    found = BlindRound.objects.filter(pk=pk, assessment__team__in=teams_to_answer_for(user))
    blind_round = found.select_related("assessment__team").first()
    if blind_round is None:
        raise Http404
    return blind_round


def invitations_of(user: User) -> BlindInvitationQuerySet:
    return BlindInvitation.objects.filter(person=user).select_related("round__assessment__team", "round__opened_by")


def get_blind_invitation_for(user: User, pk: int) -> BlindInvitation:
    """What this person is asked in the round."""
    found = invitations_of(user).filter(round=pk).first()
    if found is None:
        raise Http404
    return found


def sees_assessment(user: User, assessment: Assessment) -> bool:
    """Whether this person may open the assessment itself."""
    return visible_assessments(user).filter(pk=assessment.pk).exists()


def get_blind_result_for(user: User, pk: int, today: date) -> BlindRound:
    """A closed round, for who may see its assessment and who answered in it; 404 for everybody while it is open."""
    answered = invitations_of(user).filter(answers__isnull=False).values("round")
    may = Q(assessment__in=visible_assessments(user)) | Q(pk__in=answered)
    found = BlindRound.objects.closed_on(today).filter(may, pk=pk).select_related("assessment__team", "opened_by")
    blind_round = found.first()
    if blind_round is None:
        raise Http404
    return blind_round
