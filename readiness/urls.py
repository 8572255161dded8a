"""The pages of the declaring side, by subject."""

from django.urls import path

from readiness.assessments import answering_views as answering
from readiness.assessments import views as assessments
from readiness.overview import views as overview
from readiness.planning import action_views as actions
from readiness.planning import gap_views as gaps
from readiness.planning import views as planning
from readiness.success import views as success

app_name = "readiness"
urlpatterns = [
    path("", overview.overview, name="overview"),
    path("rules/<int:number>/", assessments.rule_detail, name="rule_detail"),
    path("assessments/", assessments.assessment_list, name="assessment_list"),
    path("assessments/start/", assessments.assessment_start, name="assessment_start"),
    path("assessments/<int:pk>/", assessments.assessment_detail, name="assessment_detail"),
    path("assessments/<int:pk>/practices/<str:key>/", assessments.assessment_practice, name="assessment_practice"),
    path(
        "assessments/<int:pk>/practices/<str:key>/save/",
        answering.assessment_answer_save,
        name="assessment_answer_save",
    ),
    path("assessments/<int:pk>/practices/<str:key>/remark/", assessments.assessment_remark, name="assessment_remark"),
    path("assessments/<int:pk>/practices/<str:key>/restore/", answering.answer_restore, name="answer_restore"),
    path("assessments/<int:pk>/rules/<int:number>/", answering.assessment_rule_intro, name="assessment_rule_intro"),
    path("assessments/<int:pk>/rules/<int:number>/practices/", answering.assessment_rule, name="assessment_rule"),
    path("assessments/<int:pk>/preference/", answering.assessment_preference, name="assessment_preference"),
    path("assessments/<int:pk>/history.csv", answering.assessment_history_csv, name="assessment_history_csv"),
    path("assessments/<int:pk>/submit/", assessments.assessment_submit, name="assessment_submit"),
    path("assessments/<int:pk>/approve/", assessments.assessment_approve, name="assessment_approve"),
    path("assessments/<int:pk>/send-back/", assessments.assessment_send_back, name="assessment_send_back"),
    path("assessments/<int:pk>/result/", assessments.assessment_result, name="assessment_result"),
    path(
        "assessments/<int:pk>/evidence/<int:evidence_pk>/remove/", assessments.evidence_remove, name="evidence_remove"
    ),
    path("evidence/<int:evidence_pk>/review/", assessments.evidence_review, name="evidence_review"),
    path("success-metrics/", success.success_metric_list, name="success_metric_list"),
    path("success-metrics/new/", success.success_metric_add, name="success_metric_add"),
    path("success-metrics/<int:pk>/", success.success_metric_detail, name="success_metric_detail"),
    path("success-metrics/<int:pk>/edit/", success.success_metric_edit, name="success_metric_edit"),
    path("success-metrics/<int:pk>/retire/", success.success_metric_retire, name="success_metric_retire"),
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
