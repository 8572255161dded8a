"""Lists of nodes that others keep, and which nodes came from them."""

from datetime import datetime
from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from inference_kpis.discovery.targets import LabelNames
from inference_kpis.fleet import credentials
from inference_kpis.fleet.models import Node, Site


class DiscoverySource(models.Model):
    """A Prometheus HTTP service discovery list that is fetched in the background.

    `next_refresh_at` None means that nothing is due; a source that is off is fetched once when somebody asks, and then
    changes nothing. `lease` is a fencing number as a pull's. `answer` is the last list that was understood.
    """

    name = models.CharField(_("name"), max_length=120, unique=True)
    url = models.URLField(_("URL of the list"), max_length=500)
    credential_kind = models.CharField(
        _("credentials"), max_length=10, choices=Node.CredentialKind.choices, default=Node.CredentialKind.NONE
    )
    credential_sealed = models.BinaryField(null=True, editable=False)
    refresh_seconds = models.PositiveIntegerField(
        _("refresh interval (s)"), default=60, validators=[MinValueValidator(5), MaxValueValidator(86_400)]
    )
    default_site = models.ForeignKey(
        Site, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("default site")
    )
    may_create_sites = models.BooleanField(_("create sites that do not exist yet"), default=False)
    site_labels = models.CharField(_("label of the site"), max_length=200, default="__meta_vigie_site, site")
    tier_labels = models.CharField(_("label of the tier"), max_length=200, default="tier", blank=True)
    engine_labels = models.CharField(_("label of the engine"), max_length=200, default="engine", blank=True)
    name_labels = models.CharField(_("label of the name"), max_length=200, default="instance", blank=True)
    is_on = models.BooleanField(default=False, editable=False)
    may_be_empty = models.BooleanField(default=False, editable=False)
    next_refresh_at = models.DateTimeField(null=True, db_index=True, editable=False)
    lease = models.BigIntegerField(default=0, editable=False)
    leased_until = models.DateTimeField(null=True, editable=False)
    answer = models.BinaryField(null=True, editable=False)
    answered_at = models.DateTimeField(null=True, editable=False)
    problem = models.CharField(max_length=60, blank=True, editable=False)
    problem_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("discovery source")
        verbose_name_plural = _("discovery sources")
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("kpis:discovery_detail", args=[self.pk])

    @property
    def has_credential(self) -> bool:
        return self.credential_sealed is not None

    @property
    def label_names(self) -> LabelNames:
        return LabelNames(
            *(
                tuple(name.strip() for name in text.split(",") if name.strip())
                for text in (self.site_labels, self.tier_labels, self.engine_labels, self.name_labels)
            )
        )

    def credential(self) -> str:
        """The token, or `user:password`, in clear; '' when there is none."""
        return credentials.unseal(bytes(self.credential_sealed)) if self.credential_sealed else ""

    def set_credential(self, text: str) -> None:
        """Encrypt and keep `text`; an empty one forgets what there was. Does not save."""
        self.credential_sealed = credentials.seal(text) if text else None

    def report(self, problem: str, now: datetime) -> None:
        """Keep what there is and say why nothing came, without saving."""
        self.problem, self.problem_at = problem, now

    def accept(self, body: bytes, now: datetime) -> None:
        """Take a list that was understood for the current one, without saving."""
        self.answer, self.answered_at, self.problem, self.problem_at = body, now, "", None


class DiscoveredNodeQuerySet(models.QuerySet["DiscoveredNode"]):
    def present(self) -> Any:
        return self.filter(node__retired_at=None)


class DiscoveredNode(models.Model):
    """A node that a source made, under the name that its list gave it; `is_gone` while the list leaves it out."""

    source = models.ForeignKey(DiscoverySource, on_delete=models.CASCADE, related_name="discovered")
    node = models.OneToOneField(Node, on_delete=models.CASCADE, related_name="discovered")
    name = models.CharField(max_length=120)
    is_gone = models.BooleanField(default=False)

    objects = DiscoveredNodeQuerySet.as_manager()

    class Meta:
        ordering = ("source", "name")
        constraints = (models.UniqueConstraint(fields=("source", "name"), name="discovered_once"),)

    def __str__(self) -> str:
        return f"{self.source} → {self.name}"
