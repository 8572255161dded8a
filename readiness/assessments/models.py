"""One team's answers to one version of the bank, what stands behind them, and what measurements say of them."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping
from typing import Self

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Team
from inference_kpis.catalogue import KPIS, Kpi
from inference_kpis.fleet.models import Site
from readiness.assessments.replies import Reply
from readiness.blobs.models import Blob
from readiness.figures import FIGURES


class AssessmentQuerySet(models.QuerySet["Assessment"]):
    def approved(self) -> Self:
        return self.filter(state=Assessment.State.APPROVED)

    def in_progress(self) -> Self:
        return self.exclude(state=Assessment.State.APPROVED)

    def latest_approved_per_team(self) -> Self:
        """One assessment a team: the one approved last."""
        return self.approved().order_by("team_id", "-approved_at", "-id").distinct("team_id")


class Assessment(models.Model):
    """One team's answers to one version of the bank."""

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        SUBMITTED = "submitted", _("Submitted")
        SENT_BACK = "sent_back", _("Sent back")
        APPROVED = "approved", _("Approved")

    EDITABLE = (State.OPEN, State.SENT_BACK)

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="assessments", verbose_name=_("team"))
    bank_version = models.CharField(max_length=20, editable=False)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.OPEN, editable=False)
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    started_at = models.DateTimeField(default=timezone.now)
    submitted_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    submitted_at = models.DateTimeField(null=True)
    reviewed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    approved_at = models.DateTimeField(null=True)
    remark = models.TextField(blank=True)
    is_demo = models.BooleanField(default=False, editable=False)

    objects = AssessmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("assessment")
        verbose_name_plural = _("assessments")
        ordering = ("-started_at", "-id")
        constraints = (
            models.UniqueConstraint(
                fields=("team",),
                condition=models.Q(state__in=("open", "submitted", "sent_back")),
                name="assessment_one_in_progress_per_team",
            ),
        )

    def __str__(self) -> str:
        return f"{self.team} · {self.started_at:%Y-%m-%d}"

    def get_absolute_url(self) -> str:
        return reverse("readiness:assessment_detail", args=[self.pk])

    @property
    def is_editable(self) -> bool:
        return self.state in self.EDITABLE


class Answer(models.Model):
    """One practice in one assessment. `version` counts its changes, so that a stale write can be refused."""

    assessment = models.ForeignKey(Assessment, on_delete=models.CASCADE, related_name="answers")
    practice = models.CharField(max_length=20)
    level = models.PositiveSmallIntegerField(_("declared level"), null=True, validators=[MaxValueValidator(4)])
    note = models.TextField(_("note"), blank=True, max_length=4000)
    is_not_applicable = models.BooleanField(_("not applicable"), default=False)
    not_applicable_reason = models.CharField(max_length=500, blank=True)
    not_applicable_until = models.DateField(null=True)
    not_applicable_approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    version = models.PositiveIntegerField(default=1)
    answered_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    answered_at = models.DateTimeField()
    # Carried over, or reworded under it since: it counts as an answer once somebody confirms or changes it.
    awaits_confirmation = models.BooleanField(default=False, editable=False)
    # The version of the bank whose words it answers, where that is not the assessment's.
    worded_in = models.CharField(max_length=20, blank=True, editable=False)
    carried_from = models.ForeignKey(Assessment, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        verbose_name = _("answer")
        verbose_name_plural = _("answers")
        ordering = ("assessment", "practice")
        constraints = (
            models.UniqueConstraint(fields=("assessment", "practice"), name="answer_once_per_practice"),
            models.CheckConstraint(condition=models.Q(level=None) | models.Q(level__lte=4), name="answer_level_0_to_4"),
            models.CheckConstraint(
                condition=models.Q(is_not_applicable=False) | models.Q(level=None),
                name="answer_level_or_not_applicable",
            ),
        )

    def __str__(self) -> str:
        return f"{self.assessment} {self.practice}"

    @property
    def reply(self) -> Reply:
        return Reply(self.level, self.note, self.not_applicable_reason, self.not_applicable_until)


class AnswerChange(models.Model):
    """One change of one answer, from what to what. Rows are only ever added: a trigger refuses the rest.

    `from_` is None, empty and None where nothing was answered before; `version` is the answer's after the change.
    """

    assessment = models.ForeignKey(Assessment, on_delete=models.CASCADE, related_name="changes")
    practice = models.CharField(max_length=20)
    version = models.PositiveIntegerField()
    from_level = models.PositiveSmallIntegerField(null=True)
    from_note = models.TextField(blank=True)
    from_reason = models.CharField(max_length=500, blank=True)
    from_until = models.DateField(null=True)
    to_level = models.PositiveSmallIntegerField(null=True)
    to_note = models.TextField(blank=True)
    to_reason = models.CharField(max_length=500, blank=True)
    to_until = models.DateField(null=True)
    restores = models.ForeignKey("self", on_delete=models.CASCADE, null=True, related_name="+")
    carried_from = models.ForeignKey(Assessment, on_delete=models.PROTECT, null=True, related_name="+")
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    changed_at = models.DateTimeField()

    class Meta:
        verbose_name = _("change of an answer")
        verbose_name_plural = _("changes of answers")
        ordering = ("-id",)
        indexes = (models.Index(fields=("assessment", "practice", "-id"), name="answer_change_newest_first"),)

    def __str__(self) -> str:
        return f"{self.assessment} {self.practice} {self.version}"

    @property
    def before(self) -> Reply:
        return Reply(self.from_level, self.from_note, self.from_reason, self.from_until)

    @property
    def after(self) -> Reply:
        return Reply(self.to_level, self.to_note, self.to_reason, self.to_until)

    @property
    def is_confirmation(self) -> bool:
        """Whether somebody let stand what was there; anything else that changes nothing is not written down."""
        return self.before == self.after


class AnsweringPreference(models.Model):
    """How one person likes to answer: a practice or a rule on a page, the gate practices first or all in order."""

    class Layout(models.TextChoices):
        PRACTICE = "practice", _("One practice a page")
        RULE = "rule", _("A whole rule on one page")

    class Path(models.TextChoices):
        GATES = "gates", _("Gate practices first")
        ALL = "all", _("All practices in order")

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="+")
    layout = models.CharField(max_length=10, choices=Layout.choices, default=Layout.PRACTICE)
    path = models.CharField(max_length=10, choices=Path.choices, default=Path.GATES)

    class Meta:
        verbose_name = _("preference of answering")
        verbose_name_plural = _("preferences of answering")
        ordering = ("user",)

    def __str__(self) -> str:
        return f"{self.user}: {self.layout}, {self.path}"


class Remark(models.Model):
    """What a reviewer asks to be changed in one practice; open until the team has answered it again."""

    assessment = models.ForeignKey(Assessment, on_delete=models.CASCADE, related_name="remarks")
    practice = models.CharField(max_length=20)
    text = models.TextField(_("remark"), max_length=2000)
    written_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    written_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("remark")
        verbose_name_plural = _("remarks")
        ordering = ("assessment", "practice", "written_at", "id")

    def __str__(self) -> str:
        return f"{self.assessment} {self.practice}"


class CurrentEvidence(models.Manager["Evidence"]):
    """What counts: not withdrawn, and not replaced by a later revision."""

    def get_queryset(self) -> models.QuerySet["Evidence"]:
        return super().get_queryset().filter(withdrawn_at=None, replaced_at=None)


class Evidence(models.Model):
    """A dated file, link, note or measurement behind an answer.

    A revision is a row of its own that `replaces` the one before: reviews belong to revisions, and earlier ones stay
    readable. `objects` and `answer.evidence` hold what counts, `everything` the others as well.
    """

    class Kind(models.TextChoices):
        NOTE = "note", _("Note")
        LINK = "link", _("Link")
        FILE = "file", _("File")
        MEASUREMENT = "measurement", _("Measurement")

    answer = models.ForeignKey(Answer, on_delete=models.CASCADE, related_name="evidence")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    title = models.CharField(_("what it shows"), max_length=200)
    url = models.URLField(_("link"), max_length=500, blank=True)
    blob = models.ForeignKey(Blob, on_delete=models.PROTECT, null=True, related_name="+")
    file_name = models.CharField(max_length=120, blank=True)
    media_type = models.CharField(max_length=100, blank=True)
    dated_on = models.DateField(_("date of the evidence"))
    # An end before the practice's usual validity; None: the usual one.
    valid_until = models.DateField(_("valid until"), null=True)
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField(default=timezone.now)
    replaces = models.OneToOneField("self", on_delete=models.CASCADE, null=True, related_name="replaced_by")
    replaced_at = models.DateTimeField(null=True)
    withdrawn_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    withdrawn_at = models.DateTimeField(null=True)
    reviewed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    reviewed_at = models.DateTimeField(null=True)
    # Why a reviewer does not count it as reviewed; '' where nobody refused it.
    refusal = models.CharField(max_length=500, blank=True)

    objects = CurrentEvidence()
    everything = models.Manager()

    class Meta:
        verbose_name = _("evidence")
        verbose_name_plural = _("evidence")
        ordering = ("answer", "-dated_on", "-id")
        base_manager_name = "everything"
        constraints = (
            models.CheckConstraint(
                condition=models.Q(reviewed_by=None) | ~models.Q(reviewed_by=models.F("added_by")),
                name="evidence_reviewed_by_another",
            ),
        )

    def __str__(self) -> str:
        return self.title

    def validity_days(self, usual: int) -> int:
        """For how many days after its date it counts in full: as usual, or until its own end if that is sooner."""
        own = (self.valid_until - self.dated_on).days if self.valid_until else usual
        return max(1, min(usual, own))


def digest_of(scores: object) -> str:
    """SHA-256 in hex of scores as JSON with sorted keys and without spaces, in UTF-8: the same for equal scores."""
    text = json.dumps(scores, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


class Snapshot(models.Model):
    """The scores of an assessment and what stood behind them, frozen when it was approved: a trigger refuses changes."""

    assessment = models.OneToOneField(Assessment, on_delete=models.CASCADE, related_name="snapshot")
    taken_at = models.DateTimeField()
    scores = models.JSONField()
    digest = models.CharField(max_length=64)

    @property
    def is_intact(self) -> bool:
        """Whether the scores still are what was frozen."""
        return digest_of(self.scores) == self.digest

    class Meta:
        ordering = ("-taken_at", "-id")

    def __str__(self) -> str:
        return f"{self.assessment} {self.taken_at:%Y-%m-%d}"


class BankMove(models.Model):
    """An assessment in progress moved to another version of the bank; the newest one that stands can be taken back.

    `set_waiting` has the practices whose answers waited for somebody only because of it, `last_change` the newest
    change of an answer before it, 0 where there was none.
    """

    assessment = models.ForeignKey(Assessment, on_delete=models.CASCADE, related_name="bank_moves")
    from_version = models.CharField(max_length=20)
    to_version = models.CharField(max_length=20)
    set_waiting = models.JSONField(default=list)
    last_change = models.PositiveBigIntegerField(default=0)
    moved_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    moved_at = models.DateTimeField()
    undone_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    undone_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("move to another version of the bank")
        verbose_name_plural = _("moves to another version of the bank")
        ordering = ("assessment", "-id")

    def __str__(self) -> str:
        return f"{self.assessment} {self.from_version} → {self.to_version}"


class RuleTarget(models.Model):
    """The level the company wants on a rule; 3 where there is no row."""

    DEFAULT = 3

    rule = models.PositiveSmallIntegerField(primary_key=True)
    level = models.PositiveSmallIntegerField(
        _("target level"), default=DEFAULT, validators=[MinValueValidator(1), MaxValueValidator(4)]
    )

    class Meta:
        verbose_name = _("target level")
        verbose_name_plural = _("target levels")
        ordering = ("rule",)

    def __str__(self) -> str:
        return f"{self.rule}: {self.level}"

    @classmethod
    def by_rule(cls) -> Mapping[int, int]:
        """The wanted level by the number of any rule; one query."""
        return defaultdict(lambda: cls.DEFAULT, cls.objects.values_list("rule", "level"))


class Binding(models.Model):
    """Joins a practice of a team to what measures it: a KPI, or a figure of a workspace, and a threshold per level.

    Checks of windows that ended before `judged_since` were made with other rules, and say nothing any more.
    """

    class Source(models.TextChoices):
        KPI = "kpi", _("KPI")
        WORKSPACE = "workspace", _("figure of a workspace")

    class Comparator(models.TextChoices):
        AT_MOST = "le", "≤"
        AT_LEAST = "ge", "≥"

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="bindings", verbose_name=_("team"))
    practice = models.CharField(_("practice"), max_length=20)
    source = models.CharField(max_length=10, choices=Source.choices, default=Source.KPI)
    kpi = models.CharField(_("KPI"), max_length=60)
    sites = models.ManyToManyField(Site, blank=True, verbose_name=_("sites"))
    site_share = models.DecimalField(_("share of sites"), max_digits=4, decimal_places=3, default=1)
    comparator = models.CharField(_("comparator"), max_length=2, choices=Comparator.choices)
    # Level → threshold in the KPI's unit; a level without one is not told apart by this binding.
    thresholds = models.JSONField(_("threshold per level"))
    window_seconds = models.PositiveIntegerField(_("window (s)"), default=30 * 24 * 3600)
    minimum_samples = models.PositiveIntegerField(_("minimum samples"), default=100)
    minimum_coverage = models.DecimalField(_("minimum coverage"), max_digits=4, decimal_places=3, default="0.8")
    judged_since = models.DateTimeField(null=True, editable=False)
    is_demo = models.BooleanField(default=False, editable=False)

    class Meta:
        verbose_name = _("binding")
        verbose_name_plural = _("bindings")
        ordering = ("team", "practice")
        constraints = (models.UniqueConstraint(fields=("team", "practice", "source", "kpi"), name="binding_once"),)

    def __str__(self) -> str:
        return f"{self.practice} {self.kpi}"

    def get_absolute_url(self) -> str:
        return reverse("readiness:binding_detail", args=[self.pk])

    @property
    def figure(self) -> Kpi:
        """What it looks at; figures of workspaces are shown as KPIs are."""
        return KPIS[self.kpi] if self.source == self.Source.KPI else FIGURES[self.kpi]


class ReportedFigure(models.Model):
    """What a workspace measured of a team, in percent; `samples` is how many things the share is of."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    figure = models.CharField(max_length=60)
    at = models.DateTimeField()
    value = models.FloatField()
    samples = models.PositiveIntegerField()

    class Meta:
        ordering = ("team", "figure", "-at")
        constraints = (models.UniqueConstraint(fields=("team", "figure", "at"), name="reported_figure_once"),)

    def __str__(self) -> str:
        return f"{self.team_id} {self.figure} {self.value}"


class BindingCheck(models.Model):
    """What one window measured for a binding."""

    binding = models.ForeignKey(Binding, on_delete=models.CASCADE, related_name="checks")
    window_start = models.DateTimeField()
    window_end = models.DateTimeField()
    measured_level = models.PositiveSmallIntegerField(null=True)
    value = models.FloatField(null=True)
    samples = models.BigIntegerField(default=0)
    coverage = models.DecimalField(max_digits=4, decimal_places=3, default=0)

    class Meta:
        ordering = ("binding", "-window_end")
        constraints = (models.UniqueConstraint(fields=("binding", "window_end"), name="binding_check_once_per_window"),)

    def __str__(self) -> str:
        return f"{self.binding} {self.window_end:%Y-%m-%d %H:%M}"
