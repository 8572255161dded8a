"""From a node to what the client needs to pull it, and where pulls may go at all."""

from django.conf import settings

from inference_kpis.fleet.models import Node
from inference_kpis.pull.client import Limits, Target, authorization
from inference_kpis.pull.models import tls_of

MIB = 1024 * 1024


def target_of(node: Node, lease: int = 0) -> Target:
    """The node with its doors opened. Raises `KeyLost`; queries unless `pull_tls` was selected."""
    return Target(
        node.pk,
        lease,
        node.url,
        node.pull_timeout_seconds,
        authorization(node.credential_kind, node.credential()),
        tls_of(node),
        # A ceiling that was lowered binds the nodes that were allowed more.
        min(node.pull_body_mib, settings.PULL_BODY_CEILING_MIB) * MIB,
    )


def where_pulls_may_go() -> Limits:
    return Limits(tuple(settings.PULL_NETWORKS), frozenset(settings.DEMO_ENDPOINTS))
