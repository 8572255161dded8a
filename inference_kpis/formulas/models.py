"""KPIs that the company defines itself, and every formula that they had."""

from decimal import Decimal
from typing import Self

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from inference_kpis.catalogue import KPIS, Direction, Kpi, Label, Vantage, measures_of
from inference_kpis.formulas.languages import in_language
from inference_kpis.formulas.parsing import parsed, scale


class CustomKpiQuerySet(models.QuerySet["CustomKpi"]):
    def in_use(self) -> Self:
        return self.filter(retired_at=None)

    def behind(self, key: str) -> "CustomKpi | None":
        """The one of this key, retired or not; None, without a query, for keys of the catalogue."""
        return None if not key or key in KPIS else self.filter(key=key).first()


class CustomKpi(models.Model):
    """A KPI by a formula. It is evaluated after merging: a new formula changes its figures for all of the past.

    A key is for ever: no row is deleted, a retired one keeps its key and stays readable for what names it. So are unit
    and direction, since thresholds and targets are numbers in them.
    """

    class Better(models.TextChoices):
        HIGHER = Direction.HIGHER.value, _("higher is better")
        LOWER = Direction.LOWER.value, _("lower is better")

    key = models.CharField(
        _("key"),
        max_length=40,
        unique=True,
        validators=[
            RegexValidator(
                r"\A[a-z][a-z0-9_]{2,39}\Z",
                _("Write 3 to 40 small letters, digits and underscores, a letter first."),
            )
        ],
    )
    name_en = models.CharField(_("name in English"), max_length=80)
    name_fr = models.CharField(_("name in French"), max_length=80)
    description_en = models.CharField(_("description in English"), max_length=400)
    description_fr = models.CharField(_("description in French"), max_length=400)
    formula = models.CharField(_("formula"), max_length=500)
    shown_in = models.CharField(_("shown in"), max_length=40, blank=True)
    direction = models.CharField(_("direction"), max_length=6, choices=Better.choices, default=Better.HIGHER)
    # Derived from the formula when it is written, for those who read the table.
    unit = models.CharField(_("unit"), max_length=120, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", editable=False
    )
    retired_at = models.DateTimeField(null=True, editable=False)

    objects = CustomKpiQuerySet.as_manager()

    class Meta:
        verbose_name = _("custom KPI")
        verbose_name_plural = _("custom KPIs")
        ordering = ("key",)

    def __str__(self) -> str:
        return self.key

    def get_absolute_url(self) -> str:
        return reverse("kpis:kpi_detail", args=[self.key])

    @property
    def label(self) -> Label:
        return in_language(self.name_en, self.name_fr)

    def as_kpi(self) -> Kpi:
        """What pages, alerts and the API show. Raises `FormulaRefused` for a formula that was never written here."""
        found = parsed(self.formula)
        worth, _unit = scale(self.shown_in)
        return Kpi(
            self.key,
            self.label,
            self.shown_in,
            Direction(self.direction),
            found.formula,
            in_language(self.description_en, self.description_fr),
            _vantage(measures_of(found.formula)),
            Decimal(worth.denominator) / Decimal(worth.numerator),
            decimals=2 if self.shown_in == "%" else 3,
        )


def _vantage(measures: frozenset[str]) -> Vantage:
    """Where the latencies among these measures were seen; none where there are none, or of several places."""
    found = {kpi.vantage for kpi in KPIS.values() if kpi.measures & measures and kpi.measures <= measures}
    found.discard(Vantage.NONE)
    return found.pop() if len(found) == 1 else Vantage.NONE


class CustomKpiVersion(models.Model):
    """One formula that a custom KPI had, from `written_at` on; rows are only added."""

    kpi = models.ForeignKey(CustomKpi, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    formula = models.CharField(max_length=500)
    written_at = models.DateTimeField(default=timezone.now)
    written_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    # What wrote it when no person did.
    via = models.CharField(max_length=160, blank=True)

    class Meta:
        ordering = ("kpi", "-number")
        constraints = (models.UniqueConstraint(fields=("kpi", "number"), name="custom_kpi_version_once"),)

    def __str__(self) -> str:
        return f"{self.kpi} {self.number}"
