"""Files as evidence: checked, kept once, revised, and never lost once acknowledged."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Sum
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.audit import record
from accounts.models import User
from readiness.assessments.answering import save_answer
from readiness.assessments.locking import lock_editable
from readiness.assessments.models import Answer, Assessment, Evidence
from readiness.assessments.replies import NOTHING
from readiness.blobs.keeping import keep
from readiness.blobs.models import Blob
from readiness.blobs.sniffing import Unwelcome, clean_name, file_type
from readiness.exceptions import NotEditable, ReadinessError

MIB = 1024 * 1024
ORPHANS_KEPT_FOR = timedelta(days=1)
REASONS: dict[str, str | Promise] = {
    "active_content": _(
        "%(name)s holds macros, embedded objects or links to other files. Save it without them, or as PDF."
    ),
    "empty": _("%(name)s is empty."),
    "other_content": _("%(name)s is not what its name says, or it is damaged. Save it again in its format."),
    "no_table": _("%(name)s is no table: a quotation mark in it never ends."),
    "something_besides": _(
        "%(name)s carries an archive or a page besides what its name says. Save it again in its format."
    ),
    "too_large": _("%(name)s is larger than %(limit)s MiB. Attach the pages that show it, or a link."),
    "too_large_inside": _("%(name)s would unpack to far more than a document holds."),
    "too_much": _("%(name)s would make more than %(limit)s MiB of files in this assessment. Attach a link instead."),
    "unknown_type": _(
        "%(name)s is of no kind that is kept: PDF, PNG, JPEG, Word, Excel, PowerPoint, OpenDocument, text or CSV."
    ),
}


class Upload(Protocol):
    @property
    def name(self) -> str | None: ...
    @property
    def size(self) -> int | None: ...
    def read(self, size: int, /) -> bytes: ...


class FileRefused(ReadinessError):
    """One file that is not taken; the others of the same form are."""

    def __init__(self, code: str, name: str, limit: int = 0) -> None:
        super().__init__()
        self.code = code
        self.message = REASONS[code] % {"name": name, "limit": limit}


@dataclass(frozen=True)
class CheckedFile:
    """A file that may be kept."""

    name: str
    media_type: str
    content: bytes


def check_file(upload: Upload) -> CheckedFile:
    """Read a file, no more of it than the limit, and see what it is. Raises `FileRefused`."""
    shown = "".join(letter for letter in upload.name or "" if letter.isprintable())[-80:]
    try:
        name = clean_name(upload.name or "")
        content = upload.read(settings.EVIDENCE_FILE_MIB * MIB + 1)
        # What is far too large arrives cut: its size says so.
        if len(content) > settings.EVIDENCE_FILE_MIB * MIB or len(content) != upload.size:
            raise FileRefused("too_large", name, settings.EVIDENCE_FILE_MIB)
        return CheckedFile(name, file_type(name, content).media_type, content)
    except Unwelcome as error:
        raise FileRefused(error.code, shown) from None


def add_file(
    *,
    assessment: Assessment,
    practice: str,
    file: CheckedFile,
    title: str,
    dated_on: date,
    valid_until: date | None,
    by: User,
    now: datetime,
    replaces: Evidence | None = None,
) -> Evidence:
    """Attach a file to the answer of a practice; the same content under the same answer twice is one.

    With `replaces` it is the next revision of that piece, to be reviewed anew. Raises `NotEditable` and `FileRefused`.
    """
    with transaction.atomic():
        locked = lock_editable(assessment.pk)
        answer = answer_of(locked, practice, by=by, now=now)
        blob = keep(file.content, now)
        same = answer.evidence.filter(blob=blob, dated_on=dated_on, valid_until=valid_until).first()
        if same and replaces is None:
            return same
        _check_room(locked, blob, file.name)
        added = Evidence.objects.create(
            answer=answer,
            kind=Evidence.Kind.FILE,
            title=title or file.name,
            blob=blob,
            file_name=file.name,
            media_type=file.media_type,
            dated_on=dated_on,
            valid_until=valid_until,
            added_by=by,
            added_at=now,
            replaces=_replaced(replaces, now),
        )
        verb = "evidence.revise" if replaces else "evidence.add"
        record(verb, added.title, actor=by, practice=practice, sha256=blob.sha256)
    return added


def revise(
    evidence: Evidence, *, title: str, url: str, dated_on: date, valid_until: date | None, by: User, now: datetime
) -> Evidence:
    """The next revision of a piece with the same file, or of a link or note; to be reviewed anew. Raises `NotEditable`."""
    with transaction.atomic():
        lock_editable(evidence.answer.assessment_id)
        added = Evidence.objects.create(
            answer=evidence.answer,
            kind=evidence.kind,
            title=title,
            url=url if evidence.kind == Evidence.Kind.LINK else "",
            blob=evidence.blob,
            file_name=evidence.file_name,
            media_type=evidence.media_type,
            dated_on=dated_on,
            valid_until=valid_until,
            added_by=by,
            added_at=now,
            replaces=_replaced(evidence, now),
        )
        record("evidence.revise", added.title, actor=by, practice=evidence.answer.practice)
    return added


def _replaced(evidence: Evidence | None, now: datetime) -> Evidence | None:
    """The piece, counting no more from now on. Raises `NotEditable` where another revision came first."""
    if evidence and not Evidence.objects.filter(pk=evidence.pk).update(replaced_at=now):
        raise NotEditable
    return evidence


def answer_of(assessment: Assessment, practice: str, *, by: User, now: datetime) -> Answer:
    """The answer to hang evidence on, begun without a level where nobody has answered yet."""
    answer = Answer.objects.filter(assessment=assessment, practice=practice).first()
    return answer or save_answer(
        assessment=assessment, practice=practice, reply=NOTHING, seen_version=0, by=by, now=now
    )


def _check_room(assessment: Assessment, blob: Blob, name: str) -> None:
    kept = Evidence.everything.filter(answer__assessment=assessment).exclude(blob=None)
    used = Blob.objects.filter(pk__in=kept.values("blob")).exclude(pk=blob.pk).aggregate(sum=Sum("size"))["sum"] or 0
    if used + blob.size > settings.EVIDENCE_ASSESSMENT_MIB * MIB:
        raise FileRefused("too_much", name, settings.EVIDENCE_ASSESSMENT_MIB)


def remove_orphans(now: datetime) -> int:
    """Drop contents that nothing refers to and nobody brought for a day; how many."""
    used = Evidence.everything.filter(blob=OuterRef("pk"))
    with transaction.atomic():
        gone = Blob.objects.filter(~Exists(used), kept_at__lt=now - ORPHANS_KEPT_FOR)
        ids = list(gone.select_for_update(skip_locked=True).values_list("pk", flat=True))
        Blob.objects.filter(pk__in=ids).delete()
    return len(ids)
