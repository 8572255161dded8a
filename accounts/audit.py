"""The one way to write the audit trail."""

from typing import Any

from accounts.models import AuditEvent, User


def record(verb: str, subject: object, *, actor: User | None, via: str = "", **details: Any) -> AuditEvent:
    """Add a line to the audit trail; `actor` is None for what the product did by itself.

    `via` says what wrote when no person did: a machine key, a file, a discovery source.
    """
    if via:
        details["via"] = via
    return AuditEvent.objects.create(actor=actor, verb=verb, subject=str(subject)[:200], details=details)
