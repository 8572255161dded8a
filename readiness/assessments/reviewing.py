"""An assessment as a reviewer reads it: practice by practice, what is claimed beside what stands behind it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from readiness.assessments.models import Answer, Assessment, Evidence, Remark
from readiness.assessments.replies import Reply
from readiness.assessments.results import Result, result_of
from readiness.bank import Practice, Rule
from readiness.scoring import EvidenceClass, PracticeScore


class Show(StrEnum):
    """Which practices a reviewer looks at."""

    ALL = "all"
    CHANGED = "changed"
    GATES = "gates"
    OVER_CLAIMED = "over_claimed"
    UNPROVEN = "unproven"
    SET_ASIDE = "set_aside"
    REMARKED = "remarked"


LABELS: dict[Show, str | Promise] = {
    Show.ALL: _("All"),
    Show.CHANGED: _("Changed"),
    Show.GATES: _("Gates"),
    Show.OVER_CLAIMED: _("Claimed above verified"),
    Show.UNPROVEN: _("Without evidence"),
    Show.SET_ASIDE: _("Set aside"),
    Show.REMARKED: _("With your remarks"),
}


@dataclass(frozen=True)
class ReviewRow:
    """One practice under review; `before` is the reply in the assessment approved last, None without one."""

    practice: Practice
    score: PracticeScore
    answer: Answer | None
    before: Reply | None
    remarks: tuple[Remark, ...]

    @property
    def pieces(self) -> Sequence[Evidence]:
        return list(self.answer.evidence.all()) if self.answer else []

    @property
    def is_changed(self) -> bool:
        """Whether level or exemption differ from what was approved last."""
        if self.before is None:
            return False
        now = self.answer.reply if self.answer else Reply(None)
        return (now.level, now.is_not_applicable) != (self.before.level, self.before.is_not_applicable)

    @property
    def is_set_aside(self) -> bool:
        return self.answer is not None and self.answer.is_not_applicable

    @property
    def is_undecided(self) -> bool:
        return bool(self.answer and self.is_set_aside and self.answer.not_applicable_approved_by_id is None)

    @property
    def open_remarks(self) -> list[Remark]:
        return [remark for remark in self.remarks if remark.resolved_at is None]

    def belongs_to(self, show: Show) -> bool:
        match show:
            case Show.CHANGED:
                return self.is_changed
            case Show.GATES:
                return self.practice.gate
            case Show.OVER_CLAIMED:
                return self.score.is_applicable and self.score.declared_level > self.score.verified
            case Show.UNPROVEN:
                return self.score.declared_level > 0 and self.score.evidence is EvidenceClass.NONE
            case Show.SET_ASIDE:
                return self.is_set_aside
            case Show.REMARKED:
                return bool(self.open_remarks)
        return True


@dataclass(frozen=True)
class Review:
    """A whole assessment under review; `approved_on` is the day of the one before, None for the team's first."""

    result: Result
    rows: tuple[tuple[Rule, tuple[ReviewRow, ...]], ...]
    approved_on: date | None

    @property
    def every_row(self) -> list[ReviewRow]:
        return [row for _, rows in self.rows for row in rows]

    def showing(self, show: Show) -> list[tuple[Rule, list[ReviewRow]]]:
        """The rows that belong, rule by rule; rules without any are left out."""
        kept = [(rule, [row for row in rows if row.belongs_to(show)]) for rule, rows in self.rows]
        return [(rule, rows) for rule, rows in kept if rows]

    @property
    def choices(self) -> list[tuple[Show, str | Promise, int]]:
        """What can be shown, with the number of practices."""
        rows = self.every_row
        shown = [show for show in Show if show is not Show.CHANGED or self.approved_on]
        return [(show, LABELS[show], sum(row.belongs_to(show) for row in rows)) for show in shown]

    @property
    def remark_count(self) -> int:
        return sum(len(row.open_remarks) for row in self.every_row)

    @property
    def undecided_count(self) -> int:
        return sum(row.is_undecided for row in self.every_row)


def approved_before(assessment: Assessment) -> Assessment | None:
    """The team's assessment that was approved last before this one was started."""
    earlier = Assessment.objects.approved().filter(team=assessment.team_id).exclude(pk=assessment.pk)
    if assessment.approved_at:
        earlier = earlier.filter(approved_at__lt=assessment.approved_at)
    return earlier.order_by("-approved_at", "-pk").first()


def review_of(assessment: Assessment, now: datetime) -> Review:
    """An assessment as a reviewer reads it; eight queries at most."""
    result = result_of(assessment, now)
    earlier = approved_before(assessment)
    before = replies_of(earlier.answers.all()) if earlier else {}
    remarks: dict[str, list[Remark]] = {}
    for remark in Remark.objects.filter(assessment=assessment).select_related("written_by"):
        remarks.setdefault(remark.practice, []).append(remark)
    rows = []
    for each in result.rules:
        words = {practice.key: practice for practice in each.rule.practices}
        rows.append(
            (
                each.rule,
                tuple(
                    ReviewRow(
                        words[score.practice.key],
                        score,
                        result.answers.get(score.practice.key),
                        before.get(score.practice.key, Reply(None)) if earlier else None,
                        tuple(remarks.get(score.practice.key, ())),
                    )
                    for score in each.score.practices
                ),
            )
        )
    return Review(result, tuple(rows), earlier.approved_at.date() if earlier and earlier.approved_at else None)


def replies_of(answers: Iterable[Answer]) -> dict[str, Reply]:
    return {answer.practice: answer.reply for answer in answers}
