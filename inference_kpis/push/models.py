"""Which sites a machine key may write for, and what is known of the series that nodes push."""

from typing import Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import MachineKey
from inference_kpis.fleet.models import Node, Site


class KeySite(models.Model):
    """A key may write the readings of this site's nodes; a key without any row may write for none."""

    key = models.ForeignKey(MachineKey, on_delete=models.CASCADE, related_name="sites", verbose_name=_("machine key"))
    site = models.ForeignKey(Site, on_delete=models.CASCADE, verbose_name=_("site"))

    class Meta:
        verbose_name = _("site of a key")
        verbose_name_plural = _("sites of a key")
        ordering = ("key", "site")
        constraints = (models.UniqueConstraint(fields=("key", "site"), name="key_site_once"),)

    def __str__(self) -> str:
        return f"{self.key} → {self.site}"


class PushState(models.Model):
    """One stream of series of a node: what one sender shows of it under one job.

    `collected` is an `assembly.Stream`; it changes in the transaction that stores the readings it gave, under the lock
    on the node. `measures` are those it gave last; of two streams that give the same one, the older is counted.
    """

    node = models.ForeignKey(Node, on_delete=models.CASCADE, related_name="push_states")
    stream = models.CharField(max_length=200, blank=True)
    engine = models.CharField(max_length=40)
    collected = models.BinaryField(null=True)
    measures = models.JSONField(default=list)
    problems = models.JSONField(default=list)
    settled_at = models.DateTimeField(null=True)
    settle_by = models.DateTimeField(null=True, db_index=True)

    class Meta:
        ordering = ("node", "id")
        constraints = (models.UniqueConstraint(fields=("node", "stream"), name="push_state_once"),)

    def __str__(self) -> str:
        return f"{self.node_id} {self.stream}"


class WaitingNodeQuerySet(models.QuerySet["WaitingNode"]):
    def unregistered(self) -> Self:
        """Those whose name still is that of no node which the key may write."""
        known = Node.objects.in_service().filter(
            name=models.OuterRef("name"), site__keysite__key=models.OuterRef("key_id")
        )
        return self.filter(~models.Exists(known), key__revoked_at=None)


class WaitingNode(models.Model):
    """A name under which readings were pushed, and refused, because no node of it may be written with that key."""

    key = models.ForeignKey(MachineKey, on_delete=models.CASCADE, related_name="waiting_nodes")
    name = models.CharField(max_length=120)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    # Minutes in which it was refused, by each process that serves requests.
    times = models.PositiveIntegerField(default=1)
    is_ignored = models.BooleanField(default=False)

    objects = WaitingNodeQuerySet.as_manager()

    class Meta:
        ordering = ("-last_at", "name")
        constraints = (models.UniqueConstraint(fields=("key", "name"), name="waiting_node_once"),)

    def __str__(self) -> str:
        return self.name
