"""Gathers the tables of the subjects, where Django looks for them."""

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
from readiness.success.models import SuccessMetric
from readiness.teamwork.models import Assignment, Comment, Mail, Mention, WorkPreference

__all__ = [
    "Answer",
    "AnswerChange",
    "AnsweringPreference",
    "Assessment",
    "Assignment",
    "Binding",
    "BindingCheck",
    "Comment",
    "Evidence",
    "Mail",
    "Mention",
    "Remark",
    "RuleTarget",
    "Snapshot",
    "SuccessMetric",
    "WorkPreference",
]
