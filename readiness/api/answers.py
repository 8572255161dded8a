"""Answers and evidence of one practice for machines, and what reviewers say of them."""

from typing import Any

from django.db import transaction
from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from inference_kpis.api.questions import Question
from inference_kpis.api.views import IF_NONE_MATCH
from readiness import access
from readiness.api.base import READ, WRITE, ReadinessView
from readiness.api.reading import asked_practice
from readiness.api.serializers import (
    AnswerIn,
    AnswerOut,
    AskedPracticeOut,
    DecisionIn,
    EvidenceIn,
    EvidenceOut,
    EvidencePageOut,
    Nothing,
    RemarkIn,
    RemarkOut,
    ReplyOut,
    StaleAnswerOut,
)
from readiness.assessments import answering, review
from readiness.assessments.answering import StaleAnswer
from readiness.assessments.models import Answer, Assessment, Evidence
from readiness.assessments.way import practice_or_404
from readiness.evidence.files import answer_of


def _practice(assessment: Assessment, key: str) -> dict[str, Any]:
    return AskedPracticeOut(asked_practice(assessment, practice_or_404(assessment, key))).data


class AnswerDetail(ReadinessView):
    @extend_schema(
        operation_id="answers_read",
        parameters=[IF_NONE_MATCH],
        responses={200: AskedPracticeOut, **READ},
        tags=["answers"],
    )
    def get(self, request: Request, pk: int, key: str) -> HttpResponseBase:
        """One practice; also for who was asked to answer it in an assessment of another team."""
        self.asked(Question)
        return self.answer(_practice(access.get_practice_assessment_for(self.person, pk, key), key))

    @extend_schema(
        operation_id="answers_write",
        request=AnswerIn,
        responses={200: AskedPracticeOut, **WRITE, 409: StaleAnswerOut},
        tags=["answers"],
    )
    def put(self, request: Request, pk: int, key: str) -> Response:
        """Write a whole answer over the `version` that was seen.

        Where somebody else changed it meanwhile, 409 `stale_answer` has both: `standing` and `yours`. Writing what
        stands already changes nothing.
        """
        assessment = access.get_answerable_practice_assessment_for(self.person, pk, key)
        practice = practice_or_404(assessment, key)
        body = self.sent(AnswerIn)
        if practice.gate and body["not_applicable"]:
            raise serializers.ValidationError({"not_applicable": [_("A gate practice always applies.")]})
        form = {"seen_version": body["version"], "evidence_title": ""}
        try:
            answering.save_reply(
                assessment=assessment, practice=key, reply=body["reply"], form=form, by=self.person, now=self.now
            )
        except StaleAnswer as error:
            content = {"code": error.code, "message": str(error), "fields": {}}
            content |= {"standing": AnswerOut(error.current).data, "yours": ReplyOut(body["reply"]).data}
            return Response(content, status=status.HTTP_409_CONFLICT)
        return Response(_practice(assessment, key))


class AnswerEvidence(ReadinessView):
    @extend_schema(
        operation_id="evidence_list",
        parameters=[IF_NONE_MATCH],
        responses={200: EvidencePageOut, **READ},
        tags=["evidence"],
    )
    def get(self, request: Request, pk: int, key: str) -> HttpResponseBase:
        """What stands behind one answer and counts."""
        self.asked(Question)
        assessment = access.get_practice_assessment_for(self.person, pk, key)
        answer = asked_practice(assessment, practice_or_404(assessment, key)).answer
        pieces = answer.evidence.all() if answer else []
        return self.answer(EvidencePageOut({"evidence": pieces}).data)

    @extend_schema(
        operation_id="evidence_add", request=EvidenceIn, responses={201: EvidenceOut, **WRITE}, tags=["evidence"]
    )
    def post(self, request: Request, pk: int, key: str) -> Response:
        """Add a dated link, or a note where there is no `url`; the same one twice is one."""
        assessment = access.get_answerable_practice_assessment_for(self.person, pk, key)
        practice_or_404(assessment, key)
        body = self.sent(EvidenceIn)
        with transaction.atomic():
            answer = answer_of(assessment, key, by=self.person, now=self.now)
            piece = answering.add_evidence(answer=answer, **body, by=self.person)
        return Response(EvidenceOut(piece).data, status=status.HTTP_201_CREATED)


class EvidenceDetail(ReadinessView):
    @extend_schema(operation_id="evidence_withdraw", responses={204: None, **WRITE}, tags=["evidence"])
    def delete(self, request: Request, pk: int, evidence_pk: int) -> Response:
        """Withdraw a piece; on its page it can be put back."""
        piece = get_object_or_404(Evidence.objects.select_related("answer"), pk=evidence_pk, answer__assessment=pk)
        access.get_answerable_practice_assessment_for(self.person, pk, piece.answer.practice)
        answering.remove_evidence(evidence=piece, by=self.person, now=self.now)
        return Response(status=status.HTTP_204_NO_CONTENT)


class EvidenceReview(ReadinessView):
    @extend_schema(
        operation_id="evidence_review", request=Nothing, responses={200: EvidenceOut, **WRITE}, tags=["evidence"]
    )
    def post(self, request: Request, pk: int, evidence_pk: int) -> Response:
        """Say that you looked at a piece that somebody else added, and found it good."""
        assessment = access.get_reviewable_assessment_for(self.person, pk)
        pieces = Evidence.objects.select_related("answer", "added_by", "reviewed_by")
        found = pieces.filter(answer__assessment=assessment)
        self.sent(Nothing)
        review.review_evidence(evidence=get_object_or_404(found, pk=evidence_pk), by=self.person, now=self.now)
        return Response(EvidenceOut(found.get(pk=evidence_pk)).data)


class AnswerRemark(ReadinessView):
    @extend_schema(operation_id="remarks_add", request=RemarkIn, responses={201: RemarkOut, **WRITE}, tags=["answers"])
    def post(self, request: Request, pk: int, key: str) -> Response:
        """Ask for a change of one practice of a submitted assessment; the team sees it once it is sent back."""
        assessment = access.get_reviewable_assessment_for(self.person, pk)
        practice_or_404(assessment, key)
        text = self.sent(RemarkIn)["text"]
        remark = review.remark(assessment=assessment, practice=key, text=text, by=self.person, now=self.now)
        return Response(RemarkOut(remark).data, status=status.HTTP_201_CREATED)


class AnswerDecision(ReadinessView):
    @extend_schema(
        operation_id="answers_decide", request=DecisionIn, responses={200: AskedPracticeOut, **WRITE}, tags=["answers"]
    )
    def post(self, request: Request, pk: int, key: str) -> Response:
        """Accept that a practice is set aside, or refuse it, which asks the team for an answer."""
        assessment = access.get_reviewable_assessment_for(self.person, pk)
        answers = Answer.objects.select_related("assessment")
        answer = get_object_or_404(answers, assessment=assessment, practice=key)
        review.decide_not_applicable(answer=answer, **self.sent(DecisionIn), by=self.person, now=self.now)
        return Response(_practice(assessment, key))
