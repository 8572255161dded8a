"""What engines share that count HTTP requests: which ended with a server's error, and which were for its own pages."""

from inference_kpis.engines.engine import Series

OWN_PAGES = frozenset({"/metrics", "/health", "/healthz", "/ready", "/readyz", "/live", "/livez", "/ping", "/version"})
SERVER_ERRORS = frozenset({"5xx", *(str(status) for status in range(500, 600))})
CLIENT_ERRORS = frozenset({"4xx", *(str(status) for status in range(400, 500))})
NOT_OWN = {"handler": OWN_PAGES, "path": OWN_PAGES}


def failed(name: str) -> tuple[Series, ...]:
    """The requests of this family that ended with a server error, whatever the label is called."""
    return tuple(
        Series(name, only={label: SERVER_ERRORS}, never=NOT_OWN) for label in ("status", "status_code", "code")
    )
