"""Practices as they are asked on a page: what stands, what somebody writes, and both beside each other if they differ."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.models import User
from readiness.assessments.answering import StaleAnswer, save_reply
from readiness.assessments.carrying import practice_in
from readiness.assessments.forms import MERGED, THEIRS, AnswerForm, form_of, initial_of
from readiness.assessments.history import replies_at
from readiness.assessments.models import Answer, Assessment, Remark
from readiness.assessments.needing import is_reworded
from readiness.assessments.replies import NOTHING, Reply, merged
from readiness.bank import Practice, load_bank, versions
from readiness.exceptions import ReadinessError


@dataclass(frozen=True)
class Comparison:
    """What stands, and what somebody wrote who had not seen it; `base` is what they had seen, None if unknown."""

    standing: Answer
    mine: Reply
    base: Reply | None

    @property
    def merged(self) -> Reply:
        return merged(base=self.base, mine=self.mine, theirs=self.standing.reply)


@dataclass
class Entry:
    """One practice on a page; `prefix` tells the fields of several practices on one page apart.

    `is_settled` says that nothing in the form waits for its writer any more.
    """

    assessment: Assessment
    practice: Practice
    answer: Answer | None
    form: AnswerForm
    remarks: list[Remark] = field(default_factory=list)
    prefix: str | None = None
    comparison: Comparison | None = None
    is_posted: bool = False
    is_settled: bool = False

    @property
    def is_unsaved(self) -> bool:
        return self.is_posted and not self.is_settled

    def take(self, *, by: User, now: datetime) -> bool:
        """Do what the sender of the form chose. True if the answer was saved, so that the form is as good as new."""
        if self.form.choice == THEIRS:
            self._renew()
        elif self._is_asked_otherwise():
            self.form.add_error(
                None, _("The question was reworded since you opened this page. Read it again, then save.")
            )
        elif self.form.is_valid() and self.form.choice == MERGED:
            self._merge()
        elif self.form.is_valid():
            return self._save(by, now)
        return False

    def _is_asked_otherwise(self) -> bool:
        """Whether the sender saw the words of another version of the bank, and they said something else."""
        seen = self.form.data.get(self.form.add_prefix("seen_bank"))
        then = practice_in(load_bank(seen), self.practice.key) if seen in versions() else None
        return then is not None and is_reworded(then, self.practice)

    def leave_untouched(self) -> bool:
        """Let go of a form that says what its sender was shown, however old that is; one query where it is old."""
        if not self.form.is_valid() or self.form.choice or self.form.cleaned_data.get("evidence_title"):
            return False
        if self.form.reply != self._seen():
            return False
        self._renew()
        return True

    def _save(self, by: User, now: datetime) -> bool:
        data = self.form.cleaned_data
        try:
            self.answer = save_reply(
                assessment=self.assessment, practice=self.practice.key, form=data, reply=self.form.reply, by=by, now=now
            )
        except StaleAnswer as error:
            self.answer = error.current
            self.comparison = Comparison(error.current, self.form.reply, self._seen())
            return False
        except ReadinessError as error:
            self.form.add_error(None, str(error))
            return False
        self._renew()
        return True

    def _merge(self) -> None:
        """Both in one form, to be edited and then saved over what was compared."""
        theirs = self.answer.reply if self.answer else NOTHING
        together = merged(base=self._seen(), mine=self.form.reply, theirs=theirs)
        compared = self.form.cleaned_data["compared_version"] or 0
        self.form = AnswerForm(
            initial=initial_of(together, compared),
            practice=self.practice,
            language=get_language() or "en",
            prefix=self.prefix,
        )

    def _renew(self) -> None:
        self.form = form_of(self.answer, self.practice, get_language() or "en", self.prefix)
        self.is_settled = True

    def _seen(self) -> Reply | None:
        """What the sender of the form was shown."""
        version = self.form.cleaned_data["seen_version"]
        if self.answer and self.answer.version == version:
            return self.answer.reply
        key = self.practice.key
        return replies_at(self.assessment, {key: version}).get(key) if version else NOTHING


def entries_of(
    assessment: Assessment, practices: Iterable[Practice], posted: QueryDict | None = None, *, is_draft: bool = False
) -> list[Entry]:
    """The practices of a rule on one page; a constant number of queries, and one per form that is out of date."""
    answers = {answer.practice: answer for answer in _answers(assessment)}
    remarks: dict[str, list[Remark]] = {}
    for remark in Remark.objects.filter(assessment=assessment).select_related("written_by"):
        remarks.setdefault(remark.practice, []).append(remark)
    return [
        _entry(assessment, each, answers.get(each.key), remarks.get(each.key, []), posted, each.key, is_draft)
        for each in practices
    ]


def entry_of(
    assessment: Assessment, practice: Practice, posted: QueryDict | None = None, *, is_draft: bool = False
) -> Entry:
    """One practice on a page of its own."""
    answer = _answers(assessment).filter(practice=practice.key).first()
    remarks = list(Remark.objects.filter(assessment=assessment, practice=practice.key).select_related("written_by"))
    return _entry(assessment, practice, answer, remarks, posted, None, is_draft)


def _answers(assessment: Assessment) -> QuerySet[Answer]:
    return (
        Answer.objects.filter(assessment=assessment)
        .select_related("answered_by", "carried_from")
        .prefetch_related("evidence")
    )


def _entry(
    assessment: Assessment,
    practice: Practice,
    answer: Answer | None,
    remarks: list[Remark],
    posted: QueryDict | None,
    prefix: str | None,
    is_draft: bool,
) -> Entry:
    language = get_language() or "en"
    if posted is None:
        form = form_of(answer, practice, language, prefix)
    else:
        form = AnswerForm(posted, practice=practice, language=language, prefix=prefix, is_draft=is_draft)
    return Entry(assessment, practice, answer, form, remarks, prefix, is_posted=posted is not None)
