"""What can go wrong on the machine side, each with a code for machines and a sentence for people."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class FleetError(Exception):
    """Base class. `code` is stable; `message` says what to do; `can_retry` whether trying again may help."""

    code = "error"
    message: str | Promise = _("Something went wrong.")
    can_retry = False

    def __str__(self) -> str:
        return str(self.message)


class KeyLost(FleetError):
    code = "key_lost"
    message = _("The credentials cannot be opened with the configured keys. Enter them again.")


class StillInUse(FleetError):
    code = "still_in_use"
    message = _("Rules still tell this channel. Give them another one first.")
