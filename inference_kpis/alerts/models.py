"""Rules, the alerts they raise with their history, what silences them, and the notifications that wait to be sent."""

import uuid
from datetime import datetime, timedelta
from typing import ClassVar, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from inference_kpis.alerts import burn_rates, verdicts
from inference_kpis.alerts.areas import Area, AreaKind, Place
from inference_kpis.alerts.burn_rates import Pair
from inference_kpis.alerts.states import Phase, State, Timing
from inference_kpis.catalogue import KPIS, Kpi
from inference_kpis.engines import ENGINES
from inference_kpis.fleet import credentials
from inference_kpis.fleet.models import Node, Site, Tier
from inference_kpis.formulas.models import CustomKpi
from inference_kpis.readings.statistics import Bound, Quantity


class AreaModel(models.Model):
    """Something that is about a part of the fleet."""

    class Scope(models.TextChoices):
        FLEET = AreaKind.FLEET.value, _("Whole fleet")
        TIER = AreaKind.TIER.value, _("One tier")
        SITE = AreaKind.SITE.value, _("One site")
        ENGINE = AreaKind.ENGINE.value, _("One engine")
        MODEL = AreaKind.MODEL.value, _("One model")
        NODE = AreaKind.NODE.value, _("One node")

    scope = models.CharField(_("scope"), max_length=6, choices=Scope.choices, default=Scope.FLEET)
    tier = models.CharField(_("tier"), max_length=10, choices=Tier.choices, blank=True)
    site = models.ForeignKey(
        Site, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("site")
    )
    engine = models.CharField(_("engine"), max_length=30, blank=True)
    model = models.CharField(_("model"), max_length=200, blank=True)
    node = models.ForeignKey(
        Node, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("node")
    )

    class Meta:
        abstract = True

    @property
    def area(self) -> Area:
        values = {
            AreaKind.TIER: self.tier,
            AreaKind.SITE: self.site_id,
            AreaKind.ENGINE: self.engine,
            AreaKind.MODEL: self.model,
            AreaKind.NODE: self.node_id,
        }
        kind = AreaKind(self.scope)
        return Area(kind, values.get(kind))

    @property
    def place(self) -> Place:
        """The area as one place; reads site and node."""
        if self.node:
            return Place(self.node.site.tier, self.node.site_id, self.node.engine, None, self.node_id)
        if self.site:
            return Place(self.site.tier, self.site_id)
        return Place(self.tier or None, None, self.engine or None, self.model or None)

    @property
    def area_label(self) -> str:
        """The part of the fleet in words; reads site and node."""
        match self.scope:
            case AreaKind.TIER:
                return str(self.get_tier_display())
            case AreaKind.SITE:
                return str(self.site)
            case AreaKind.ENGINE:
                return ENGINES[self.engine].label if self.engine in ENGINES else self.engine
            case AreaKind.MODEL:
                return self.model
            case AreaKind.NODE:
                return str(self.node)
        return str(self.get_scope_display())


def area_is_whole(name: str) -> models.CheckConstraint:
    """Exactly the property that the scope names is given."""
    empty: dict[str, object] = {"tier": "", "site": None, "engine": "", "model": "", "node": None}

    def only(scope: str) -> models.Q:
        rest = {key: value for key, value in empty.items() if key != scope}
        given = models.Q(**{f"{scope}__isnull": False}) if scope in {"site", "node"} else ~models.Q(**{scope: ""})
        return models.Q(scope=scope, **rest) & given

    condition = models.Q(scope=AreaKind.FLEET.value, **empty)
    for scope in empty:
        condition |= only(scope)
    return models.CheckConstraint(condition=condition, name=name)


# --- Channels --------------------------------------------------------------------------------------------------------


class InUseQuerySet(models.QuerySet):
    def in_use(self) -> Self:
        return self.filter(retired_at=None)


class Channel(models.Model):
    """Where people are told. Addresses of web hooks are secrets: whoever knows one can write there."""

    class Kind(models.TextChoices):
        APP = "app", _("In this application only")
        EMAIL = "email", _("E-mail")
        WEBHOOK = "webhook", _("Web hook (JSON, signed)")
        SLACK = "slack", _("Slack")
        TEAMS = "teams", _("Microsoft Teams")
        MATTERMOST = "mattermost", _("Mattermost")

    POSTED: ClassVar[frozenset[str]] = frozenset({Kind.WEBHOOK, Kind.SLACK, Kind.TEAMS, Kind.MATTERMOST})

    name = models.CharField(_("name"), max_length=120)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices, default=Kind.APP)
    recipients = ArrayField(models.EmailField(), verbose_name=_("recipients"), default=list, blank=True)
    url_sealed = models.BinaryField(null=True, editable=False)
    host = models.CharField(max_length=255, blank=True, editable=False)
    secret_sealed = models.BinaryField(null=True, editable=False)
    language = models.CharField(_("language"), max_length=5, choices=settings.LANGUAGES, default="en")
    most_per_hour = models.PositiveIntegerField(
        _("messages an hour at most"), default=20, validators=[MinValueValidator(1), MaxValueValidator(1000)]
    )
    is_demo = models.BooleanField(_("demo"), default=False, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    retired_at = models.DateTimeField(null=True, editable=False)

    objects = InUseQuerySet.as_manager()

    class Meta:
        verbose_name = _("channel")
        verbose_name_plural = _("channels")
        ordering = ("name", "id")
        constraints = (
            models.UniqueConstraint(
                fields=("name",), condition=models.Q(retired_at=None), name="channel_name_once_in_use"
            ),
        )

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("kpis:channel_detail", args=[self.pk])

    @property
    def is_posted(self) -> bool:
        return self.kind in self.POSTED

    @property
    def url(self) -> str:
        """The address in clear; raises `KeyLost`."""
        return credentials.unseal(bytes(self.url_sealed)) if self.url_sealed else ""

    @property
    def secret(self) -> str:
        """What web hooks are signed with, in clear; raises `KeyLost`."""
        return credentials.unseal(bytes(self.secret_sealed)) if self.secret_sealed else ""

    def seal(self, *, url: str | None, host: str, secret: str | None) -> None:
        """Encrypt and keep what is not None; does not save."""
        if url is not None:
            self.url_sealed, self.host = (credentials.seal(url), host) if url else (None, "")
        if secret is not None:
            self.secret_sealed = credentials.seal(secret) if secret else None


# --- Rules -----------------------------------------------------------------------------------------------------------


class RuleQuerySet(InUseQuerySet):
    def active(self) -> Self:
        return self.filter(retired_at=None, is_on=True)

    def whole(self) -> Self:
        """With everything that evaluating or showing a rule reads."""
        return self.select_related("site", "node__site", "channel", "custom_kpi")


class AlertRule(AreaModel):
    """When somebody has to be told. Thresholds are in the KPI's display unit, objectives and bounds in % and ms."""

    class Kind(models.TextChoices):
        KPI = "kpi", _("A KPI beyond a threshold")
        ABSENCE = "absence", _("No data of a KPI")
        STATE = "state", _("Nodes or sites that are down")
        BURN = "burn", _("An error budget that burns")

    class Per(models.TextChoices):
        WHOLE = "whole", _("the scope as a whole")
        SITE = "site", _("every site of the scope")
        NODE = "node", _("every node of the scope")

    class Side(models.TextChoices):
        ABOVE = verdicts.Side.ABOVE.value, _("above the threshold")
        BELOW = verdicts.Side.BELOW.value, _("below the threshold")

    class BadState(models.TextChoices):
        DOWN = "down", _("down")
        SILENT = "silent", _("silent")
        EITHER = "either", _("down or silent")

    class Indicator(models.TextChoices):
        SUCCESS = "success", _("requests that succeed")
        E2E = "e2e_latency", _("requests within an end-to-end latency")
        TTFT = "time_to_first_token", _("requests within a time to first token")

    class Severity(models.TextChoices):
        CRITICAL = "critical", _("Critical")
        WARNING = "warning", _("Warning")
        INFO = "info", _("Information")

    class Window(models.IntegerChoices):
        ONE = 60, _("1 minute")
        FIVE = 300, _("5 minutes")
        FIFTEEN = 900, _("15 minutes")
        SIXTY = 3600, _("1 hour")

    LONGEST_SECONDS = 7 * 24 * 3600

    name = models.CharField(_("name"), max_length=120)
    kind = models.CharField(max_length=8, choices=Kind.choices, editable=False)
    per = models.CharField(_("watched"), max_length=5, choices=Per.choices, default=Per.WHOLE)
    kpi = models.CharField(_("KPI"), max_length=60, blank=True)
    # The row behind `kpi` where the catalogue does not have it.
    custom_kpi = models.ForeignKey(CustomKpi, on_delete=models.PROTECT, null=True, related_name="+", editable=False)
    side = models.CharField(_("bad is"), max_length=5, choices=Side.choices, blank=True)
    threshold = models.FloatField(_("threshold"), null=True)
    clear_threshold = models.FloatField(_("clear threshold"), null=True)
    window_seconds = models.PositiveIntegerField(_("measured over"), choices=Window.choices, default=Window.FIVE)
    minimum_samples = models.PositiveIntegerField(_("samples at least"), default=0)
    bad_state = models.CharField(_("bad state"), max_length=6, choices=BadState.choices, blank=True)
    indicator = models.CharField(_("objective about"), max_length=20, choices=Indicator.choices, blank=True)
    bound_ms = models.FloatField(_("latency bound (ms)"), null=True, blank=True, validators=[MinValueValidator(0.001)])
    objective_percent = models.FloatField(
        _("objective (%)"), null=True, validators=[MinValueValidator(1), MaxValueValidator(99.999)]
    )
    fast_factor = models.FloatField(
        _("fast burn rate"), default=burn_rates.FAST_FACTOR, validators=[MinValueValidator(1), MaxValueValidator(1000)]
    )
    slow_factor = models.FloatField(
        _("slow burn rate"), default=burn_rates.SLOW_FACTOR, validators=[MinValueValidator(1), MaxValueValidator(1000)]
    )
    raise_after_seconds = models.PositiveIntegerField(
        _("for at least (s)"), default=60, validators=[MaxValueValidator(LONGEST_SECONDS)]
    )
    clear_after_seconds = models.PositiveIntegerField(
        _("resolved after (s)"), default=60, validators=[MaxValueValidator(LONGEST_SECONDS)]
    )
    severity = models.CharField(_("severity"), max_length=8, choices=Severity.choices, default=Severity.WARNING)
    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="rules", verbose_name=_("channel"))
    is_on = models.BooleanField(default=True, editable=False)
    is_demo = models.BooleanField(_("demo"), default=False, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    retired_at = models.DateTimeField(null=True, editable=False)

    objects = RuleQuerySet.as_manager()

    class Meta:
        verbose_name = _("alert rule")
        verbose_name_plural = _("alert rules")
        ordering = ("name", "id")
        constraints = (
            area_is_whole("alert_rule_area_is_whole"),
            models.CheckConstraint(
                condition=~models.Q(kind="kpi")
                | models.Q(threshold__isnull=False, clear_threshold__isnull=False) & ~models.Q(side=""),
                name="alert_rule_kpi_has_thresholds",
            ),
            models.CheckConstraint(
                condition=~models.Q(kind="kpi")
                | models.Q(side="above", clear_threshold__lte=models.F("threshold"))
                | models.Q(side="below", clear_threshold__gte=models.F("threshold")),
                name="alert_rule_clears_on_the_good_side",
            ),
            models.CheckConstraint(
                condition=~models.Q(kind="burn")
                | models.Q(objective_percent__gt=0, objective_percent__lt=100)
                & (models.Q(indicator="success") | models.Q(bound_ms__gt=0) & ~models.Q(indicator="")),
                name="alert_rule_burn_has_objective",
            ),
        )

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("kpis:alert_rule_detail", args=[self.pk])

    @property
    def measured_kpi(self) -> Kpi | None:
        """The KPI that the rule reads; None for the others."""
        return self.custom_kpi.as_kpi() if self.custom_kpi else KPIS.get(self.kpi)

    @property
    def timing(self) -> Timing:
        return Timing(timedelta(seconds=self.raise_after_seconds), timedelta(seconds=self.clear_after_seconds))

    @property
    def window(self) -> timedelta:
        return timedelta(seconds=self.window_seconds)

    @property
    def bad_states(self) -> frozenset[str]:
        return frozenset({"down", "silent"} if self.bad_state == self.BadState.EITHER else {self.bad_state})

    @property
    def threshold_shown(self) -> float | None:
        """What the number of an event is compared with: a threshold, or the fast burn rate."""
        return {self.Kind.KPI: self.threshold, self.Kind.BURN: self.fast_factor}.get(self.Kind(self.kind))

    @property
    def pairs(self) -> tuple[Pair, Pair]:
        return Pair(*burn_rates.FAST_WINDOWS, self.fast_factor), Pair(*burn_rates.SLOW_WINDOWS, self.slow_factor)

    @property
    def objective(self) -> float:
        """As a share of 1."""
        return (self.objective_percent or 0) / 100

    @property
    def bound_seconds(self) -> float:
        return (self.bound_ms or 0) / 1000


# --- Alerts ----------------------------------------------------------------------------------------------------------


class AlertQuerySet(models.QuerySet["Alert"]):
    def awake(self) -> Self:
        return self.exclude(phase=Phase.OK)

    def whole(self) -> Self:
        """With everything that a line about an alert reads."""
        return self.select_related(
            "rule__site",
            "rule__node__site",
            "rule__channel",
            "rule__custom_kpi",
            "site",
            "node__site",
            "acknowledged_by",
        )


class Alert(models.Model):
    """What one rule says about one thing: the scope as a whole, a site or a node.

    There is a row from the first time that something was bad. It moves by compare-and-set on `version`, so that of two
    workers one moves it and tells.
    """

    class Phase(models.TextChoices):
        OK = Phase.OK.value, _("Resolved")
        PENDING = Phase.PENDING.value, _("Pending")
        FIRING = Phase.FIRING.value, _("Firing")

    rule = models.ForeignKey(AlertRule, on_delete=models.CASCADE, related_name="alerts")
    key = models.CharField(max_length=30, blank=True)
    site = models.ForeignKey(Site, on_delete=models.CASCADE, null=True, related_name="alerts")
    node = models.ForeignKey(Node, on_delete=models.CASCADE, null=True, related_name="alerts")
    phase = models.CharField(max_length=7, choices=Phase.choices, default=Phase.OK)
    since = models.DateTimeField(null=True)
    good_since = models.DateTimeField(null=True)
    unknown_since = models.DateTimeField(null=True)
    changed_at = models.DateTimeField()
    version = models.PositiveIntegerField(default=0)
    is_told = models.BooleanField(default=False)
    value = models.FloatField(null=True)
    bound = models.CharField(max_length=8, default=Bound.EXACT.value)
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    acknowledgement = models.CharField(max_length=500, blank=True)

    objects = AlertQuerySet.as_manager()

    class Meta:
        ordering = ("-changed_at", "-id")
        constraints = (models.UniqueConstraint(fields=("rule", "key"), name="alert_once_a_thing"),)
        indexes = (models.Index(fields=("phase", "changed_at"), name="alert_by_phase"),)

    def __str__(self) -> str:
        return f"{self.rule} · {self.subject_label}"

    def get_absolute_url(self) -> str:
        return reverse("kpis:alert_detail", args=[self.pk])

    @property
    def state(self) -> State:
        return State(Phase(self.phase), self.since, self.good_since, self.unknown_since)

    @property
    def subject_label(self) -> str:
        """What it is about, in words; reads node, site and rule."""
        return str(self.node or self.site or self.rule.area_label)

    @property
    def place(self) -> Place:
        """Where it is; reads node, site and rule."""
        if self.node:
            return Place(
                self.node.site.tier, self.node.site_id, self.node.engine, self.rule.model or None, self.node_id
            )
        if self.site:
            return Place(self.site.tier, self.site_id, self.rule.engine or None, self.rule.model or None)
        return self.rule.place

    @property
    def quantity(self) -> Quantity:
        """The value that moved it last."""
        return Quantity(self.value, bound=Bound(self.bound))


class Silence(AreaModel):
    """A time in which nobody is told about a part of the fleet. What happens is kept all the same."""

    class Kind(models.TextChoices):
        SILENCE = "silence", _("Silence")
        MAINTENANCE = "maintenance", _("Maintenance window")

    kind = models.CharField(max_length=11, choices=Kind.choices, default=Kind.SILENCE, editable=False)
    rule = models.ForeignKey(
        AlertRule, on_delete=models.CASCADE, null=True, blank=True, verbose_name=_("only the rule")
    )
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"))
    reason = models.CharField(_("reason"), max_length=300)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("silence")
        verbose_name_plural = _("silences")
        ordering = ("-ends_at", "-id")
        constraints = (
            area_is_whole("silence_area_is_whole"),
            models.CheckConstraint(condition=models.Q(ends_at__gte=models.F("starts_at")), name="silence_ends_later"),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()} · {self.area_label}"

    def covers(self, rule_id: int, place: Place, now: datetime) -> bool:
        """Whether nobody is told now of what this rule says about this place."""
        is_now = self.starts_at <= now < self.ends_at
        return is_now and self.rule_id in {None, rule_id} and self.area.holds(place)


# --- Notifications ---------------------------------------------------------------------------------------------------


class Notification(models.Model):
    """One message to one channel: the outbox. Written in the transaction that moved the alerts, sent afterwards.

    `lease` is a fencing number: only the sender that holds it may say what became of the message.
    """

    class Kind(models.TextChoices):
        ALERTS = "alerts", _("Alerts")
        SUMMARY = "summary", _("Summary")
        TEST = "test", _("Test")

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        SENT = "sent", _("Sent")
        GIVEN_UP = "given_up", _("Given up")

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="notifications")
    kind = models.CharField(max_length=7, choices=Kind.choices, default=Kind.ALERTS)
    group = models.CharField(max_length=30, blank=True)
    site = models.ForeignKey(Site, on_delete=models.SET_NULL, null=True, related_name="+")
    # How many nodes the site had when all of them were down; the message is then about the site.
    nodes_down = models.PositiveIntegerField(null=True)
    created_at = models.DateTimeField()
    due_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    tries = models.PositiveSmallIntegerField(default=0)
    lease = models.PositiveIntegerField(default=0)
    leased_until = models.DateTimeField(null=True)
    problem = models.CharField(max_length=60, blank=True)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-created_at", "-id")
        indexes = (
            models.Index(fields=("due_at",), name="notification_due", condition=models.Q(state="waiting")),
            models.Index(fields=("channel", "created_at"), name="notification_by_channel"),
        )

    def __str__(self) -> str:
        return f"{self.channel} {self.uuid}"


class AlertEvent(models.Model):
    """One thing that happened to an alert. Rows are added and keep what was true then.

    `silence` is set where nobody was told because of it; `notification` where somebody is.
    """

    class Kind(models.TextChoices):
        FIRED = "fired", _("Fired")
        RESOLVED = "resolved", _("Resolved")
        CLOSED = "closed", _("No longer watched")
        STILL_FIRING = "still_firing", _("Still firing after a silence")
        ACKNOWLEDGED = "acknowledged", _("Acknowledged")

    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="events")
    at = models.DateTimeField()
    kind = models.CharField(max_length=12, choices=Kind.choices)
    value = models.FloatField(null=True)
    bound = models.CharField(max_length=8, default=Bound.EXACT.value)
    threshold = models.FloatField(null=True)
    note = models.CharField(max_length=500, blank=True)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    silence = models.ForeignKey(Silence, on_delete=models.SET_NULL, null=True, related_name="events")
    notification = models.ForeignKey(Notification, on_delete=models.SET_NULL, null=True, related_name="events")

    class Meta:
        ordering = ("-at", "-id")
        indexes = (models.Index(fields=("at",), name="alert_event_by_time"),)

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.alert}"

    @property
    def quantity(self) -> Quantity:
        return Quantity(self.value, bound=Bound(self.bound))

    @property
    def threshold_quantity(self) -> Quantity:
        return Quantity(self.threshold)


class AlertWatch(models.Model):
    """The watch itself, one row: when rules were last evaluated, since when without a gap, and a version for pages."""

    evaluated_at = models.DateTimeField(null=True)
    watched_since = models.DateTimeField(null=True)
    version = models.PositiveBigIntegerField(default=0)

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return f"watched since {self.watched_since}"
