"""Assessments for machines: listed, started, read with their answers, submitted, sent back, approved."""

from typing import Any

from django.http import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.alphabet import alphabetical
from accounts.models import Team
from inference_kpis.api.questions import Question
from inference_kpis.api.views import IF_NONE_MATCH
from readiness import access
from readiness.api.base import READ, WRITE, ReadinessView
from readiness.api.reading import asked_practices
from readiness.api.serializers import (
    AssessmentDetailOut,
    AssessmentOut,
    AssessmentPageOut,
    Nothing,
    SendBackIn,
    StartIn,
    SubmitIn,
    TeamOut,
)
from readiness.assessments import review
from readiness.assessments.answering import start_assessment
from readiness.assessments.forms import NextForm
from readiness.assessments.models import Assessment
from readiness.assessments.progress import with_progress
from readiness.assessments.succession import start_next

PER_PAGE, MOST_PER_PAGE = 100, 500
PEOPLE = ("team", "started_by", "submitted_by", "reviewed_by")


class AssessmentsIn(Question):
    team = serializers.IntegerField(min_value=1, max_value=2**63 - 1, required=False, help_text="Id of a team.")
    state = serializers.ChoiceField(Assessment.State.choices, required=False)
    limit = serializers.IntegerField(min_value=1, max_value=MOST_PER_PAGE, default=PER_PAGE)
    cursor = serializers.IntegerField(
        min_value=1, max_value=2**63 - 1, required=False, help_text="Where the last page ended: follow next."
    )


class AnswerableTeamOut(TeamOut):
    can_answer = serializers.BooleanField(help_text="Whether you may start and answer its assessments.")


class TeamsOut(serializers.Serializer):
    teams = AnswerableTeamOut(many=True)


def summaries(ids: list[int]) -> list[dict[str, Any]]:
    """What a list says of these assessments, in the order in which they were started; one query."""
    found = Assessment.objects.filter(pk__in=ids).select_related(*PEOPLE).order_by("pk")
    names = ("id", *PEOPLE, "bank_version", "state", "started_at", "submitted_at", "approved_at", "remark")
    return [
        {**{name: getattr(each, name) for name in names}, "answered": answered, "practices": practices}
        for each, answered, practices in with_progress(found)
    ]


def written(assessment: Assessment) -> dict[str, Any]:
    """What a write is answered with."""
    return AssessmentOut(summaries([assessment.pk])[0]).data


class TeamList(ReadinessView):
    @extend_schema(
        operation_id="teams_list", parameters=[IF_NONE_MATCH], responses={200: TeamsOut, **READ}, tags=["assessments"]
    )
    def get(self, request: Request) -> HttpResponseBase:
        """The teams whose assessments you see."""
        self.asked(Question)
        answerable = set(access.teams_to_answer_for(self.person).values_list("pk", flat=True))
        visible = sorted(access.visible_teams(self.person), key=lambda team: alphabetical(team.name))
        teams = [{"id": team.pk, "name": team.name, "can_answer": team.pk in answerable} for team in visible]
        return self.answer(TeamsOut({"teams": teams}).data)


class AssessmentList(ReadinessView):
    @extend_schema(
        operation_id="assessments_list",
        parameters=[AssessmentsIn, IF_NONE_MATCH],
        responses={200: AssessmentPageOut, **READ},
        tags=["assessments"],
    )
    def get(self, request: Request) -> HttpResponseBase:
        """The assessments that you may open, in the order in which they were started."""
        asked = self.asked(AssessmentsIn).validated_data
        filters = {"team": asked.get("team"), "state": asked.get("state"), "pk__gt": asked.get("cursor")}
        visible = access.visible_assessments(self.person).filter(
            **{name: value for name, value in filters.items() if value is not None}
        )
        found = list(visible.order_by("pk").values_list("pk", flat=True)[: asked["limit"] + 1])
        page = found[: asked["limit"]]
        following = self.address_behind(page[-1]) if len(found) > len(page) else None
        return self.answer(AssessmentPageOut({"assessments": summaries(page), "next": following}).data)

    @extend_schema(
        operation_id="assessments_start", request=StartIn, responses={201: AssessmentOut, **WRITE}, tags=["assessments"]
    )
    def post(self, request: Request) -> Response:
        """Start the next assessment of a team, on the current version of the bank."""
        body = self.sent(StartIn, teams=access.teams_to_answer_for(self.person))
        team: Team = body["team"]
        start = start_assessment if body["way"] == NextForm.AFRESH else start_next
        assessment = start(team=team, by=self.person, now=self.now)
        return Response(written(assessment), status=status.HTTP_201_CREATED)


class AssessmentDetail(ReadinessView):
    @extend_schema(
        operation_id="assessments_read",
        parameters=[IF_NONE_MATCH],
        responses={200: AssessmentDetailOut, **READ},
        tags=["assessments"],
    )
    def get(self, request: Request, pk: int) -> HttpResponseBase:
        """One assessment with every practice it asks, what was answered, and what stands behind it."""
        self.asked(Question)
        assessment = access.get_assessment_for(self.person, pk)
        content = {
            **summaries([pk])[0],
            "can_answer": assessment.is_editable and access.can_answer(self.person, assessment),
            "can_review": access.may_review_now(self.person, assessment),
            "asked": asked_practices(assessment),
        }
        return self.answer(AssessmentDetailOut(content).data)


class AssessmentSubmit(ReadinessView):
    @extend_schema(
        operation_id="assessments_submit",
        request=SubmitIn,
        responses={200: AssessmentOut, **WRITE},
        tags=["assessments"],
    )
    def post(self, request: Request, pk: int) -> Response:
        """Hand it to a reviewer; every gate practice has to be answered."""
        assessment = access.get_answerable_assessment_for(self.person, pk)
        confirming = self.sent(SubmitIn)["confirming"]
        review.submit_assessment(assessment=assessment, by=self.person, now=self.now, confirming=confirming)
        return Response(written(assessment))


class AssessmentSendBack(ReadinessView):
    @extend_schema(
        operation_id="assessments_send_back",
        request=SendBackIn,
        responses={200: AssessmentOut, **WRITE},
        tags=["assessments"],
    )
    def post(self, request: Request, pk: int) -> Response:
        """Give it back to the team, with what has to change in general, in its practices, or both."""
        assessment = access.get_reviewable_assessment_for(self.person, pk)
        review.send_back(assessment=assessment, remark=self.sent(SendBackIn)["remark"], by=self.person)
        return Response(written(assessment))


class AssessmentApprove(ReadinessView):
    @extend_schema(
        operation_id="assessments_approve",
        request=Nothing,
        responses={200: AssessmentOut, **WRITE},
        tags=["assessments"],
    )
    def post(self, request: Request, pk: int) -> Response:
        """Approve it, which freezes its scores. Nobody approves what they had a hand in."""
        assessment = access.get_reviewable_assessment_for(self.person, pk)
        self.sent(Nothing)
        review.approve_assessment(assessment=assessment, by=self.person, now=self.now)
        return Response(written(assessment))
