"""Why an answer, or a node that it names, was left out: codes for machines, sentences for people."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from inference_kpis.discovery import problems
from inference_kpis.push.batch import MESSAGES

SENTENCES: dict[str, str | Promise] = {
    "bad_answer": _("The answer is not what a query API gives for this query. Check the URL."),
    "emptied": _("No series of an engine was found although there were some. Every node stays as it was."),
    "no_query_api": _("There is no query API at this address: write the URL without /api/v1."),
    "no_site": _("No label names a site, and the source has no default site."),
    "not_a_query_api": _("The answer is not that of a query API. Check the URL."),
    "not_stored": _("What the server answered could not be stored. The reason is in the worker's log."),
    "other_source": _("Another query source brings this node already: no measure is counted twice."),
    "partial": _("The server says that its answer may be incomplete. What came was stored, and no node was taken out."),
    "pulled_here": _("Vigie pulls this node itself, so that the source does not count it again."),
    "pushed_here": _("A node of this name was registered to push its readings; the source does not count it again."),
    "query_failed": _("The server could not answer the query. Its own log says why; a selector makes queries smaller."),
    "query_refused": _("The server does not accept the query. Check the selector and the tenant."),
    "query_timed_out": _("The server gave up the query within its own time-out. A selector makes queries smaller."),
    "several_engines": _("Series of more than one engine: choose the engine, or name the label that tells it."),
    "too_many_requests": _("The server asks for fewer queries. Choose a longer interval."),
    "too_many_rows": _("The answer names more nodes than a source can have. Split them over several sources."),
    "too_many_samples": _("The answer holds more samples than the limit."),
}
STATUSES = {
    400: "query_refused",
    404: "no_query_api",
    405: "no_query_api",
    422: "query_failed",
    429: "too_many_requests",
    503: "query_timed_out",
    504: "query_timed_out",
}


@dataclass
class AnswerRefused(Exception):
    """An answer of which nothing is used; `code` is one of `SENTENCES`, or of those of a pull."""

    code: str

    @property
    def may_be_smaller(self) -> bool:
        """Whether asking about less may help."""
        return self.code in {"too_large", "too_many_samples", "query_failed"}


def sentence(code: str) -> str | Promise:
    """What to tell a person; the sentences of discovery, of pulls and of pushed points hold here too."""
    if code in SENTENCES:
        return SENTENCES[code]
    if code in MESSAGES:
        return MESSAGES[code] % {"name": ""}
    return problems.sentence(code)
