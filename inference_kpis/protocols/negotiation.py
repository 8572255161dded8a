"""What a pull asks for, and what the header of an answer says about its body.

The engines know series by their legacy names, so underscores are asked for; servers that escape otherwise, or not at
all, are read as well. prometheus_client goes by the order and by no q-value: it skips text 0.0.4, which every server
speaks, and takes the first other form that it knows. In OpenMetrics, unless names may stay as they are, it takes the
colon for illegal and makes `vllm_` of `vllm:`.
"""

from typing import NamedTuple

from inference_kpis.protocols.escaping import UNREADABLE

# Text before OpenMetrics, which costs more to read and says nothing more that is kept.
ACCEPT = ",".join(
    (
        "text/plain;version=0.0.4;q=1",
        "text/plain;version=1.0.0;escaping=underscores;q=0.9",
        "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5",
        "application/openmetrics-text;version=0.0.1;q=0.4",
        "*/*;q=0.1",
    )
)
OPENMETRICS = "application/openmetrics-text"
TEXT = "text/plain"


class Form(NamedTuple):
    """How a body is written; `media_type` is '' for one that is neither, which is read as text."""

    media_type: str
    version: str = ""
    escaping: str = ""

    @property
    def is_openmetrics(self) -> bool:
        return self.media_type == OPENMETRICS

    @property
    def hides_names(self) -> bool:
        """Whether names have to be put back before they can be told."""
        return self.escaping in UNREADABLE


def form_of(content_type: str) -> Form:
    """The form that a Content-Type announces. The media type decides; a parameter that makes no sense is passed over."""
    media_type, *rest = (part.strip() for part in content_type.split(";"))
    media_type = media_type.lower()
    parameters = {
        key.strip().lower(): value.strip().strip('"') for key, _, value in (each.partition("=") for each in rest)
    }
    version = parameters.get("version", "")
    return Form(
        media_type if media_type in {OPENMETRICS, TEXT} else "",
        version if len(version) < 10 and version.replace(".", "").isdigit() else "",
        parameters.get("escaping", "").lower(),
    )
