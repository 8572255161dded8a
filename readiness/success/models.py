"""Success metrics: a KPI with a baseline, a target, a date and an owner."""

from typing import Self

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Team
from inference_kpis.fleet.models import Site, Tier


class SuccessMetricQuerySet(models.QuerySet["SuccessMetric"]):
    def current(self) -> Self:
        return self.filter(retired_at=None)


class SuccessMetric(models.Model):
    """What a team promises a KPI will be, by when, and who answers for it. Values are in the KPI's display unit."""

    class Scope(models.TextChoices):
        FLEET = "fleet", _("Whole fleet")
        TIER = "tier", _("One tier")
        SITE = "site", _("One site")

    name = models.CharField(_("name"), max_length=120)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="success_metrics", verbose_name=_("team"))
    kpi = models.CharField(_("KPI"), max_length=60)
    scope = models.CharField(_("scope"), max_length=5, choices=Scope.choices, default=Scope.FLEET)
    tier = models.CharField(_("tier"), max_length=10, choices=Tier.choices, blank=True)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, null=True, blank=True, verbose_name=_("site"))
    baseline_value = models.FloatField(_("baseline"), null=True, blank=True)
    baseline_on = models.DateField(_("date of the baseline"), null=True, blank=True)
    baseline_source = models.CharField(_("source of the baseline"), max_length=200, blank=True)
    target_value = models.FloatField(_("target"))
    target_on = models.DateField(_("to be reached by"))
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="success_metrics", verbose_name=_("owner")
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    retired_at = models.DateTimeField(null=True, blank=True, editable=False)
    is_demo = models.BooleanField(default=False, editable=False)

    objects = SuccessMetricQuerySet.as_manager()

    class Meta:
        verbose_name = _("success metric")
        verbose_name_plural = _("success metrics")
        ordering = ("target_on", "name")
        constraints = (
            models.CheckConstraint(
                condition=(
                    models.Q(scope="fleet", tier="", site=None)
                    | models.Q(scope="tier", site=None) & ~models.Q(tier="")
                    | models.Q(scope="site", tier="", site__isnull=False)
                ),
                name="success_metric_scope_is_whole",
            ),
        )

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("readiness:success_metric_detail", args=[self.pk])
