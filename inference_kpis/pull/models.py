"""What is due, leased and known of each pulled node: rows, so that a flushed broker costs lateness and no pull."""

from django.db import models

from inference_kpis.fleet.models import Node


class PullState(models.Model):
    """The schedule of one node and the counters it showed last.

    `lease` is a fencing number: a result is stored only while its pull still holds the lease that it was given.
    `counters` is a `CounterState`; it changes in the transaction that stores the readings it gave.
    """

    node = models.OneToOneField(Node, on_delete=models.CASCADE, primary_key=True, related_name="pull_state")
    next_pull_at = models.DateTimeField(db_index=True)
    lease = models.BigIntegerField(default=0)
    leased_until = models.DateTimeField(null=True)
    counters = models.BinaryField(null=True)
    pulled_at = models.DateTimeField(null=True)
    duration_ms = models.PositiveIntegerField(null=True)
    body_bytes = models.PositiveIntegerField(null=True)
    samples = models.PositiveIntegerField(null=True)
    problems = models.JSONField(default=list)

    class Meta:
        ordering = ("node",)

    def __str__(self) -> str:
        return f"{self.node_id} due {self.next_pull_at:%H:%M:%S}"
