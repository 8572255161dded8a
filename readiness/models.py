"""Gathers the tables of the subjects, where Django looks for them."""

from readiness.assessments.models import (
    Answer,
    AnswerChange,
    AnsweringPreference,
    Assessment,
    BankMove,
    Binding,
    BindingCheck,
    Evidence,
    Remark,
    ReportedFigure,
    RuleTarget,
    Snapshot,
)
from readiness.blobs.models import Blob
from readiness.contradictions.models import Contradiction, ContradictionEvent
from readiness.success.models import SuccessMetric
from readiness.teamwork.models import Assignment, Comment, Mail, Mention, WorkPreference

__all__ = [
    "Answer",
    "AnswerChange",
    "AnsweringPreference",
    "Assessment",
    "Assignment",
    "BankMove",
    "Binding",
    "BindingCheck",
    "Blob",
    "Comment",
    "Contradiction",
    "ContradictionEvent",
    "Evidence",
    "Mail",
    "Mention",
    "Remark",
    "ReportedFigure",
    "RuleTarget",
    "Snapshot",
    "SuccessMetric",
    "WorkPreference",
]
