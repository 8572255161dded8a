"""Who was asked to answer which practice, what colleagues say about it, and what is written to them."""

import uuid
from datetime import date
from typing import Self

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import Team, User
from readiness.assessments.models import Answer, Assessment
from readiness.bank import Practice, load_bank


class AssignmentQuerySet(models.QuerySet["Assignment"]):
    def standing(self) -> Self:
        """Those that somebody holds: neither declined, handed on nor withdrawn."""
        return self.filter(state__in=(Assignment.State.ASKED, Assignment.State.ACCEPTED))

    def held_by(self, user: User) -> Self:
        """Those that this person holds, or a team of theirs as long as none of its members took it."""
        is_of_team = models.Q(person=None, team__in=user.teams.values("pk"))
        return self.standing().filter(models.Q(person=user) | is_of_team)

    def with_answered(self) -> Self:
        """Adds `is_answered`: whether the practice was answered since somebody was asked to."""
        return self.annotate(is_answered=_answered())

    def unanswered(self) -> Self:
        """Those whose practice is still to be answered."""
        return self.filter(~_answered())


def _answered() -> models.Exists:
    """Whether there is an answer to the practice of an assignment, younger than the assignment."""
    given = models.Q(level__isnull=False) | models.Q(is_not_applicable=True)
    return models.Exists(
        Answer.objects.filter(
            given,
            assessment=models.OuterRef("assessment"),
            practice=models.OuterRef("practice"),
            answered_at__gte=models.OuterRef("asked_at"),
        )
    )


class Assignment(models.Model):
    """Somebody is asked to answer one practice: a person, or a team until one of its members takes it.

    That it is done is read from the answers. Handing on makes a new one, so that the chain stays.
    """

    class State(models.TextChoices):
        ASKED = "asked", _("Asked")
        ACCEPTED = "accepted", _("Accepted")
        DECLINED = "declined", _("Declined")
        HANDED_ON = "handed_on", _("Handed on")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    assessment = models.ForeignKey(Assessment, on_delete=models.CASCADE, related_name="assignments")
    practice = models.CharField(max_length=20)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    team = models.ForeignKey(Team, on_delete=models.PROTECT, null=True, related_name="+")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    due_on = models.DateField(_("due on"), null=True)
    note = models.CharField(_("note"), max_length=1000, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.ASKED)
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    replied_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    replied_at = models.DateTimeField(null=True)
    previous = models.ForeignKey("self", on_delete=models.CASCADE, null=True, related_name="+")
    # Only where the query added it.
    is_answered: bool

    objects = AssignmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("assignment")
        verbose_name_plural = _("assignments")
        ordering = ("assessment", "practice", "-asked_at", "-id")
        constraints = (
            models.UniqueConstraint(
                fields=("assessment", "practice"),
                condition=models.Q(state__in=("asked", "accepted")),
                name="assignment_one_standing_per_practice",
            ),
            models.CheckConstraint(
                condition=~models.Q(person=None, team=None), name="assignment_to_a_person_or_a_team"
            ),
        )

    def __str__(self) -> str:
        return f"{self.assessment} {self.practice}: {self.holder}"

    def get_absolute_url(self) -> str:
        return reverse("readiness:assignment_detail", args=[self.pk])

    @property
    def holder(self) -> User | Team | None:
        return self.person or self.team

    @property
    def is_standing(self) -> bool:
        return self.state in {self.State.ASKED, self.State.ACCEPTED}

    @property
    def is_withdrawable(self) -> bool:
        """Also where it was declined: it then waits for whoever asked."""
        return self.is_standing or self.state == self.State.DECLINED

    @property
    def asked_practice(self) -> Practice:
        return load_bank(self.assessment.bank_version).practice(self.practice)

    def is_overdue(self, today: date) -> bool:
        return self.due_on is not None and self.due_on < today


class Comment(models.Model):
    """What somebody says about a practice; an answer to another one has it as `parent`. A deleted one keeps its place."""

    assessment = models.ForeignKey(Assessment, on_delete=models.CASCADE, related_name="comments")
    practice = models.CharField(max_length=20)
    parent = models.ForeignKey("self", on_delete=models.CASCADE, null=True, related_name="answers")
    text = models.TextField(_("comment"), max_length=4000)
    written_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    written_at = models.DateTimeField()
    edited_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True)
    resolved_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    resolved_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("comment")
        verbose_name_plural = _("comments")
        ordering = ("written_at", "id")
        indexes = (models.Index(fields=("assessment", "practice"), name="comment_of_practice"),)

    def __str__(self) -> str:
        return f"{self.assessment} {self.practice} {self.pk}"

    def get_absolute_url(self) -> str:
        page = reverse("readiness:assessment_practice", args=[self.assessment_id, self.practice])
        return f"{page}#comment-{self.pk}"


class Mention(models.Model):
    """Somebody is named in a comment; it waits for them until they have read it."""

    comment = models.ForeignKey(Comment, on_delete=models.CASCADE, related_name="mentions")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="mentions")
    read_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("mention")
        verbose_name_plural = _("mentions")
        ordering = ("comment", "user")
        constraints = (models.UniqueConstraint(fields=("comment", "user"), name="mention_once"),)

    def __str__(self) -> str:
        return f"{self.user}: {self.comment_id}"


class WorkPreference(models.Model):
    """Whether and in which language somebody is reminded."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="+")
    wants_digest = models.BooleanField(_("Remind me by e-mail of what is due"), default=True)
    language = models.CharField(
        _("Language of the e-mails"), max_length=10, choices=settings.LANGUAGES, default=settings.LANGUAGE_CODE
    )
    digested_on = models.DateField(null=True)

    class Meta:
        verbose_name = _("preference of reminders")
        verbose_name_plural = _("preferences of reminders")
        ordering = ("user",)

    def __str__(self) -> str:
        return f"{self.user}: {self.wants_digest}"


class Mail(models.Model):
    """One digest to one person: the outbox. `lease` is a fencing number: only its holder may say what became of it."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        SENT = "sent", _("Sent")
        GIVEN_UP = "given_up", _("Given up")
        HELD = "held", _("Held back: demo")

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    recipient = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="mails")
    day = models.DateField()
    language = models.CharField(max_length=10)
    subject = models.CharField(max_length=200)
    text = models.TextField()
    created_at = models.DateTimeField()
    due_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    tries = models.PositiveSmallIntegerField(default=0)
    lease = models.PositiveIntegerField(default=0)
    leased_until = models.DateTimeField(null=True)
    problem = models.CharField(max_length=60, blank=True)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("e-mail")
        verbose_name_plural = _("e-mails")
        ordering = ("-created_at", "-id")
        constraints = (models.UniqueConstraint(fields=("recipient", "day"), name="mail_once_a_day"),)
        indexes = (models.Index(fields=("due_at",), name="mail_due", condition=models.Q(state="waiting")),)

    def __str__(self) -> str:
        return f"{self.recipient} {self.day:%Y-%m-%d}"
