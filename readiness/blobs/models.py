"""Contents of files, each kept once under its SHA-256."""

from django.db import models
from django.utils import timezone


class Blob(models.Model):
    """Never changed. `kept_at` is when somebody brought it last: one that nothing refers to goes a while after that."""

    sha256 = models.CharField(max_length=64, primary_key=True)
    content = models.BinaryField()
    size = models.PositiveIntegerField()
    kept_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("sha256",)

    def __str__(self) -> str:
        return self.sha256
