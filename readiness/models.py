"""Gathers the tables of the subjects, where Django looks for them."""

from readiness.actions.models import Action, ActionChange
from readiness.assessments.models import (
    Answer,
    AnswerChange,
    AnsweringPreference,
    Assessment,
    Binding,
    BindingCheck,
    Evidence,
    Remark,
    RuleTarget,
    Snapshot,
)
from readiness.planning.models import CalendarLink
from readiness.success.models import SuccessMetric

__all__ = [
    "Action",
    "ActionChange",
    "Answer",
    "AnswerChange",
    "AnsweringPreference",
    "Assessment",
    "Binding",
    "BindingCheck",
    "CalendarLink",
    "Evidence",
    "Remark",
    "RuleTarget",
    "Snapshot",
    "SuccessMetric",
]
