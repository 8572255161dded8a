"""People, their teams and roles, the keys of machines, and the trail of who did what."""

import hashlib
import secrets
from datetime import datetime
from typing import Any, ClassVar, Self

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    EXECUTIVE = "executive", _("Executive")
    CONTRIBUTOR = "contributor", _("Contributor")
    REVIEWER = "reviewer", _("Reviewer")
    OPERATOR = "operator", _("Operator")
    ADMINISTRATOR = "administrator", _("Administrator")


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save()
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, role=Role.ADMINISTRATOR, **fields)


class User(AbstractBaseUser):
    """A person. What they may do follows from `role`, and for assessments from their teams."""

    email = models.EmailField(_("e-mail"), unique=True)
    name = models.CharField(_("name"), max_length=120)
    role = models.CharField(_("role"), max_length=20, choices=Role.choices, default=Role.CONTRIBUTOR)
    is_active = models.BooleanField(_("may sign in"), default=True)
    is_demo = models.BooleanField(_("demo"), default=False, editable=False)
    joined_at = models.DateTimeField(_("joined"), default=timezone.now, editable=False)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]
    objects = UserManager()

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        ordering = ("email",)

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def is_administrator(self) -> bool:
        return self.role == Role.ADMINISTRATOR

    @property
    def is_staff(self) -> bool:
        """Whether Django's administration site lets this person in."""
        return self.is_administrator

    def has_perm(self, perm: str, obj: object = None) -> bool:
        return self.is_active and self.is_administrator

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_active and self.is_administrator


class Team(models.Model):
    """The boundary inside the company for assessments."""

    name = models.CharField(_("name"), max_length=120, unique=True)
    members = models.ManyToManyField(User, through="Membership", related_name="teams")
    is_demo = models.BooleanField(_("demo"), default=False, editable=False)

    class Meta:
        verbose_name = _("team")
        verbose_name_plural = _("teams")
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    team = models.ForeignKey(Team, on_delete=models.CASCADE, verbose_name=_("team"))
    user = models.ForeignKey(User, on_delete=models.CASCADE, verbose_name=_("person"))

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        ordering = ("team", "user")
        constraints = (models.UniqueConstraint(fields=("team", "user"), name="membership_once"),)

    def __str__(self) -> str:
        return f"{self.user} · {self.team}"


class MachineKeyQuerySet(models.QuerySet["MachineKey"]):
    def usable(self, now: datetime) -> Self:
        return self.filter(models.Q(expires_at=None) | models.Q(expires_at__gt=now), revoked_at=None)


def hash_secret(secret: str) -> str:
    """SHA-256 in hex. A plain hash is enough: the secret is 256 random bits, not a word that people choose."""
    return hashlib.sha256(secret.encode()).hexdigest()


class MachineKey(models.Model):
    """What a machine shows to write or read. The secret is shown once and kept only as a hash."""

    class Scope(models.TextChoices):
        WRITE_READINGS = "readings:write", _("write readings")
        READ_KPIS = "kpis:read", _("read KPIs")
        WRITE_FLEET = "fleet:write", _("register and change nodes")
        WRITE_KPIS = "kpis:write", _("define KPIs")
        WRITE_ANNOTATIONS = "annotations:write", _("write annotations")

    PREFIX_LENGTH = 8

    name = models.CharField(_("name"), max_length=120)
    prefix = models.CharField(_("prefix"), max_length=PREFIX_LENGTH, unique=True, editable=False)
    secret_hash = models.CharField(max_length=64, editable=False)
    scopes = ArrayField(models.CharField(max_length=20, choices=Scope.choices), verbose_name=_("scopes"), default=list)
    quota_per_minute = models.PositiveIntegerField(
        _("quota per minute"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("How many readings or OTLP points it may push in a minute; empty: as many as it likes."),
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True, editable=False)

    objects = MachineKeyQuerySet.as_manager()

    class Meta:
        verbose_name = _("machine key")
        verbose_name_plural = _("machine keys")
        ordering = ("name", "id")

    def __str__(self) -> str:
        return f"{self.name} (vig_{self.prefix}…)"

    @classmethod
    def issue(cls, *, name: str, scopes: list[str], expires_at: datetime | None = None) -> tuple["MachineKey", str]:
        """A new, saved key and its text `vig_<prefix>_<secret>`, which cannot be shown again."""
        key = cls(name=name, scopes=scopes, expires_at=expires_at)
        return key, key.renew()

    def renew(self) -> str:
        """Give the key a new prefix and secret, save it, and return its text."""
        self.prefix = secrets.token_hex(self.PREFIX_LENGTH // 2)
        secret = secrets.token_urlsafe(32)
        self.secret_hash = hash_secret(secret)
        self.save()
        return f"vig_{self.prefix}_{secret}"


class PersonalTokenQuerySet(models.QuerySet["PersonalToken"]):
    def usable(self, now: datetime) -> Self:
        return self.filter(revoked_at=None, expires_at__gt=now, user__is_active=True)


class PersonalToken(models.Model):
    """What a person's own script shows instead of signing in. It may what they may, and no more than its scopes.

    The secret is shown once and kept only as a hash. It always expires.
    """

    class Scope(models.TextChoices):
        READ_ASSESSMENTS = "assessments:read", _("read assessments")
        WRITE_ASSESSMENTS = "assessments:write", _("write assessments")

    PREFIX_LENGTH = 8

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="tokens", verbose_name=_("person"))
    name = models.CharField(_("name"), max_length=120)
    prefix = models.CharField(_("prefix"), max_length=PREFIX_LENGTH, unique=True, editable=False)
    secret_hash = models.CharField(max_length=64, editable=False)
    scopes = ArrayField(models.CharField(max_length=20, choices=Scope.choices), verbose_name=_("scopes"), default=list)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    expires_at = models.DateTimeField(_("expires"))
    revoked_at = models.DateTimeField(_("revoked"), null=True)
    last_used_at = models.DateTimeField(_("last used"), null=True, editable=False)

    objects = PersonalTokenQuerySet.as_manager()

    class Meta:
        verbose_name = _("personal access token")
        verbose_name_plural = _("personal access tokens")
        ordering = ("user", "-id")

    def __str__(self) -> str:
        return f"{self.name} (vigp_{self.prefix}…)"

    @property
    def may_write(self) -> bool:
        return self.Scope.WRITE_ASSESSMENTS in self.scopes


class AuditEvent(models.Model):
    """One thing somebody did that others may ask about later. Rows are added, never changed."""

    at = models.DateTimeField(_("when"), default=timezone.now, db_index=True)
    actor = models.ForeignKey(User, on_delete=models.PROTECT, null=True, verbose_name=_("who"))
    verb = models.CharField(_("what"), max_length=60)
    subject = models.CharField(_("on what"), max_length=200)
    details = models.JSONField(_("details"), default=dict)

    class Meta:
        verbose_name = _("audit event")
        verbose_name_plural = _("audit trail")
        ordering = ("-at", "-id")

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.verb} {self.subject}"
