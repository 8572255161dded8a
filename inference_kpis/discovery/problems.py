"""Why a list, or a target of it, was refused: codes for machines, sentences for people."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from inference_kpis.pull import problems

SENTENCES: dict[str, str | Promise] = {
    "bad_address": _("The address is no host and port: write host:port, without scheme and path."),
    "bad_interval": _("The scrape interval is not understood, or not between 1 second and 1 hour."),
    "bad_label": _("A label is no text, or holds control characters."),
    "bad_list": _("The answer is no target list: Prometheus expects a list of objects with targets and labels."),
    "bad_name": _("The name is empty, longer than 120 characters or holds control characters."),
    "bad_site": _("The key of the site may hold letters, digits, hyphens and underscores, at most 60."),
    "bad_tier": _("The tier is none of device, edge, region and central."),
    "credential_kept": _(
        "The node has credentials of its own, and they are not sent to another server. Change its URL by hand."
    ),
    "emptied": _("The list came back empty although it had nodes. Nothing was changed."),
    "label_too_long": _("A label is longer than the limit of 1,024 characters."),
    "name_taken": _("Another node has this name. Rename it, or choose another label for the name."),
    "no_site": _("No label names a site, and the source has no default site."),
    "not_json": _("The answer is not application/json. Check the URL."),
    "retired_by_hand": _("Somebody took this node out of service by hand; it stays out."),
    "same_address": _("Another node or target has this address already: nothing is pulled twice."),
    "same_name": _("Another target of the list has this name. Choose another label for the name."),
    "too_many_labels": _("The target has more than 64 labels."),
    "too_many_targets": _("The list holds more than 5,000 targets. Split it over several sources."),
    "unknown_site": _("There is no site with this key, and the source may not create it."),
}


@dataclass
class ListRefused(Exception):
    """A list of which nothing is used; `code` is one of `SENTENCES`."""

    code: str


@dataclass
class TargetRefused(Exception):
    """One target that is left out; `name` is its node's, where that much was understood."""

    code: str
    name: str = ""


def sentence(code: str) -> str | Promise:
    return SENTENCES.get(code) or problems.sentence(code)
