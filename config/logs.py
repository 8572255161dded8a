"""What a log line may hold."""

import re

from structlog.typing import EventDict, WrappedLogger

# A link that sets a password is as good as the password while it lasts.
_RESET_KEY = re.compile(r"(/password/reset/key/)[^/\s]+")


def without_secrets(logger: WrappedLogger, method: str, line: EventDict) -> EventDict:
    """The line without the keys of password links."""
    if isinstance(line.get("request"), str):
        line["request"] = _RESET_KEY.sub(r"\1…", line["request"])
    return line
