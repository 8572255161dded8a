"""Which sites a machine key may write for."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import MachineKey
from inference_kpis.fleet.models import Site


class KeySite(models.Model):
    """A key may write the readings of this site's nodes; a key without any row may write for none."""

    key = models.ForeignKey(MachineKey, on_delete=models.CASCADE, related_name="sites", verbose_name=_("machine key"))
    site = models.ForeignKey(Site, on_delete=models.CASCADE, verbose_name=_("site"))

    class Meta:
        verbose_name = _("site of a key")
        verbose_name_plural = _("sites of a key")
        ordering = ("key", "site")
        constraints = (models.UniqueConstraint(fields=("key", "site"), name="key_site_once"),)

    def __str__(self) -> str:
        return f"{self.key} → {self.site}"
