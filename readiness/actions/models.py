"""One step to close a gap: who does it, by when, with what effort and cost, and how far it is."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Self

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Team
from readiness.actions.recommendations import recommendation_of
from readiness.bank import load_bank
from readiness.scoring import CONDITIONAL_DAYS

NOT_NEGATIVE = [MinValueValidator(Decimal(0))]


class ActionQuerySet(models.QuerySet["Action"]):
    def open(self) -> Self:
        return self.filter(status__in=Action.OPEN)

    def overdue(self, today: date) -> Self:
        return self.open().filter(due_on__lt=today)

    def in_order(self) -> Self:
        """What is due first, then what has no date."""
        return self.order_by(F("due_on").asc(nulls_last=True), "rule", "id")


class Action(models.Model):
    """A step that a team plans, recommended by the bank or its own.

    `title` is empty where the bank's words stand. `promised_on` and `promised_until` are the first promise of an owner
    and a date within half a year; they are never written again, so that a new date renews nothing.
    """

    class Status(models.TextChoices):
        TODO = "todo", _("To do")
        DOING = "doing", _("Doing")
        BLOCKED = "blocked", _("Blocked")
        DONE = "done", _("Done")
        DROPPED = "dropped", pgettext_lazy("action", "Dropped")

    OPEN = (Status.TODO, Status.DOING, Status.BLOCKED)
    NEEDS_REASON = (Status.BLOCKED, Status.DROPPED)

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="actions", verbose_name=_("team"))
    rule = models.PositiveSmallIntegerField(_("rule"), validators=[MinValueValidator(1), MaxValueValidator(4)])
    practice = models.CharField(_("practice"), max_length=20, blank=True)
    opens = models.PositiveSmallIntegerField(
        _("opens level"), null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(4)]
    )
    recommendation = models.CharField(max_length=40, blank=True, editable=False)
    bank_version = models.CharField(max_length=20, editable=False)
    title = models.CharField(_("what is to be done"), max_length=200, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="actions",
        verbose_name=_("owner"),
    )
    agreed_on = models.DateField(_("agreed on"), editable=False)
    due_on = models.DateField(_("due on"), null=True, blank=True)
    promised_on = models.DateField(null=True, editable=False)
    promised_until = models.DateField(null=True, editable=False)
    effort_days = models.DecimalField(
        _("effort (days)"), max_digits=6, decimal_places=1, null=True, blank=True, validators=NOT_NEGATIVE
    )
    build_cost = models.DecimalField(
        _("cost once"), max_digits=12, decimal_places=2, null=True, blank=True, validators=NOT_NEGATIVE
    )
    run_cost = models.DecimalField(
        _("cost a year"), max_digits=12, decimal_places=2, null=True, blank=True, validators=NOT_NEGATIVE
    )
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.TODO, editable=False)
    status_reason = models.CharField(_("reason"), max_length=300, blank=True, editable=False)
    done_on = models.DateField(_("done on"), null=True, editable=False)
    blocked_by = models.ManyToManyField(
        "self", symmetrical=False, blank=True, related_name="blocks", verbose_name=_("waits for")
    )
    version = models.PositiveIntegerField(default=1, editable=False)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    is_demo = models.BooleanField(default=False, editable=False)

    objects = ActionQuerySet.as_manager()

    class Meta:
        verbose_name = _("action")
        verbose_name_plural = _("actions")
        ordering = ("due_on", "rule", "id")
        indexes = (
            models.Index(fields=("team", "status", "due_on"), name="action_by_team_and_status"),
            models.Index(fields=("owner", "status", "due_on"), name="action_by_owner_and_status"),
        )
        constraints = (
            models.UniqueConstraint(
                fields=("team", "recommendation"),
                condition=~Q(recommendation="") & ~Q(status="dropped"),
                name="action_once_per_recommendation",
            ),
            models.CheckConstraint(
                condition=~Q(title="") | ~Q(recommendation=""),
                name="action_has_words",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=("blocked", "dropped")) | ~Q(status_reason=""), name="action_says_why_it_stands"
            ),
            models.CheckConstraint(
                condition=Q(due_on=None) | Q(due_on__gte=F("agreed_on")), name="action_due_after_agreed"
            ),
            models.CheckConstraint(
                condition=(Q(effort_days=None) | Q(effort_days__gte=0))
                & (Q(build_cost=None) | Q(build_cost__gte=0))
                & (Q(run_cost=None) | Q(run_cost__gte=0)),
                name="action_takes_nothing_negative",
            ),
        )

    def __str__(self) -> str:
        """What is to be done, in the reader's language."""
        return self.title or recommendation_of(self.bank_version, self.recommendation).title

    def get_absolute_url(self) -> str:
        return reverse("readiness:action_detail", args=[self.pk])

    @property
    def is_open(self) -> bool:
        return self.status in self.OPEN

    @property
    def rule_title(self) -> object:
        """The rule's title in the bank, in both languages."""
        return next(rule.title for rule in load_bank(self.bank_version).rules if rule.number == self.rule)

    @property
    def practice_title(self) -> object | None:
        """The practice's title in the bank, in both languages; None for an action about a whole rule."""
        return load_bank(self.bank_version).practice(self.practice).title if self.practice else None

    def is_overdue(self, today: date) -> bool:
        return self.is_open and self.due_on is not None and self.due_on < today

    def keep_promise(self, today: date) -> None:
        """Remember the first time that somebody promises it within half a year; later dates change nothing of that."""
        is_firm = self.owner_id and self.due_on and today <= self.due_on <= today + timedelta(days=CONDITIONAL_DAYS)
        if self.promised_on is None and is_firm:
            self.promised_on, self.promised_until = today, self.due_on


class ActionChange(models.Model):
    """What one change of an action changed: field → [before, after], as text; empty for its beginning."""

    action = models.ForeignKey(Action, on_delete=models.CASCADE, related_name="changes")
    version = models.PositiveIntegerField()
    changes = models.JSONField(default=dict)
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    changed_at = models.DateTimeField()

    class Meta:
        verbose_name = _("change of an action")
        verbose_name_plural = _("changes of actions")
        ordering = ("-version",)
        constraints = (models.UniqueConstraint(fields=("action", "version"), name="action_change_once_per_version"),)

    def __str__(self) -> str:
        return f"{self.action_id} {self.version}"

    @property
    def is_move(self) -> bool:
        return "status" in self.changes
