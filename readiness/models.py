"""Gathers the tables of the subjects, where Django looks for them."""

from readiness.actions.models import Action, ActionChange
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
from readiness.perceptions.models import BlindAnswer, BlindDecision, BlindInvitation, BlindRound
from readiness.planning.models import CalendarLink
from readiness.success.models import SuccessMetric
from readiness.teamwork.models import Assignment, Comment, Mail, Mention, WorkPreference

__all__ = [
    "Action",
    "ActionChange",
    "Answer",
    "AnswerChange",
    "AnsweringPreference",
    "Assessment",
    "Assignment",
    "BankMove",
    "Binding",
    "BindingCheck",
    "BlindAnswer",
    "BlindDecision",
    "BlindInvitation",
    "BlindRound",
    "Blob",
    "CalendarLink",
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
