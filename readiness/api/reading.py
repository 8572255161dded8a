"""An assessment as the API gives it: every practice of its bank, answered or not, with what stands behind it."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Prefetch

from readiness.assessments.models import Answer, Assessment, Evidence, Remark
from readiness.bank import Practice, load_bank


@dataclass(frozen=True)
class AskedPractice:
    """One practice of an assessment; `answer` is None while nobody has written anything."""

    rule: str
    practice: Practice
    answer: Answer | None
    remarks: tuple[Remark, ...]


def asked_practices(assessment: Assessment) -> list[AskedPractice]:
    """Every practice of the assessment's bank, in its order; three queries."""
    return _asked(assessment, load_bank(assessment.bank_version).practices)


def asked_practice(assessment: Assessment, practice: Practice) -> AskedPractice:
    """One practice of the assessment; three queries."""
    return _asked(assessment, [practice])[0]


def _asked(assessment: Assessment, practices: Iterable[Practice]) -> list[AskedPractice]:
    bank, wanted = load_bank(assessment.bank_version), {practice.key: practice for practice in practices}
    pieces = Prefetch("evidence", Evidence.objects.select_related("added_by", "reviewed_by"))
    people = ("answered_by", "not_applicable_approved_by")
    found = assessment.answers.filter(practice__in=wanted).select_related(*people).prefetch_related(pieces)
    answers = {answer.practice: answer for answer in found}
    remarks: dict[str, list[Remark]] = {}
    for remark in assessment.remarks.filter(practice__in=wanted).select_related("written_by"):
        remarks.setdefault(remark.practice, []).append(remark)
    return [
        AskedPractice(bank.rule_of(key).key, practice, answers.get(key), tuple(remarks.get(key, ())))
        for key, practice in wanted.items()
    ]
