"""What a log line may hold."""

import re

from structlog.typing import EventDict, WrappedLogger

# A link that sets a password is as good as the password while it lasts; that of a screen opens its wall.
_SECRET = re.compile(r"(/password/reset/key/|/screens/show/)[^/\s]+")


def without_secrets(logger: WrappedLogger, method: str, line: EventDict) -> EventDict:
    """The line without the secrets of links."""
    # The request is in its own field, and in the sentence that Django writes about an error.
    for name in ("request", "event"):
        if isinstance(line.get(name), str):
            line[name] = _SECRET.sub(r"\1…", line[name])
    return line
