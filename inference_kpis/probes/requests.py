"""What a probe sends: where to, and the body of a chat request."""

import json
from urllib.parse import urlsplit, urlunsplit

CHAT_PATH = "/v1/chat/completions"


def origin(url: str) -> str:
    """Scheme, host and port of a URL: a node's own base, from where its metrics are."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc, "/", "", ""))


def chat_url(url: str) -> str:
    """The endpoint for chat at a base URL, with or without `/v1`; one that names its endpoint stays as it is."""
    parts = urlsplit(url)
    path = parts.path.rstrip("/")
    if not path.endswith("/chat/completions"):
        path = f"{path.removesuffix('/v1')}{CHAT_PATH}"
    return urlunsplit(parts._replace(path=path))


def chat_body(*, model: str, prompt: str, max_tokens: int) -> bytes:
    """The same question every time, answered as a stream, with nothing left to chance where the server allows that."""
    asked = {
        "model": model,
        "messages": [{"role": "user", "content": prompt}],
        "max_tokens": max_tokens,
        "temperature": 0,
        "stream": True,
    }
    return json.dumps(asked).encode()
