"""Pulling without a network: bodies in, stored readings out, at moments of the test's choosing."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from inference_kpis.fleet.models import Node
from inference_kpis.mappings.reading import readers_of
from inference_kpis.pull.client import Fetched, Target
from inference_kpis.pull.ingestion import Pulled, decode, store_pulls
from inference_kpis.pull.models import PullState
from inference_kpis.pull.schedule import claim_due
from inference_kpis.readings.store import as_ms

# In the past, but young enough to be kept; a whole hour, so that minutes and hours are easy to foresee.
START = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=2)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def fetched(bodies: Mapping[Node, bytes | str], seconds: float) -> list[Pulled]:
    """Claim these nodes and decode a body each; a text instead of bytes is the code of a problem."""
    now = at(seconds)
    PullState.objects.filter(node__in=bodies).update(next_pull_at=now)
    leases = {claim.node_id: claim.lease for claim in claim_due(now)}
    readers = readers_of(bodies)
    pulled = []
    for node, body in bodies.items():
        target = Target(node.pk, leases[node.pk], node.url, 5)
        is_problem = isinstance(body, str)
        what = Fetched(target, as_ms(now), 3, b"" if is_problem else body, "text/plain", body if is_problem else "")
        pulled.append(decode(what, node, readers.get(node.pk)))
    return pulled


def pull(bodies: Mapping[Node, bytes | str], seconds: float) -> int:
    """Pull these nodes at a moment; the number that was stored."""
    return store_pulls(fetched(bodies, seconds))
