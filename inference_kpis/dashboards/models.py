"""What lists of nodes are sorted by, kept in the background so that no page reads the readings of the whole fleet."""

from django.db import models

from inference_kpis.fleet.models import Node


class NodeFigures(models.Model):
    """A node's KPIs over the last five minutes, in their display units, when they were last worked out; NULL: no value.

    The fields are named after the KPIs of `node_rows.COLUMNS`.
    """

    node = models.OneToOneField(Node, on_delete=models.CASCADE, primary_key=True, related_name="figures")
    heard_at = models.DateTimeField(null=True)
    request_rate = models.FloatField(null=True)
    success_ratio = models.FloatField(null=True)
    e2e_latency_p95 = models.FloatField(null=True)
    queue_depth = models.FloatField(null=True)
    worked_out_at = models.DateTimeField()

    class Meta:
        ordering = ("node",)

    def __str__(self) -> str:
        return f"{self.node_id} at {self.worked_out_at:%H:%M:%S}"
