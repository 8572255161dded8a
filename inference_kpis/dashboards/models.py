"""What is kept of the pages: named views of the explorer, the links of wall screens, and what lists are sorted by."""

from typing import Self

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from inference_kpis.fleet.models import Node


class SavedViewQuerySet(models.QuerySet["SavedView"]):
    def seen_by(self, user: User) -> Self:
        """One's own, and those that others share."""
        return self.filter(models.Q(owner=user) | models.Q(is_shared=True)).select_related("owner")


class SavedView(models.Model):
    """A question to the explorer under a name: the query of its address."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_views")
    name = models.CharField(_("name"), max_length=80)
    query = models.CharField(max_length=2000)
    is_shared = models.BooleanField(_("everybody sees it"), default=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        ordering = ("name", "id")
        constraints = (models.UniqueConstraint(fields=("owner", "name"), name="saved_view_once"),)

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return f"{reverse('kpis:kpi_explore')}?{self.query}"


class ScreenLinkQuerySet(models.QuerySet["ScreenLink"]):
    def usable(self) -> Self:
        return self.filter(revoked_at=None)


class ScreenLink(models.Model):
    """An address under which a screen in a room shows one wall without anybody signed in.

    Its secret is shown once and kept only as a hash. It opens this wall and nothing else.
    """

    name = models.CharField(_("name"), max_length=80)
    query = models.CharField(max_length=2000, blank=True)
    secret_hash = models.CharField(max_length=64, unique=True, editable=False)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    last_used_at = models.DateTimeField(null=True, editable=False)
    revoked_at = models.DateTimeField(null=True, editable=False)

    objects = ScreenLinkQuerySet.as_manager()

    class Meta:
        ordering = ("name", "id")

    def __str__(self) -> str:
        return self.name


class NodeFigures(models.Model):
    """A node's KPIs over the last five minutes, in their display units, when they were last worked out; NULL: no value.

    Kept in the background, so that no page reads the readings of the whole fleet to sort its nodes.
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
