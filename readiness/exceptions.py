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


class OwnNotApplicable(ReadinessError):
    code = "own_not_applicable"
    message = _("Somebody other than who set a practice aside decides on it. Ask another reviewer.")


class NotSetAside(ReadinessError):
    code = "not_set_aside"
    message = _("This practice is no longer set aside. Look at its answer again.")


class UndecidedNotApplicable(ReadinessError):
    code = "undecided_not_applicable"
    message = _("Accept or refuse each practice that was set aside as not applicable before you approve.")


class OpenRemarks(ReadinessError):
    code = "open_remarks"
    message = _("You asked for changes. Send the assessment back, or withdraw what you asked for, before you approve.")


class NothingToSay(ReadinessError):
    code = "nothing_to_say"
    message = _("Say what has to change before you send it back: in general, or of one practice at least.")
