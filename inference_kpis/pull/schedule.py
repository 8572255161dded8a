"""What is due: rows, claimed under a lease. Beat only nudges; a lost nudge, task or broker costs lateness, no pull."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction

from inference_kpis.fleet.models import Node
from inference_kpis.pull.models import PullState

# How long after its time-out a pull may still be stored before the node is claimed again.
LEASE_MARGIN = timedelta(seconds=15)
MOST_CLAIMED_AT_ONCE = 5000

CLAIM = """
WITH due AS (
    SELECT p.node_id FROM inference_kpis_pullstate p JOIN inference_kpis_node n ON n.id = p.node_id
    WHERE p.next_pull_at <= %(now)s AND (p.leased_until IS NULL OR p.leased_until < %(now)s)
        AND n.source = 'pull' AND n.state <> 'paused' AND n.retired_at IS NULL
    ORDER BY p.next_pull_at LIMIT %(limit)s FOR UPDATE OF p SKIP LOCKED
)
UPDATE inference_kpis_pullstate p SET
    lease = p.lease + 1,
    leased_until = %(now)s + n.pull_timeout_seconds * interval '1 second' + %(margin)s * interval '1 second',
    -- The next whole interval after now, counted from when it was due: late pulls do not drift and do not pile up.
    next_pull_at = p.next_pull_at + n.pull_interval_seconds * interval '1 second'
        * (1 + floor(extract(epoch FROM %(now)s - p.next_pull_at) / n.pull_interval_seconds))
FROM due JOIN inference_kpis_node n ON n.id = due.node_id JOIN inference_kpis_site s ON s.id = n.site_id
WHERE p.node_id = due.node_id
RETURNING p.node_id, p.lease, s.worker_region
"""


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to store one pull of a node, which is sent from `region`."""

    node_id: int
    lease: int
    region: str = ""


def schedule_node(node: Node, now: datetime, *, is_another_server: bool = False) -> None:
    """Put a node on the schedule from now on; nodes are spread over their interval.

    The counters of another server say nothing about what the new one did since, and a pull under way is not its own.
    """
    offset = timedelta(milliseconds=node.uuid.int % (node.pull_interval_seconds * 1000))
    anew: dict[str, object] = {"counters": None, "leased_until": None} if is_another_server else {}
    PullState.objects.update_or_create(node=node, defaults={"next_pull_at": now + offset, **anew})


def claim_due(now: datetime, limit: int = MOST_CLAIMED_AT_ONCE) -> list[Claim]:
    """Lease every node that is due. Nodes under somebody else's lease or lock are left to them."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(CLAIM, {"now": now, "limit": limit, "margin": LEASE_MARGIN.total_seconds()})
        return [Claim(*row) for row in cursor.fetchall()]
