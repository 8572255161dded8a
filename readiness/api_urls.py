"""The API of the declaring side, under `/api/v1/`."""

from django.urls import path

from readiness.api import answers, assessments, bank, results

PRACTICE = "assessments/<int:pk>/answers/<slug:key>"
EVIDENCE = "assessments/<int:pk>/evidence/<int:evidence_pk>"
urlpatterns = [
    path("bank", bank.BankList.as_view(), name="api_bank_list"),
    path("bank/<str:version>", bank.BankDetail.as_view(), name="api_bank_detail"),
    path("teams", assessments.TeamList.as_view(), name="api_team_list"),
    path("assessments", assessments.AssessmentList.as_view(), name="api_assessment_list"),
    path("assessments/<int:pk>", assessments.AssessmentDetail.as_view(), name="api_assessment_detail"),
    path("assessments/<int:pk>/submit", assessments.AssessmentSubmit.as_view(), name="api_assessment_submit"),
    path("assessments/<int:pk>/send-back", assessments.AssessmentSendBack.as_view(), name="api_assessment_send_back"),
    path("assessments/<int:pk>/approve", assessments.AssessmentApprove.as_view(), name="api_assessment_approve"),
    path("assessments/<int:pk>/result", results.AssessmentResult.as_view(), name="api_assessment_result"),
    path("assessments/<int:pk>/snapshot", results.AssessmentSnapshot.as_view(), name="api_assessment_snapshot"),
    path(PRACTICE, answers.AnswerDetail.as_view(), name="api_answer_detail"),
    path(f"{PRACTICE}/remarks", answers.AnswerRemark.as_view(), name="api_answer_remark"),
    path(f"{PRACTICE}/decision", answers.AnswerDecision.as_view(), name="api_answer_decision"),
    path(f"{PRACTICE}/evidence", answers.AnswerEvidence.as_view(), name="api_answer_evidence"),
    path(EVIDENCE, answers.EvidenceDetail.as_view(), name="api_evidence_detail"),
    path(f"{EVIDENCE}/review", answers.EvidenceReview.as_view(), name="api_evidence_review"),
    path("company", results.Company.as_view(), name="api_company"),
    path("targets", results.TargetList.as_view(), name="api_target_list"),
]
