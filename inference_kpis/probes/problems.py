"""Why a probe failed: what can happen to any exchange, and what can happen to an answer that is a stream."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from inference_kpis.pull.problems import sentence as pull_sentence

SENTENCES: dict[str, str | Promise] = {
    "bad_url": _("The URL cannot be used: write http or https, a host and no user name."),
    "malformed_stream": _("The stream holds an event that is no JSON object."),
    "no_token": _("The stream ended without a token."),
    "not_a_stream": _("The answer is no stream of events. Check the URL, and that the server can stream."),
    "stream_error": _("The server reported an error within the stream."),
}


def sentence(code: str) -> str | Promise:
    """What to tell a person; the code itself for one that has no sentence."""
    return SENTENCES.get(code) or pull_sentence(code)
