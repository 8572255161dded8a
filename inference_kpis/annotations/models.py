"""What people and pipelines write beside the figures: releases, incidents, maintenance, notes."""

from datetime import datetime, timedelta
from typing import Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from inference_kpis.alerts.models import AreaModel, area_is_whole

LONGEST = timedelta(days=366)
# So long a removed one can be put back.
PUT_BACK_WITHIN = timedelta(days=7)


class AnnotationQuerySet(models.QuerySet["Annotation"]):
    def kept(self) -> Self:
        return self.filter(removed_at=None)

    def within(self, start: datetime, end: datetime) -> Self:
        """Those that touch [start, end); an incident without end goes on."""
        goes_on = models.Q(ends_at=None, kind=Annotation.Kind.INCIDENT)
        return self.filter(models.Q(starts_at__gte=start) | models.Q(ends_at__gt=start) | goes_on, starts_at__lt=end)

    def whole(self) -> Self:
        """With everything that a line about one reads."""
        return self.select_related("site", "node__site", "created_by")


class Annotation(AreaModel):
    """Something that happened to a part of the fleet, at a moment or over a time.

    `reference` is a machine's own name for it: posting it again changes this one and makes no second.
    """

    class Kind(models.TextChoices):
        RELEASE = "release", _("Release")
        INCIDENT = "incident", _("Incident")
        MAINTENANCE = "maintenance", _("Maintenance")
        NOTE = "note", _("Note")

    kind = models.CharField(_("kind"), max_length=11, choices=Kind.choices, default=Kind.RELEASE)
    title = models.CharField(_("title"), max_length=120)
    text = models.TextField(_("text"), max_length=1000, blank=True)
    starts_at = models.DateTimeField(_("start"))
    ends_at = models.DateTimeField(_("end"), null=True, blank=True)
    link = models.CharField(_("link"), max_length=500, blank=True, validators=[URLValidator(schemes=["https", "http"])])
    reference = models.CharField(max_length=120, null=True, unique=True, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", editable=False
    )
    # The key of a machine by its name; '' for a person.
    created_via = models.CharField(max_length=160, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    removed_at = models.DateTimeField(null=True, editable=False)

    objects = AnnotationQuerySet.as_manager()

    class Meta:
        verbose_name = _("annotation")
        verbose_name_plural = _("annotations")
        ordering = ("-starts_at", "-id")
        indexes = (
            models.Index(fields=("starts_at",), name="annotation_by_start", condition=models.Q(removed_at=None)),
        )
        constraints = (
            area_is_whole("annotation_area_is_whole"),
            models.CheckConstraint(
                condition=models.Q(ends_at=None) | models.Q(ends_at__gte=models.F("starts_at")),
                name="annotation_ends_later",
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()} · {self.title}"

    def get_absolute_url(self) -> str:
        return f"{reverse('kpis:annotation_list')}#annotation-{self.pk}"

    @property
    def author(self) -> str:
        """Who wrote it, a person or the key of a machine; reads the person."""
        return str(self.created_by or self.created_via)

    @property
    def goes_on(self) -> bool:
        return self.ends_at is None and self.kind == self.Kind.INCIDENT

    def clean(self) -> None:
        if self.starts_at and self.ends_at and self.ends_at < self.starts_at:
            raise ValidationError({"ends_at": _("The end comes after the start.")})
        if self.starts_at and self.ends_at and self.ends_at - self.starts_at > LONGEST:
            raise ValidationError({"ends_at": _("At most 366 days.")})
