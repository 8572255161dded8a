"""Live parts: a page asks again with the version it has, and gets an empty answer while nothing changed."""

from accounts.access import SignedInRequest


def unchanged(request: SignedInRequest, version: int) -> bool:
    """Whether this is a poll by somebody who has this version already."""
    return bool(request.htmx) and request.GET.get("v") == str(version)
