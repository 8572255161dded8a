"""Why a pull gave nothing: codes for machines, sentences for people."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

SENTENCES: dict[str, str | Promise] = {
    "address_refused": _("The address is in no network that the administrator allowed."),
    "bad_counter": _("A counter with a negative or impossible value was left out."),
    "bad_gauge": _("A gauge with an impossible value was left out."),
    "bad_histogram": _("A histogram whose buckets do not add up was left out."),
    "bad_encoding": _("The answer is compressed in a way that was not asked for, or its compression is broken."),
    "bad_http": _("The answer is no proper HTTP, or its headers are longer or more than the limit."),
    "bad_model_name": _("A model whose name is too long or holds control characters was left out."),
    "bad_url": _("The metrics URL cannot be used: write http or https, a host and no user name."),
    "connection_failed": _("No server answered at this address."),
    "cut_short": _("The connection ended before the whole answer had come."),
    "duplicate_series": _("A series came twice; its first value was taken."),
    "hung_up": _("The server closed the connection without an answer."),
    "implausible": _("A value too large to be true was left out."),
    "key_lost": _("The credentials cannot be opened with the configured keys. Enter them again."),
    "label_too_long": _("The exposition holds a label that is longer than the limit."),
    "malformed": _("The exposition is malformed; nothing of it was kept."),
    "no_samples": _("The exposition holds no sample of this engine. Check the engine and the URL."),
    "no_usable_value": _("No value of this engine's series makes sense; nothing was kept."),
    "not_an_exposition": _("The answer is no metrics page. Check the URL."),
    "not_recognised": _("The engine was not recognised: choose the engine."),
    "not_allowed": _("The server refused the credentials."),
    "not_stored": _("What the node answered could not be stored. The reason is in the worker's log."),
    "out_of_order": _("The clock went backwards; the pull was set aside."),
    "redirected": _("The server redirects elsewhere. Enter the final URL."),
    "scrape_failed": _("The Prometheus that sends the series of this node cannot scrape it."),
    "restarted": _("The server restarted, or some of its counters did; they were counted on from zero."),
    "sample_ahead": _("A sample dated more than five minutes ahead was left out."),
    "stale_sample": _("A sample dated more than five minutes ago was left out."),
    "status": _("The server answered with an error."),
    "timed_out": _("No complete answer arrived within the time-out."),
    "tls_expired": _("The server's certificate has expired, or is not valid yet."),
    "tls_failed": _("The server's certificate is not trusted."),
    "tls_refused": _("The TLS connection failed. The server may ask for a client certificate, or for another one."),
    "tls_wrong_name": _("The server's certificate is for another name than the one in the URL."),
    "too_large": _("The answer is larger than the limit."),
    "too_many_labels": _("The exposition holds a series with more labels than the limit."),
    "too_many_series": _("More series than the limit; those beyond it are not counted."),
    "too_many_samples": _("The exposition holds more samples than the limit."),
    "unresolvable": _("The host name cannot be resolved."),
}


@dataclass
class PullFailed(Exception):
    """A pull that gave nothing; `code` is one of `SENTENCES`, `status` that of the answer if there was one."""

    code: str
    status: int = 0

    def __str__(self) -> str:
        return self.code


def sentence(code: str) -> str | Promise:
    """What to tell a person; the code itself for one that has no sentence."""
    return SENTENCES.get(code, code)
