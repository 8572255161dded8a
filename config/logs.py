"""What a log line may hold."""

import re

from structlog.typing import EventDict, WrappedLogger

# A link that sets a password is as good as the password while it lasts; that of a screen opens its wall.
_SECRET = re.compile(r"(/password/reset/key/|/screens/show/)[^/\s]+")


def without_secrets(logger: WrappedLogger, method: str, line: EventDict) -> EventDict:
    """The line without the secrets of links."""
    if isinstance(line.get("request"), str):
        line["request"] = _SECRET.sub(r"\1…", line["request"])
    return line
