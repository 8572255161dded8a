"""The one way to write the audit trail."""

from typing import Any

from accounts.models import AuditEvent, User


def record(verb: str, subject: object, *, actor: User | None, **details: Any) -> AuditEvent:
    """Add a line to the audit trail; `actor` is None for what the product did by itself."""
    return AuditEvent.objects.create(actor=actor, verb=verb, subject=str(subject)[:200], details=details)
