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
    RuleTarget,
    Snapshot,
)
from readiness.success.models import SuccessMetric

__all__ = [
    "Answer",
    "AnswerChange",
    "AnsweringPreference",
    "Assessment",
    "BankMove",
    "Binding",
    "BindingCheck",
    "Evidence",
    "Remark",
    "RuleTarget",
    "Snapshot",
    "SuccessMetric",
]
