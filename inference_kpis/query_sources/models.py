"""Servers that scraped the fleet already, and which nodes came from them."""

from datetime import datetime
from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from inference_kpis.discovery.targets import LabelNames
from inference_kpis.fleet import credentials
from inference_kpis.fleet.models import Node, Site
from inference_kpis.query_sources.promql import LABEL_NAME, Scope

is_label = RegexValidator(
    rf"^({LABEL_NAME.pattern})?\Z", _("A label is letters, digits and underscores, and begins with no digit.")
)
are_labels = RegexValidator(
    rf"^\s*({LABEL_NAME.pattern}\s*(,\s*{LABEL_NAME.pattern}\s*)*)?\Z",
    _("Labels are letters, digits and underscores, separated by commas."),
)
is_tenant = RegexValidator(r"^[!-~]*\Z", _("A tenant has no spaces and no letters beyond ASCII."))


class QuerySource(models.Model):
    """A server that is asked over the query API of Prometheus for what it scraped.

    `next_ask_at` None means that nothing is due. `lease` is a fencing number as a pull's; `edition` rises with every
    change, so that an answer under way to the source as it was no longer counts. Until `stalled_until` nobody asks it
    about nodes: it kept somebody waiting. `good_since` is since when its index came whole every time.
    """

    name = models.CharField(_("name"), max_length=120, unique=True)
    url = models.URLField(_("URL of the server"), max_length=500)
    tenant = models.CharField(_("tenant"), max_length=150, blank=True, validators=[is_tenant])
    credential_kind = models.CharField(
        _("credentials"), max_length=10, choices=Node.CredentialKind.choices, default=Node.CredentialKind.NONE
    )
    credential_sealed = models.BinaryField(null=True, editable=False)
    selector = models.CharField(_("selector of the series"), max_length=500, blank=True)
    interval_seconds = models.PositiveIntegerField(
        _("interval (s)"), default=60, validators=[MinValueValidator(5), MaxValueValidator(1800)]
    )
    timeout_seconds = models.PositiveIntegerField(
        _("time-out (s)"), default=10, validators=[MinValueValidator(1), MaxValueValidator(30)]
    )
    default_site = models.ForeignKey(
        Site, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("default site")
    )
    may_create_sites = models.BooleanField(_("create sites that do not exist yet"), default=False)
    engine = models.CharField(_("engine"), max_length=30, blank=True)
    node_label = models.CharField(_("label of the node"), max_length=100, default="instance", validators=[is_label])
    site_labels = models.CharField(
        _("label of the site"), max_length=200, default="site", blank=True, validators=[are_labels]
    )
    tier_labels = models.CharField(
        _("label of the tier"), max_length=200, default="tier", blank=True, validators=[are_labels]
    )
    engine_labels = models.CharField(
        _("label of the engine"), max_length=200, default="engine", blank=True, validators=[are_labels]
    )
    model_label = models.CharField(_("label of the model"), max_length=100, blank=True, validators=[is_label])
    is_on = models.BooleanField(default=True, editable=False)
    edition = models.PositiveIntegerField(default=0, editable=False)
    next_ask_at = models.DateTimeField(null=True, db_index=True, editable=False)
    lease = models.BigIntegerField(default=0, editable=False)
    leased_until = models.DateTimeField(null=True, editable=False)
    indexed_at = models.DateTimeField(null=True, editable=False)
    stalled_until = models.DateTimeField(null=True, editable=False)
    good_since = models.DateTimeField(null=True, editable=False)
    refused = models.JSONField(default=list, editable=False)
    problem = models.CharField(max_length=60, blank=True, editable=False)
    problem_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("query source")
        verbose_name_plural = _("query sources")
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("kpis:query_source_detail", args=[self.pk])

    @property
    def has_credential(self) -> bool:
        return self.credential_sealed is not None

    @property
    def label_names(self) -> LabelNames:
        site, tier, engine = (
            tuple(name.strip() for name in text.split(",") if name.strip())
            for text in (self.site_labels, self.tier_labels, self.engine_labels)
        )
        return LabelNames(site, tier, engine, (self.node_label,))

    @property
    def scope(self) -> Scope:
        names = self.label_names
        return Scope(self.selector, self.node_label, (*names.site, *names.tier, *names.engine), self.engine)

    def credential(self) -> str:
        """The token, or `user:password`, in clear; '' when there is none."""
        return credentials.unseal(bytes(self.credential_sealed)) if self.credential_sealed else ""

    def set_credential(self, text: str) -> None:
        """Encrypt and keep `text`; an empty one forgets what there was. Does not save."""
        self.credential_sealed = credentials.seal(text) if text else None

    def report(self, problem: str, now: datetime) -> None:
        """Keep what there is and say what is wrong with its index, without saving."""
        self.problem, self.problem_at, self.good_since = problem, now, None

    def accept(self, now: datetime) -> None:
        """Note an index that came whole, without saving."""
        self.good_since = self.good_since or now
        self.problem, self.problem_at = "", None


class QueriedNodeQuerySet(models.QuerySet["QueriedNode"]):
    def asked(self) -> Any:
        """Those whose samples are asked for: in service, not paused, and not measured in another way by now."""
        return self.filter(node__retired_at=None, node__source=Node.Source.PUSH).exclude(node__state=Node.State.PAUSED)


class QueriedNode(models.Model):
    """A node that a source made, under the name that its label gave it; `is_gone` while its server shows it no more.

    `heard_at` is the time of its newest sample, from which the next question goes on.
    """

    source = models.ForeignKey(QuerySource, on_delete=models.CASCADE, related_name="queried")
    node = models.OneToOneField(Node, on_delete=models.CASCADE, related_name="queried")
    name = models.CharField(max_length=120)
    jobs = models.JSONField(default=list)
    series = models.PositiveIntegerField(default=0)
    is_gone = models.BooleanField(default=False)
    made_at = models.DateTimeField(default=timezone.now)
    heard_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=60, blank=True)

    objects = QueriedNodeQuerySet.as_manager()

    class Meta:
        ordering = ("source", "name")
        constraints = (models.UniqueConstraint(fields=("source", "name"), name="queried_once"),)

    def __str__(self) -> str:
        return f"{self.source} → {self.name}"
