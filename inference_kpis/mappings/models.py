"""Mappings that operators write for servers that no engine knows, their versions, and the nodes that are read by them."""

from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from inference_kpis.fleet.models import Node


class SeriesMapping(models.Model):
    """Which series is which measure; what it says is in its versions, of which `version` is the one that counts."""

    name = models.CharField(_("name"), max_length=120, unique=True)
    note = models.TextField(_("note"), max_length=2000, blank=True)
    version = models.PositiveIntegerField(default=0, editable=False)

    class Meta:
        verbose_name = _("mapping")
        verbose_name_plural = _("mappings")
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("kpis:mapping_detail", args=[self.pk])


class SeriesMappingVersion(models.Model):
    """One saved state of a mapping, never changed: who saved it, when, and an `engines.mapping.Content` as JSON."""

    mapping = models.ForeignKey(SeriesMapping, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    content = models.JSONField()
    saved_at = models.DateTimeField(default=timezone.now)
    saved_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        ordering = ("mapping", "-number")
        constraints = (models.UniqueConstraint(fields=("mapping", "number"), name="series_mapping_version_once"),)

    def __str__(self) -> str:
        return f"{self.mapping_id} v{self.number}"


class NodeMapping(models.Model):
    """The mapping that a node of the generic engine is read by; one without is read by the usual names."""

    node = models.OneToOneField(Node, on_delete=models.CASCADE, primary_key=True, related_name="node_mapping")
    mapping = models.ForeignKey(SeriesMapping, on_delete=models.PROTECT, related_name="nodes")

    class Meta:
        ordering = ("node",)

    def __str__(self) -> str:
        return f"{self.node_id} → {self.mapping_id}"
