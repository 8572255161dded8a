"""What can go wrong on the declaring side, each with a code for machines and a sentence with the way out."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class ReadinessError(Exception):
    """Base class; nothing was changed when one is raised."""

    code = "error"
    message: str | Promise = _("Something went wrong.")

    def __str__(self) -> str:
        return str(self.message)


class AlreadyInProgress(ReadinessError):
    code = "already_in_progress"
    message = _("This team has an assessment in progress. Finish that one first.")


class NotEditable(ReadinessError):
    code = "not_editable"
    message = _("This assessment is submitted or approved; its answers can no longer be changed.")


class GateAlwaysApplies(ReadinessError):
    code = "gate_always_applies"
    message = _("A gate practice always applies. Choose the level that is true today.")


class NothingAnswered(ReadinessError):
    code = "nothing_answered"
    message = _("Answer at least the gate practices of every rule before you submit.")


class NotSubmitted(ReadinessError):
    code = "not_submitted"
    message = _("Only a submitted assessment can be reviewed.")


class OwnAnswers(ReadinessError):
    code = "own_answers"
    message = _("Nobody approves their own answers. Ask another reviewer.")


class OwnEvidence(ReadinessError):
    code = "own_evidence"
    message = _("Evidence is reviewed by somebody other than who added it.")
