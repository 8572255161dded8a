"""Contradictions: answers that two windows in a row measured below what they declare, as work with an owner and an end."""

from typing import Self

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import Team
from readiness.assessments.models import Assessment, Binding


class ContradictionQuerySet(models.QuerySet["Contradiction"]):
    def open(self) -> Self:
        return self.exclude(state=Contradiction.State.CLOSED)

    def whole(self) -> Self:
        return self.select_related("team", "owner", "binding", "assessment")


class Contradiction(models.Model):
    """What a team declared and its nodes did not show. `windows` are the two that contradicted, as they were measured."""

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        ACKNOWLEDGED = "acknowledged", _("Acknowledged")
        CLOSED = "closed", _("Closed")

    class Ending(models.TextChoices):
        ANSWER_CORRECTED = "answer_corrected", _("the answer was corrected")
        PUT_RIGHT = "put_right", _("two windows in a row confirm the level")
        BINDING_CHANGED = "binding_changed", _("the binding was changed")

    binding = models.ForeignKey(Binding, on_delete=models.SET_NULL, null=True, related_name="contradictions")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="contradictions", verbose_name=_("team"))
    assessment = models.ForeignKey(Assessment, on_delete=models.CASCADE, related_name="+")
    practice = models.CharField(max_length=20)
    figure = models.CharField(max_length=60)
    declared = models.PositiveSmallIntegerField()
    measured = models.PositiveSmallIntegerField()
    windows = models.JSONField(default=list)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="contradictions")
    due_on = models.DateField(_("due on"))
    state = models.CharField(max_length=12, choices=State.choices, default=State.OPEN)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    ending = models.CharField(max_length=20, choices=Ending.choices, blank=True)

    objects = ContradictionQuerySet.as_manager()

    class Meta:
        verbose_name = _("contradiction")
        verbose_name_plural = _("contradictions")
        ordering = ("-opened_at", "-id")
        constraints = (
            models.UniqueConstraint(
                fields=("binding",),
                condition=models.Q(state__in=("open", "acknowledged")),
                name="contradiction_one_open_per_binding",
            ),
        )

    def __str__(self) -> str:
        return f"{self.team} · {self.practice}"

    def get_absolute_url(self) -> str:
        return reverse("readiness:contradiction_detail", args=[self.pk])

    @property
    def is_open(self) -> bool:
        return self.state != self.State.CLOSED


class ContradictionEvent(models.Model):
    """One thing that happened to a contradiction; rows are only added. `by` is None for what the product did."""

    class Kind(models.TextChoices):
        OPENED = "opened", _("opened")
        ACKNOWLEDGED = "acknowledged", _("acknowledged")
        OWNER = "owner", _("given to")
        DUE = "due", _("due on")
        COMMENT = "comment", _("comment")
        CLOSED = "closed", _("closed")

    contradiction = models.ForeignKey(Contradiction, on_delete=models.CASCADE, related_name="events")
    at = models.DateTimeField()
    kind = models.CharField(max_length=12, choices=Kind.choices)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    text = models.TextField(max_length=2000, blank=True)

    class Meta:
        ordering = ("contradiction", "at", "id")

    def __str__(self) -> str:
        return f"{self.contradiction_id} {self.kind}"
