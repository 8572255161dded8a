"""Which probes are due: rows, claimed under a lease as pulls are. Beat only nudges."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction

# How long after both its time-outs a run may still be stored before the probe is claimed again.
LEASE_MARGIN = timedelta(seconds=15)
MOST_CLAIMED_AT_ONCE = 1000

CLAIM = """
WITH due AS (
    SELECT p.id FROM inference_kpis_probe p JOIN inference_kpis_node n ON n.id = p.node_id
    WHERE p.next_run_at <= %(now)s AND (p.leased_until IS NULL OR p.leased_until < %(now)s)
        AND NOT p.is_paused AND n.state <> 'paused' AND n.retired_at IS NULL
    ORDER BY p.next_run_at LIMIT %(limit)s FOR UPDATE OF p SKIP LOCKED
)
UPDATE inference_kpis_probe p SET
    lease = p.lease + 1,
    leased_until = %(now)s + (2 * p.timeout_seconds + %(margin)s) * interval '1 second',
    -- The next whole interval after now, counted from when it was due: late runs do not drift and do not pile up.
    next_run_at = p.next_run_at + p.interval_seconds * interval '1 second'
        * (1 + floor(extract(epoch FROM %(now)s - p.next_run_at) / p.interval_seconds))
FROM due WHERE p.id = due.id
RETURNING p.id, p.lease, p.region
"""


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to store one run of a probe, which is sent from `region`."""

    probe_id: int
    lease: int
    region: str = ""


def claim_due(now: datetime, limit: int = MOST_CLAIMED_AT_ONCE) -> list[Claim]:
    """Lease every probe that is due. Those under somebody else's lease or lock are left to them."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(CLAIM, {"now": now, "limit": limit, "margin": LEASE_MARGIN.total_seconds()})
        return [Claim(*row) for row in cursor.fetchall()]
