"""Sites, the nodes they host, and the models that nodes serve."""

import uuid
from datetime import datetime
from decimal import Decimal
from typing import ClassVar, Self
from urllib.parse import urlencode

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from inference_kpis.fleet import credentials


class Tier(models.TextChoices):
    DEVICE = "device", _("Device")
    EDGE = "edge", _("Edge")
    REGION = "region", _("Region")
    CENTRAL = "central", _("Central")


# Tiers whose traffic counts as served at the edge.
EDGE_TIERS = frozenset({Tier.DEVICE, Tier.EDGE})


class SiteQuerySet(models.QuerySet["Site"]):
    def in_service(self) -> Self:
        return self.filter(retired_at=None)

    def to_choose(self, chosen_id: int | None) -> Self:
        """Those in service, and the one that is chosen already."""
        return self.filter(models.Q(retired_at=None) | models.Q(pk=chosen_id))


class Site(models.Model):
    """A place that hosts nodes. One that hosts none may be retired; what was measured there stays."""

    key = models.SlugField(_("key"), max_length=60, unique=True)
    name = models.CharField(_("name"), max_length=120)
    region = models.CharField(_("region"), max_length=120, blank=True)
    tier = models.CharField(_("tier"), max_length=10, choices=Tier.choices)
    # One of the regions that workers stand in; '' is where all other work is done.
    worker_region = models.CharField(_("pulled from"), max_length=60, blank=True)
    is_demo = models.BooleanField(_("demo"), default=False, editable=False)
    retired_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = SiteQuerySet.as_manager()

    class Meta:
        verbose_name = _("site")
        verbose_name_plural = _("sites")
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("kpis:site_detail", args=[self.key])


class SiteHealth(models.Model):
    """How many of a site's nodes are in which state; counted in the background so that no page counts the fleet."""

    site = models.OneToOneField(Site, on_delete=models.CASCADE, primary_key=True, related_name="health")
    up = models.PositiveIntegerField(default=0)
    down = models.PositiveIntegerField(default=0)
    silent = models.PositiveIntegerField(default=0)
    waiting = models.PositiveIntegerField(default=0)
    paused = models.PositiveIntegerField(default=0)
    counted_at = models.DateTimeField()

    class Meta:
        ordering = ("site",)

    def __str__(self) -> str:
        return f"{self.site}: {self.up}/{self.total}"

    @property
    def total(self) -> int:
        return self.up + self.down + self.silent + self.waiting + self.paused

    @property
    def counts(self) -> dict[str, int]:
        """By state, worst first."""
        return {state: getattr(self, state) for state in Node.SEVERITY}


class NodeQuerySet(models.QuerySet["Node"]):
    def in_service(self) -> Self:
        return self.filter(retired_at=None)

    def matching(self, *, site: str = "", tier: str = "", state: str = "", engine: str = "", q: str = "") -> Self:
        """Those of this site (its key), tier, state and engine whose name contains `q`; '' means any."""
        nodes = self
        wanted = {"site__key": site, "site__tier": tier, "state": state, "engine": engine, "name__icontains": q}
        for field, value in wanted.items():
            if value:
                nodes = nodes.filter(**{field: value})
        return nodes

    def worst_first(self) -> Self:
        """Down before silent before waiting before up, then by name; follows the index `node_worst_first`."""
        return self.order_by("severity", "name")


class Node(models.Model):
    """One inference server that is pulled, or that pushes."""

    class Source(models.TextChoices):
        PULL = "pull", _("Pulled by Vigie")
        PUSH = "push", _("Pushes its readings")

    class State(models.TextChoices):
        DOWN = "down", _("Down")
        SILENT = "silent", _("Silent")
        WAITING = "waiting", _("Waiting for its first reading")
        UP = "up", _("Up")
        PAUSED = "paused", _("Paused")

    class CredentialKind(models.TextChoices):
        NONE = "none", _("None")
        BEARER = "bearer", _("Bearer token")
        BASIC = "basic", _("User name and password")

    SEVERITY: ClassVar[dict[str, int]] = {
        State.DOWN: 0,
        State.SILENT: 1,
        State.WAITING: 2,
        State.UP: 3,
        State.PAUSED: 4,
    }

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("name"), max_length=120, unique=True)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="nodes", verbose_name=_("site"))
    # '' until the first pull that succeeds has recognised it.
    engine = models.CharField(_("engine"), max_length=30, blank=True)
    source = models.CharField(_("source"), max_length=4, choices=Source.choices, default=Source.PULL)
    url = models.URLField(_("metrics URL"), max_length=500, blank=True)
    credential_kind = models.CharField(
        _("credentials"), max_length=10, choices=CredentialKind.choices, default=CredentialKind.NONE
    )
    credential_sealed = models.BinaryField(null=True, editable=False)
    pull_interval_seconds = models.PositiveIntegerField(
        _("pull interval (s)"), default=15, validators=[MinValueValidator(1), MaxValueValidator(3600)]
    )
    pull_timeout_seconds = models.PositiveIntegerField(
        _("time-out (s)"), default=10, validators=[MinValueValidator(1), MaxValueValidator(30)]
    )
    pull_body_mib = models.PositiveIntegerField(_("largest answer (MiB)"), default=8, validators=[MinValueValidator(1)])
    pull_samples = models.PositiveIntegerField(_("most samples"), default=50_000, validators=[MinValueValidator(100)])
    price_per_hour = models.DecimalField(
        _("price per hour"),
        max_digits=10,
        decimal_places=4,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal(0))],
    )
    power_watts = models.DecimalField(
        _("declared power (W)"),
        max_digits=9,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal(0))],
    )
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.WAITING, editable=False)
    severity = models.PositiveSmallIntegerField(default=SEVERITY[State.WAITING], editable=False)
    state_since = models.DateTimeField(default=timezone.now, editable=False)
    problem = models.CharField(max_length=60, blank=True, editable=False)
    is_demo = models.BooleanField(_("demo"), default=False, editable=False)
    registered_at = models.DateTimeField(default=timezone.now, editable=False)
    retired_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = NodeQuerySet.as_manager()

    class Meta:
        verbose_name = _("node")
        verbose_name_plural = _("nodes")
        ordering = ("name",)
        indexes = (
            models.Index(fields=("severity", "name"), name="node_worst_first", condition=models.Q(retired_at=None)),
            models.Index(fields=("site", "severity", "name"), name="node_worst_first_by_site"),
        )
        constraints = (
            models.CheckConstraint(condition=models.Q(source="push") | ~models.Q(url=""), name="node_pulled_has_url"),
        )

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("kpis:node_detail", args=[self.uuid])

    @property
    def is_edge(self) -> bool:
        """Whether its requests count as served at the edge; queries the site unless it was selected."""
        return self.site.tier in EDGE_TIERS

    @property
    def has_credential(self) -> bool:
        return self.credential_sealed is not None

    def credential(self) -> str:
        """The token, or `user:password`, in clear; '' when there is none."""
        return credentials.unseal(bytes(self.credential_sealed)) if self.credential_sealed else ""

    def set_credential(self, text: str) -> None:
        """Encrypt and keep `text`; an empty one forgets what there was. Does not save."""
        self.credential_sealed = credentials.seal(text) if text else None

    def enter(self, state: str, now: datetime, problem: str = "") -> bool:
        """Take a new state, without saving; False when nothing changed."""
        if (self.state, self.problem) == (state, problem):
            return False
        if self.state != state:
            self.state_since = now
        self.state, self.severity, self.problem = state, self.SEVERITY[state], problem
        return True


class EgressBaselineQuerySet(models.QuerySet["EgressBaseline"]):
    def newest_first(self) -> Self:
        return self.order_by("model__name", "-declared_at", "-pk")

    def in_force(self) -> Self:
        """The newest of each model."""
        return self.newest_first().distinct("model__name")


class ServedModel(models.Model):
    """The name of an AI model that some node serves; '' stands for the node itself."""

    name = models.CharField(max_length=200, unique=True, blank=True)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return model_url(self.name)


def model_url(name: str) -> str:
    """Where the page of a model is. The name is in the query: in a path its slashes and dots would not survive."""
    return f"{reverse('kpis:model_detail')}?{urlencode({'name': name})}"


class EgressBaseline(models.Model):
    """What a request of a model sent to the central region before it was served at the edge; rows are only added.

    Like a price it counts for readings from its declaration on: a new one changes nothing that was measured before.
    """

    model = models.ForeignKey(
        ServedModel, on_delete=models.PROTECT, related_name="egress_baselines", verbose_name=_("model")
    )
    # None: from here on nothing is declared any more.
    bytes_per_request = models.PositiveBigIntegerField(
        _("bytes per request"), null=True, blank=True, validators=[MaxValueValidator(10**9)]
    )
    measured_on = models.DateField(_("measured on"))
    source = models.CharField(_("source"), max_length=300)
    declared_at = models.DateTimeField(default=timezone.now, editable=False)
    declared_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        editable=False,
        verbose_name=_("declared by"),
    )

    objects = EgressBaselineQuerySet.as_manager()

    class Meta:
        verbose_name = _("egress baseline")
        verbose_name_plural = _("egress baselines")
        ordering = ("model", "-declared_at")

    def __str__(self) -> str:
        return f"{self.model}: {self.bytes_per_request}"
