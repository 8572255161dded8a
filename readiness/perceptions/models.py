"""A blind round: who is asked which practices of an assessment, what each answers unseen, what is decided then."""

from datetime import date
from typing import Self

from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from readiness.assessments.models import Assessment
from readiness.bank import Practice, load_bank
from readiness.perceptions.spread import Circle

CIRCLES = [
    (Circle.IT.value, pgettext_lazy("circle", "IT")),
    (Circle.BUSINESS.value, pgettext_lazy("circle", "Line of business")),
    (Circle.BOARD.value, pgettext_lazy("circle", "Board")),
]


class BlindRoundQuerySet(models.QuerySet["BlindRound"]):
    def open_on(self, today: date) -> Self:
        """Those that still take answers on this day."""
        return self.filter(closed_at=None, due_on__gte=today)

    def closed_on(self, today: date) -> Self:
        """Those whose answers may be seen on this day."""
        return self.exclude(closed_at=None, due_on__gte=today)


class BlindRound(models.Model):
    """Some practices, asked of several people who do not see each other's answers.

    It takes answers until the end of `due_on` or until somebody closes it, and is never opened again: what was seen
    once does not change. `practices` are keys of the version of the bank that the assessment had at opening.
    """

    assessment = models.ForeignKey(Assessment, on_delete=models.CASCADE, related_name="blind_rounds")
    bank_version = models.CharField(max_length=20, editable=False)
    practices = models.JSONField(default=list)
    is_anonymous = models.BooleanField(_("anonymous"))
    note = models.CharField(_("note"), max_length=1000, blank=True)
    due_on = models.DateField(_("due on"))
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField()
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    closed_at = models.DateTimeField(null=True)
    is_demo = models.BooleanField(default=False, editable=False)

    objects = BlindRoundQuerySet.as_manager()

    class Meta:
        verbose_name = _("blind round")
        verbose_name_plural = _("blind rounds")
        ordering = ("-opened_at", "-id")

    def __str__(self) -> str:
        return f"{self.assessment} · {self.opened_at:%Y-%m-%d}"

    def get_absolute_url(self) -> str:
        return reverse("readiness:blind_detail", args=[self.pk])

    def is_open(self, today: date) -> bool:
        return self.closed_at is None and self.due_on >= today

    @property
    def asked(self) -> list[Practice]:
        """The practices in the order of the bank."""
        keys = set(self.practices)
        return [each for each in load_bank(self.bank_version).practices if each.key in keys]


class BlindInvitationQuerySet(models.QuerySet["BlindInvitation"]):
    def with_given(self) -> Self:
        """Adds `given`: how many practices each person has answered, "I cannot say" included."""
        return self.annotate(given=models.Count("answers"))


class BlindInvitation(models.Model):
    """Somebody who is asked, and the circle they answer for."""

    round = models.ForeignKey(BlindRound, on_delete=models.CASCADE, related_name="invitations")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="blind_invitations")
    circle = models.CharField(_("circle"), max_length=10, choices=CIRCLES)
    reminded_at = models.DateTimeField(null=True)
    # Only where the query added it.
    given: int

    objects = BlindInvitationQuerySet.as_manager()

    class Meta:
        verbose_name = _("invitation to answer blind")
        verbose_name_plural = _("invitations to answer blind")
        ordering = ("round", "circle", "id")
        constraints = (models.UniqueConstraint(fields=("round", "person"), name="blind_invitation_once"),)

    def __str__(self) -> str:
        return f"{self.round}: {self.person}"


class BlindAnswer(models.Model):
    """What somebody answered to one practice; without a level, that they cannot say."""

    invitation = models.ForeignKey(BlindInvitation, on_delete=models.CASCADE, related_name="answers")
    practice = models.CharField(max_length=20)
    level = models.PositiveSmallIntegerField(_("level"), null=True, validators=[MaxValueValidator(4)])
    comment = models.CharField(_("comment"), max_length=1000, blank=True)

    class Meta:
        verbose_name = _("blind answer")
        verbose_name_plural = _("blind answers")
        ordering = ("invitation", "practice")
        constraints = (
            models.UniqueConstraint(fields=("invitation", "practice"), name="blind_answer_once_per_practice"),
            models.CheckConstraint(
                condition=models.Q(level=None) | models.Q(level__lte=4), name="blind_answer_level_0_to_4"
            ),
        )

    def __str__(self) -> str:
        return f"{self.invitation_id} {self.practice}"


class BlindDecision(models.Model):
    """The level that was taken into the assessment after the spread was seen, and why where it is not the median."""

    round = models.ForeignKey(BlindRound, on_delete=models.CASCADE, related_name="decisions")
    practice = models.CharField(max_length=20)
    level = models.PositiveSmallIntegerField(_("level"), validators=[MaxValueValidator(4)])
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField()

    class Meta:
        verbose_name = _("decision after blind answers")
        verbose_name_plural = _("decisions after blind answers")
        ordering = ("round", "practice")
        constraints = (
            models.UniqueConstraint(fields=("round", "practice"), name="blind_decision_once_per_practice"),
            models.CheckConstraint(condition=models.Q(level__lte=4), name="blind_decision_level_0_to_4"),
        )

    def __str__(self) -> str:
        return f"{self.round_id} {self.practice}: {self.level}"
