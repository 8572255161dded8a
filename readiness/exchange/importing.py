"""Answers from a file: first what they would change and what is refused, then all or some of it in one transaction."""

import hashlib
import json
import unicodedata
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.conf import settings
from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import get_language, override
from django.utils.translation import gettext_lazy as _

from accounts.audit import record
from accounts.models import User
from readiness.assessments.answering import save_answer
from readiness.assessments.carrying import practice_in
from readiness.assessments.locking import lock_editable
from readiness.assessments.models import Answer, Assessment
from readiness.assessments.replies import NOTHING, Reply
from readiness.bank import Practice, load_bank, versions
from readiness.exceptions import GateAlwaysApplies, ReadinessError
from readiness.exchange.cells import Unclear, read_day, read_level, read_whole
from readiness.exchange.columns import ANSWERS, KNOWN, LONGEST_NOTE, LONGEST_REASON
from readiness.exchange.reading import (
    MOST_BYTES,
    MOST_COLUMNS,
    MOST_ROWS,
    FileRefused,
    FileRow,
    ReadFile,
    read_csv,
    read_json,
)
from readiness.exchange.workbooks import MOST_UNPACKED_BYTES, read_workbook

FILE_SENTENCES: dict[str, str | Promise] = {
    "active_content": _("The workbook holds macros, embedded objects or links to other files. Save it without them."),
    "doubled_columns": _("These columns are there more than once: %(names)s. Keep one of each."),
    "empty": _("The file is empty. Choose an export or a filled-in template."),
    "malformed": _("The file cannot be read as what its name says. Save it again as XLSX, CSV or JSON."),
    "no_practice_column": _(
        "No column has the keys of the practices. Start from an export or the template, and keep its first row."
    ),
    "no_practices": _("The JSON has no list named “practices”. Start from an export."),
    "too_large": _("The file is larger than %(mib)s MiB. Keep the rows of one assessment."),
    "too_large_inside": _("The workbook unpacks to more than %(unpacked_mib)s MiB. Keep the sheet with the answers."),
    "too_many_columns": _("The file has more than %(columns)s columns. Keep those of the export."),
    "too_many_rows": _("The file has more than %(rows)s rows. Keep the rows of one assessment."),
    "too_much_text": _(
        "The file holds more text than the notes of an assessment can. Keep the rows of one assessment."
    ),
    "unknown_type": _("Choose a file that ends in .xlsx, .csv or .json."),
}
ROW_SENTENCES: dict[str, str | Promise] = {
    "another_bank": _(
        "The row answers version %(found)s of the question bank; this assessment is on %(version)s. "
        "Download the template again."
    ),
    "both": _("Give a level, or why the practice does not apply, not both."),
    "day_ambiguous": _("%(cell)s can be read as two days. Write it as 2026-12-31."),
    "day_past": _("Choose a date in the future on which to look at it again."),
    "doubled": _("The practice stands in several rows: %(rows)s. Keep one of them."),
    "gate": GateAlwaysApplies.message,
    "level_between": _("%(cell)s is no level: choose a whole number from 0 to 4, the highest that is true."),
    "level_no_number": _("“%(cell)s” is no level: write a whole number from 0 to 4."),
    "level_outside": _("%(cell)s is no level: levels go from 0 to 4."),
    "no_day": _("“%(cell)s” is no date: write it as 2026-12-31."),
    "no_practice": _("The row has no key of a practice."),
    "no_reason": _("Say why this practice does not apply to you."),
    "no_until": _("Choose a date in the future on which to look at it again."),
    "no_whole_number": _("“%(cell)s” is no version of an answer: keep this column as it was exported."),
    "not_storable": _("The text has a sign in it that cannot be kept. Write it again."),
    "note_long": _("The note is longer than %(longest_note)s characters. Shorten it."),
    "other_version": _("The practice %(cell)s is not asked in version %(version)s of the question bank."),
    "reason_long": _("The reason is longer than %(longest_reason)s characters. Shorten it."),
    "stale": _(
        "Somebody changed this answer after the file was made: the file has version %(found)s, now it is version "
        "%(standing)s. Download it again, or empty the version in this row to write over it."
    ),
    "unknown": _("“%(cell)s” is no practice of this assessment."),
}
READERS = {"csv": read_csv, "xlsx": read_workbook}


class PlanChanged(ReadinessError):
    code = "plan_changed"
    message = _("The answers have changed since this preview. Nothing was written: look at it again.")


class NothingChosen(ReadinessError):
    code = "nothing_chosen"
    message = _("Choose at least one answer to write.")


@dataclass(frozen=True, slots=True)
class Change:
    """An answer that a row changes; `seen_version` is of what stands, 0 where nothing does."""

    number: int
    practice: Practice
    before: Reply
    after: Reply
    seen_version: int


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row that is not taken, and why; `cell` is what its key said."""

    number: int
    cell: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What a file would do to an assessment."""

    changes: tuple[Change, ...]
    refusals: tuple[Refusal, ...]
    unchanged: int
    empty: int

    @property
    def digest(self) -> str:
        """The same as long as importing would change the same answers from the same to the same."""
        parts = [(each.practice.key, each.seen_version, repr(each.after)) for each in self.changes]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def read_file(name: str, content: bytes) -> ReadFile:
    """The rows of a file whose name says what it is. Raises `FileRefused`."""
    ending = name.rpartition(".")[2].lower()
    if ending not in {*READERS, "json"}:
        raise FileRefused("unknown_type")
    if len(content) > MOST_BYTES:
        raise FileRefused("too_large")
    if not content.strip():
        raise FileRefused("empty")
    return read_json(content) if ending == "json" else READERS[ending](content, heading_keys())


def heading_keys() -> dict[str, str]:
    """Which column a heading stands for, in whichever language it was exported, or as a key."""
    found = {column.key: column.key for column in KNOWN}
    for language, _name in settings.LANGUAGES:
        with override(language):
            found |= {str(column.heading).lower(): column.key for column in KNOWN}
    return found


def sentence(refused: FileRefused) -> str:
    """Why a file is not read, for its sender."""
    return str(FILE_SENTENCES[refused.code]) % {
        "names": ", ".join(refused.names),
        "mib": MOST_BYTES // 2**20,
        "unpacked_mib": MOST_UNPACKED_BYTES // 2**20,
        "rows": MOST_ROWS,
        "columns": MOST_COLUMNS,
    }


def plan_import(assessment: Assessment, rows: Sequence[FileRow], today: date) -> Plan:
    """What the rows would change, row by row; one query.

    Where nothing is written in a row, its answer stays as it is. A column that is missing keeps what stands.
    """
    standing = {answer.practice: answer for answer in assessment.answers.all()}
    numbers: dict[str, list[int]] = {}
    for row in rows:
        numbers.setdefault(_key(row), []).append(row.number)
    changes, refusals, counted = [], [], Counter[str]()
    for row in rows:
        try:
            if len(numbers[_key(row)]) > 1 and _key(row):
                raise _Refused("doubled", rows=", ".join(map(str, numbers[_key(row)])))
            found = _change(assessment, row, standing.get(_key(row)), today)
        except _Refused as error:
            refusals.append(_refusal(assessment, row, error))
        else:
            if isinstance(found, Change):
                changes.append(found)
            else:
                counted[found] += 1
    return Plan(tuple(changes), tuple(refusals), counted["unchanged"], counted["empty"])


class _Refused(ValueError):
    def __init__(self, code: str, **said: object) -> None:
        super().__init__(code)
        self.code, self.said = code, said


def _key(row: FileRow) -> str:
    return row.cells.get("practice", "").strip()


def _refusal(assessment: Assessment, row: FileRow, error: "_Refused") -> Refusal:
    said = {
        "cell": _key(row)[:40],
        "version": assessment.bank_version,
        "longest_note": LONGEST_NOTE,
        "longest_reason": LONGEST_REASON,
        **error.said,
    }
    return Refusal(row.number, _key(row)[:40], str(ROW_SENTENCES[error.code]) % said)


def _change(assessment: Assessment, row: FileRow, answer: Answer | None, today: date) -> Change | str:
    """What one row changes, or `unchanged` or `empty`. Raises `_Refused`."""
    practice = _practice(assessment, row)
    # A spreadsheet may take it for a number, and write that in the form of its language.
    found = row.cells.get("bank_version", "").strip().replace(",", ".")
    if found and found != assessment.bank_version:
        raise _Refused("another_bank", found=found[:20])
    before = answer.reply if answer else NOTHING
    after = _reply(row, before)
    if after is None:
        return "empty"
    if after == before:
        return "unchanged"
    if after.is_not_applicable:
        if practice.gate:
            raise _Refused("gate")
        if not after.not_applicable_until or after.not_applicable_until <= today:
            raise _Refused("day_past" if after.not_applicable_until else "no_until")
    _check_version(assessment, row, answer)
    return Change(row.number, practice, before, after, answer.version if answer else 0)


def _practice(assessment: Assessment, row: FileRow) -> Practice:
    key = _key(row)
    if not key:
        raise _Refused("no_practice")
    practice = practice_in(load_bank(assessment.bank_version), key)
    if practice is None:
        is_elsewhere = any(practice_in(load_bank(version), key) for version in versions())
        raise _Refused("other_version" if is_elsewhere else "unknown")
    return practice


def _reply(row: FileRow, before: Reply) -> Reply | None:
    """What the row answers; None where nothing is written in it. Raises `_Refused`."""
    cells = {column.key: row.cells[column.key] for column in ANSWERS if column.key in row.cells}
    if not any(cell.strip() for cell in cells.values()):
        return None
    note = cells.get("note", before.note)
    reason = cells.get("not_applicable_reason", before.not_applicable_reason)
    note, reason = (text if text.strip() else "" for text in (note, reason))
    for text, longest, code in ((note, LONGEST_NOTE, "note_long"), (reason, LONGEST_REASON, "reason_long")):
        if any(sign == "\0" or unicodedata.category(sign) == "Cs" for sign in text):
            raise _Refused("not_storable")
        if len(text) > longest:
            raise _Refused(code)
    level = _level(cells["level"]) if "level" in cells else before.level
    until = _day(cells["not_applicable_until"]) if "not_applicable_until" in cells else before.not_applicable_until
    if level is not None and "not_applicable_reason" not in cells:
        reason, until = "", None
    if reason and "level" not in cells:
        level = None
    if level is not None and (reason or until):
        raise _Refused("both")
    if until and not reason:
        raise _Refused("no_reason")
    return Reply(level, note, reason, until)


def _level(cell: str) -> int | None:
    try:
        return read_level(cell)
    except Unclear as error:
        raise _Refused(error.code, cell=cell.strip()[:40]) from None


def _day(cell: str) -> date | None:
    try:
        return read_day(cell, is_day_first=(get_language() or "en").startswith("fr"))
    except Unclear as error:
        raise _Refused(error.code, cell=cell.strip()[:40]) from None


def _check_version(assessment: Assessment, row: FileRow, answer: Answer | None) -> None:
    """Refuse to write over what the maker of the file had not seen; files of other assessments know no version of it."""
    cell = row.cells.get("version", "")
    try:
        seen, origin = read_whole(cell), read_whole(row.cells.get("assessment", ""))
    except Unclear as error:
        raise _Refused(error.code, cell=cell.strip()[:40]) from None
    if answer and seen is not None and origin in {None, assessment.pk} and seen != answer.version:
        raise _Refused("stale", found=seen, standing=answer.version)


def apply_import(
    *,
    assessment: Assessment,
    rows: Sequence[FileRow],
    chosen: Collection[str],
    digest: str,
    by: User,
    now: datetime,
    today: date,
) -> int:
    """Answer the chosen practices as the rows say, all of them or none; how many.

    `digest` is that of the plan that was looked at. Raises `NotEditable`, `PlanChanged`, `NothingChosen`.
    """
    with transaction.atomic():
        locked = lock_editable(assessment.pk)
        plan = plan_import(locked, rows, today)
        if plan.digest != digest:
            raise PlanChanged
        changes = [change for change in plan.changes if change.practice.key in chosen]
        if not changes:
            raise NothingChosen
        for change in changes:
            save_answer(
                assessment=locked,
                practice=change.practice.key,
                reply=change.after,
                seen_version=change.seen_version,
                by=by,
                now=now,
            )
        record("assessment.import", locked, actor=by, answers=len(changes))
    return len(changes)
