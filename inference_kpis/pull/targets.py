"""From a node to what the client needs to pull it, and where pulls may go at all."""

from dataclasses import dataclass

from django.conf import settings

from inference_kpis.fleet.models import Node
from inference_kpis.pull.certificates import ClientCertificate
from inference_kpis.pull.client import Limits, Target, authorization
from inference_kpis.pull.models import PullTls, tls_of
from inference_kpis.pull.tls import Tls

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class TlsChange:
    """A node's own authorities from now on, '' for the system's; a client certificate, None to keep what is there."""

    authorities: str = ""
    client: ClientCertificate | None = None
    forgets_client: bool = False


def changed_tls(node: Node, change: TlsChange) -> PullTls:
    """The certificates of a node after a change, not saved; queries."""
    kept = (PullTls.objects.filter(node_id=node.pk).first() if node.pk else None) or PullTls(node_id=node.pk)
    kept.authorities = change.authorities
    if change.client or change.forgets_client:
        kept.set_client(change.client)
    return kept


def save_tls(node: Node, change: TlsChange) -> None:
    """Write the certificates of a node that is saved, in the caller's transaction."""
    kept = changed_tls(node, change)
    if kept.authorities or kept.client_sealed:
        kept.save()
    else:
        PullTls.objects.filter(node=node).delete()


def target_of(node: Node, lease: int = 0, tls: Tls | None = None) -> Target:
    """The node with its doors opened, `tls` instead of its own. Raises `KeyLost`; queries unless `pull_tls` was selected."""
    return Target(
        node.pk or 0,
        lease,
        node.url,
        node.pull_timeout_seconds,
        authorization(node.credential_kind, node.credential()),
        tls or tls_of(node),
        # A ceiling that was lowered binds the nodes that were allowed more.
        min(node.pull_body_mib, settings.PULL_BODY_CEILING_MIB) * MIB,
    )


def where_pulls_may_go() -> Limits:
    return Limits(tuple(settings.PULL_NETWORKS), frozenset(settings.DEMO_ENDPOINTS))
