"""What is due, leased and known of each pulled node: rows, so that a flushed broker costs lateness and no pull."""

from typing import Self

from django.db import models

from inference_kpis.fleet import credentials
from inference_kpis.fleet.models import Node
from inference_kpis.pull.certificates import ClientCertificate
from inference_kpis.pull.tls import SYSTEM_TLS, Tls


class PullState(models.Model):
    """The schedule of one node and the counters it showed last.

    `lease` is a fencing number: a result is stored only while its pull still holds the lease that it was given.
    `counters` is a `CounterState`; it changes in the transaction that stores the readings it gave. `fingerprints` say
    how each of its measures was read, where a mapping said so.
    """

    node = models.OneToOneField(Node, on_delete=models.CASCADE, primary_key=True, related_name="pull_state")
    next_pull_at = models.DateTimeField(db_index=True)
    lease = models.BigIntegerField(default=0)
    leased_until = models.DateTimeField(null=True)
    counters = models.BinaryField(null=True)
    fingerprints = models.JSONField(default=dict)
    pulled_at = models.DateTimeField(null=True)
    duration_ms = models.PositiveIntegerField(null=True)
    body_bytes = models.PositiveIntegerField(null=True)
    samples = models.PositiveIntegerField(null=True)
    problems = models.JSONField(default=list)
    succeeded_at = models.DateTimeField(null=True)
    # A `history.History`.
    history = models.JSONField(default=dict)

    class Meta:
        ordering = ("node",)

    def __str__(self) -> str:
        return f"{self.node_id} due {self.next_pull_at:%H:%M:%S}"


class PullTls(models.Model):
    """What a node's TLS needs beyond the authorities of the system: authorities of its own, a certificate to show.

    A certificate is sealed with its key: neither is ever shown again, but for its name and when it expires.
    """

    node = models.OneToOneField(Node, on_delete=models.CASCADE, primary_key=True, related_name="pull_tls")
    authorities = models.TextField(blank=True)
    client_sealed = models.BinaryField(null=True)
    client_name = models.CharField(max_length=200, blank=True)
    client_expires_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("node",)

    def __str__(self) -> str:
        return f"{self.node_id} {self.client_name}"

    @classmethod
    def of(cls, node: Node) -> Self | None:
        """That of a node, None for one without; queries unless it was selected with the node."""
        return getattr(node, "pull_tls", None)

    def set_client(self, client: ClientCertificate | None) -> None:
        """Seal and keep a certificate; None forgets what there was. Does not save."""
        self.client_sealed = credentials.seal(f"{client.chain}\0{client.key}") if client else None
        self.client_name = client.name if client else ""
        self.client_expires_at = client.expires_at if client else None

    def tls(self) -> Tls:
        """Opened, for a connection. Raises `KeyLost`."""
        sealed = self.client_sealed
        chain, _, key = credentials.unseal(bytes(sealed)).partition("\0") if sealed else ("", "", "")
        return Tls(self.authorities, chain, key)


def tls_of(node: Node) -> Tls:
    """What connections to a node use. Raises `KeyLost`; queries unless `pull_tls` was selected."""
    kept = PullTls.of(node)
    return kept.tls() if kept else SYSTEM_TLS
