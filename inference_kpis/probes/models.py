"""Probes, and what the central answer took before there was any edge."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from inference_kpis.fleet import credentials
from inference_kpis.fleet.models import Node
from inference_kpis.probes.requests import chat_url, origin
from inference_kpis.readings.algebra import Distribution

# A run asks two servers one after the other and has to fit into a task.
LONGEST_TIMEOUT_SECONDS = 20
RUNS_KEPT = 20
# Long enough silence after which a probe that should run is shown as not running: in intervals, and at least in seconds.
OVERDUE_INTERVALS, OVERDUE_SECONDS = 3, 30


class Probe(models.Model):
    """A timed request to one edge node, and with a `central_url` the same one to its central counterpart in the same run.

    One source per node and measure: a node and model have one probe, whose readings are theirs. `lease` is a fencing
    number as a pull's; `runs` are the last ones, newest first, as `running.remembered` writes them.
    """

    class Kind(models.TextChoices):
        CHAT = "chat", _("OpenAI-compatible chat, streamed")
        HTTP = "http", _("Plain HTTP")

    name = models.CharField(_("name"), max_length=120, unique=True)
    node = models.ForeignKey(Node, on_delete=models.CASCADE, related_name="probes", verbose_name=_("node"))
    region = models.CharField(_("sent from"), max_length=60, blank=True)
    kind = models.CharField(_("kind"), max_length=4, choices=Kind.choices, default=Kind.CHAT)
    # '' for the node's own base URL.
    url = models.URLField(_("URL"), max_length=500, blank=True)
    credential_sealed = models.BinaryField(null=True, editable=False)
    central_url = models.URLField(_("URL of the central counterpart"), max_length=500, blank=True)
    central_credential_sealed = models.BinaryField(null=True, editable=False)
    model_name = models.CharField(_("model"), max_length=200, blank=True)
    prompt = models.TextField(_("prompt"), max_length=2000, default="Say yes.", blank=True)
    max_tokens = models.PositiveIntegerField(
        _("most tokens"), default=16, validators=[MinValueValidator(1), MaxValueValidator(256)]
    )
    interval_seconds = models.PositiveIntegerField(
        _("interval (s)"), default=60, validators=[MinValueValidator(5), MaxValueValidator(3600)]
    )
    timeout_seconds = models.PositiveIntegerField(
        _("time-out (s)"),
        default=10,
        validators=[MinValueValidator(1), MaxValueValidator(LONGEST_TIMEOUT_SECONDS)],
    )
    is_paused = models.BooleanField(default=False, editable=False)
    is_demo = models.BooleanField(_("demo"), default=False, editable=False)
    next_run_at = models.DateTimeField(default=timezone.now, db_index=True, editable=False)
    lease = models.BigIntegerField(default=0, editable=False)
    leased_until = models.DateTimeField(null=True, editable=False)
    ran_at = models.DateTimeField(null=True, editable=False)
    runs = models.JSONField(default=list, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("probe")
        verbose_name_plural = _("probes")
        ordering = ("name",)
        constraints = (
            models.UniqueConstraint(
                fields=("node", "model_name"),
                name="probe_once_per_node_and_model",
                violation_error_message=_("This node and model have a probe already: two would count as one."),
            ),
        )

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("kpis:probe_detail", args=[self.pk])

    @property
    def is_chat(self) -> bool:
        return self.kind == self.Kind.CHAT

    @property
    def asked_url(self) -> str:
        """Where the edge is asked; queries the node unless it was selected."""
        url = self.url or origin(self.node.url)
        return chat_url(url) if self.is_chat else url

    @property
    def asked_central_url(self) -> str:
        """Where the counterpart is asked; '' without one."""
        return chat_url(self.central_url) if self.central_url and self.is_chat else self.central_url

    @property
    def has_credential(self) -> bool:
        return self.credential_sealed is not None

    @property
    def has_central_credential(self) -> bool:
        return self.central_credential_sealed is not None

    def credential(self) -> str:
        """The edge's bearer token in clear, '' for none. Raises `KeyLost`."""
        return credentials.unseal(bytes(self.credential_sealed)) if self.credential_sealed else ""

    def central_credential(self) -> str:
        """The counterpart's bearer token in clear, '' for none. Raises `KeyLost`."""
        sealed = self.central_credential_sealed
        return credentials.unseal(bytes(sealed)) if sealed else ""

    def set_credential(self, text: str) -> None:
        """Encrypt and keep the edge's token; an empty one forgets what there was. Does not save."""
        self.credential_sealed = credentials.seal(text) if text else None

    def set_central_credential(self, text: str) -> None:
        """The same for the counterpart's."""
        self.central_credential_sealed = credentials.seal(text) if text else None

    def is_overdue(self, now: datetime) -> bool:
        """Whether nothing ran for so long that no worker seems to stand in its region; queries the node unless selected."""
        rests = self.is_paused or self.node.state == Node.State.PAUSED or self.node.retired_at
        patience = max(OVERDUE_INTERVALS * self.interval_seconds, OVERDUE_SECONDS)
        return not rests and (now - (self.ran_at or self.created_at)).total_seconds() > patience


class ProbeBaseline(models.Model):
    """What the central answer of a model took: frozen from the probes of a past window, or entered with its source.

    A frozen one keeps its histogram, so that what is compared with it keeps its interval of confidence.
    """

    model_name = models.CharField(_("model"), max_length=200, blank=True)
    p50_seconds = models.FloatField(null=True)
    p95_seconds = models.FloatField(null=True)
    samples = models.PositiveBigIntegerField(default=0)
    # [[bounds, counts], …]; None for one that was entered.
    layouts = models.JSONField(null=True)
    window_start = models.DateTimeField(null=True)
    window_end = models.DateTimeField(null=True)
    dated_on = models.DateField(_("date"))
    note = models.CharField(_("note"), max_length=300, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ("-created_at", "-pk")
        constraints = (
            models.CheckConstraint(
                condition=models.Q(p50_seconds__gt=0) | models.Q(p95_seconds__gt=0), name="baseline_has_a_value"
            ),
        )

    def __str__(self) -> str:
        return f"{self.model_name} {self.dated_on}"

    @property
    def is_frozen(self) -> bool:
        return self.layouts is not None

    @property
    def p50_ms(self) -> float | None:
        return None if self.p50_seconds is None else self.p50_seconds * 1000

    @property
    def p95_ms(self) -> float | None:
        return None if self.p95_seconds is None else self.p95_seconds * 1000

    @property
    def distribution(self) -> Distribution | None:
        """The frozen histogram; None for one that was entered."""
        if self.layouts is None:
            return None
        counts = {tuple(bounds): tuple(counted) for bounds, counted in self.layouts}
        return Distribution(counts, 0, 0)

    def keep(self, distribution: Distribution) -> None:
        """Take this histogram, without saving."""
        kept: list[Any] = [[list(bounds), list(counts)] for bounds, counts in distribution.counts.items()]
        self.layouts, self.samples = kept, distribution.count
