"""The pages of the declaring side, by subject."""

from django.urls import path

from readiness.assessments import answering_views as answering
from readiness.assessments import review_views as review
from readiness.assessments import succession_views as succession
from readiness.assessments import views as assessments
from readiness.bindings import views as bindings
from readiness.contradictions import views as contradictions
from readiness.evidence import views as evidence
from readiness.exchange import views as exchange
from readiness.overview import views as overview
from readiness.perceptions import urls as perceptions
from readiness.planning import action_views as actions
from readiness.planning import gap_views as gaps
from readiness.planning import views as planning
from readiness.success import views as success
from readiness.teamwork import urls as teamwork
from readiness.trends import views as trends

app_name = "readiness"
urlpatterns = [
    path("", overview.overview, name="overview"),
    path("rules/<int:number>/", assessments.rule_detail, name="rule_detail"),
    path("assessments/", assessments.assessment_list, name="assessment_list"),
    path("assessments/start/", assessments.assessment_start, name="assessment_start"),
    path("assessments/next/<int:team_pk>/", succession.assessment_next, name="assessment_next"),
    path("assessments/<int:pk>/confirm/", succession.assessment_confirm, name="assessment_confirm"),
    path("assessments/<int:pk>/upgrade/", succession.assessment_upgrade, name="assessment_upgrade"),
    path("assessments/<int:pk>/upgrade/undo/", succession.assessment_upgrade_undo, name="assessment_upgrade_undo"),
    path("assessments/<int:pk>/", assessments.assessment_detail, name="assessment_detail"),
    path("assessments/<int:pk>/practices/<slug:key>/", assessments.assessment_practice, name="assessment_practice"),
    path(
        "assessments/<int:pk>/practices/<slug:key>/save/",
        answering.assessment_answer_save,
        name="assessment_answer_save",
    ),
    path("assessments/<int:pk>/practices/<slug:key>/remark/", review.assessment_remark, name="assessment_remark"),
    path("assessments/<int:pk>/practices/<slug:key>/restore/", answering.answer_restore, name="answer_restore"),
    path("assessments/<int:pk>/rules/<int:number>/", answering.assessment_rule_intro, name="assessment_rule_intro"),
    path("assessments/<int:pk>/rules/<int:number>/practices/", answering.assessment_rule, name="assessment_rule"),
    path("assessments/<int:pk>/preference/", answering.assessment_preference, name="assessment_preference"),
    path("assessments/<int:pk>/history.csv", answering.assessment_history_csv, name="assessment_history_csv"),
    path("assessments/<int:pk>/export.<str:ending>", exchange.assessment_export, name="assessment_export"),
    path("assessments/<int:pk>/template.<str:ending>", exchange.assessment_template, name="assessment_template"),
    path("assessments/<int:pk>/import/", exchange.assessment_import, name="assessment_import"),
    path("assessments/<int:pk>/review/", review.assessment_review, name="assessment_review"),
    path("assessments/<int:pk>/review/evidence/", review.evidence_review_many, name="evidence_review_many"),
    path(
        "assessments/<int:pk>/review/practices/<slug:key>/not-applicable/",
        review.not_applicable_decide,
        name="not_applicable_decide",
    ),
    path(
        "assessments/<int:pk>/review/remarks/<int:remark_pk>/withdraw/", review.remark_withdraw, name="remark_withdraw"
    ),
    path("assessments/<int:pk>/submit/", assessments.assessment_submit, name="assessment_submit"),
    path("assessments/<int:pk>/approve/", review.assessment_approve, name="assessment_approve"),
    path("assessments/<int:pk>/send-back/", review.assessment_send_back, name="assessment_send_back"),
    path("assessments/<int:pk>/result/", assessments.assessment_result, name="assessment_result"),
    path(
        "assessments/<int:pk>/evidence/<int:evidence_pk>/remove/", assessments.evidence_remove, name="evidence_remove"
    ),
    path("evidence/<int:evidence_pk>/review/", review.evidence_review, name="evidence_review"),
    path("assessments/<int:pk>/practices/<slug:key>/evidence/", evidence.evidence_add, name="evidence_add"),
    path(
        "assessments/<int:pk>/bindings/<int:binding_pk>/evidence/", evidence.evidence_measured, name="evidence_measured"
    ),
    path("evidence/<int:evidence_pk>/file/", evidence.evidence_file, name="evidence_file"),
    path("evidence/<int:evidence_pk>/revise/", evidence.evidence_revise, name="evidence_revise"),
    path("evidence/<int:evidence_pk>/restore/", evidence.evidence_restore, name="evidence_restore"),
    path("evidence/<int:evidence_pk>/decide/", evidence.evidence_decide, name="evidence_decide"),
    path("evidence/", evidence.evidence_queue, name="evidence_queue"),
    path("evidence/calendar/", evidence.evidence_calendar, name="evidence_calendar"),
    path("evidence/calendar.ics", evidence.evidence_calendar_ics, name="evidence_calendar_ics"),
    path("evidence/calendar.csv", evidence.evidence_calendar_csv, name="evidence_calendar_csv"),
    path("bindings/", bindings.binding_list, name="binding_list"),
    path("bindings/new/<int:team_pk>/<slug:key>/", bindings.binding_add, name="binding_add"),
    path("bindings/<int:pk>/", bindings.binding_detail, name="binding_detail"),
    path("bindings/<int:pk>/edit/", bindings.binding_edit, name="binding_edit"),
    path("bindings/<int:pk>/remove/", bindings.binding_remove, name="binding_remove"),
    path("contradictions/", contradictions.contradiction_list, name="contradiction_list"),
    path("contradictions/<int:pk>/", contradictions.contradiction_detail, name="contradiction_detail"),
    path(
        "contradictions/<int:pk>/acknowledge/",
        contradictions.contradiction_acknowledge,
        name="contradiction_acknowledge",
    ),
    path("contradictions/<int:pk>/hand-over/", contradictions.contradiction_hand_over, name="contradiction_hand_over"),
    path("contradictions/<int:pk>/comment/", contradictions.contradiction_comment, name="contradiction_comment"),
    path("trends/", trends.trend_company, name="trend_company"),
    path("trends/company.csv", trends.trend_company_csv, name="trend_company_csv"),
    path("trends/<int:team_pk>/", trends.trend_detail, name="trend_detail"),
    path("trends/<int:team_pk>/trend.csv", trends.trend_csv, name="trend_csv"),
    path("comparison/", trends.comparison, name="comparison"),
    path("comparison/comparison.csv", trends.comparison_csv, name="comparison_csv"),
    path("success-metrics/", success.success_metric_list, name="success_metric_list"),
    path("success-metrics/new/", success.success_metric_add, name="success_metric_add"),
    path("success-metrics/<int:pk>/", success.success_metric_detail, name="success_metric_detail"),
    path("success-metrics/<int:pk>/edit/", success.success_metric_edit, name="success_metric_edit"),
    path("success-metrics/<int:pk>/retire/", success.success_metric_retire, name="success_metric_retire"),
    *teamwork.urlpatterns,
    *perceptions.urlpatterns,
    path("assessments/<int:pk>/rules/<int:number>/gaps/", gaps.assessment_gaps, name="assessment_gaps"),
    path("assessments/<int:pk>/rules/<int:number>/gaps/plan/", gaps.assessment_gaps_plan, name="assessment_gaps_plan"),
    path("plan/", planning.action_board, name="action_board"),
    path("plan/list/", planning.action_list, name="action_list"),
    path("plan/timeline/", planning.action_timeline, name="action_timeline"),
    path("plan/budget/", planning.action_budget, name="action_budget"),
    path("plan/actions.csv", planning.action_csv, name="action_csv"),
    path("plan/actions.ics", planning.action_ics, name="action_ics"),
    path("plan/calendar/", actions.calendar_link, name="calendar_link"),
    path("plan/calendar/make/", actions.calendar_link_make, name="calendar_link_make"),
    path("plan/calendar/revoke/", actions.calendar_link_revoke, name="calendar_link_revoke"),
    path("plan/feed/<str:secret>.ics", actions.action_feed, name="action_feed"),
    path("plan/actions/new/", actions.action_add, name="action_add"),
    path("plan/actions/<int:pk>/", actions.action_detail, name="action_detail"),
    path("plan/actions/<int:pk>/edit/", actions.action_edit, name="action_edit"),
    path("plan/actions/<int:pk>/move/", actions.action_move, name="action_move"),
    path("plan/actions/<int:pk>/undo/", actions.action_undo, name="action_undo"),
]
