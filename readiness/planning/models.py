"""The private address under which a person's calendar program reads what is due."""

from typing import Self

from django.conf import settings
from django.db import models
from django.utils import timezone


class CalendarLinkQuerySet(models.QuerySet["CalendarLink"]):
    def usable(self) -> Self:
        return self.filter(revoked_at=None, user__is_active=True)


class CalendarLink(models.Model):
    """A link of one person, without signing in, to the dates of their own actions and nothing else.

    Its secret is shown once and kept only as a hash.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    secret_hash = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    last_used_at = models.DateTimeField(null=True, editable=False)
    revoked_at = models.DateTimeField(null=True, editable=False)

    objects = CalendarLinkQuerySet.as_manager()

    class Meta:
        ordering = ("user", "-id")
        constraints = (
            models.UniqueConstraint(
                fields=("user",), condition=models.Q(revoked_at=None), name="calendar_link_one_per_person"
            ),
        )

    def __str__(self) -> str:
        return f"{self.user} · {self.created_at:%Y-%m-%d}"
