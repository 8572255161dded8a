"""Files as evidence: in, out, revised, withdrawn; only for who may, and never lost."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import connection
from django.urls import reverse
from pytest_django import Settings

from accounts.models import AuditEvent, Role, User
from readiness.assessments.models import Answer, Assessment, Evidence
from readiness.blobs.models import Blob
from readiness.evidence.files import remove_orphans
from tests.factories import UserFactory, member_of, signed_in
from tests.pages import words
from tests.readiness.assessments.writing import answer, answer_all, attach, days_ago, submit
from tests.readiness.blobs.test_sniffing import PDF, PNG

pytestmark = pytest.mark.django_db


def file(name: str = "Compte rendu.pdf", content: bytes = PDF) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def upload(person: User, assessment: Assessment, *files: Any, key: str = "UC1", **values: Any) -> Any:
    address = reverse("readiness:evidence_add", args=[assessment.pk, key])
    sent = {"uploads": list(files), "dated_on": days_ago(3).isoformat(), "title": "", "valid_until": "", **values}
    return signed_in(person).post(address, sent, follow=True)


def download(person: User, evidence: Evidence, **headers: str) -> Any:
    return signed_in(person).get(reverse("readiness:evidence_file", args=[evidence.pk]), headers=headers)


def test_it_works(assessment: Assessment, owner: User) -> None:
    page = words(upload(owner, assessment, file(), file("Schéma.png", PNG)))
    assert "2 files kept." in page
    assert "Compte rendu.pdf" in page
    evidence = Evidence.objects.get(file_name="Compte rendu.pdf")
    assert (evidence.kind, evidence.media_type, evidence.dated_on) == ("file", "application/pdf", days_ago(3))
    assert evidence.blob_id == sha256(PDF).hexdigest()
    assert evidence.answer.level is None
    assert AuditEvent.objects.filter(verb="evidence.add").count() == 2
    got = download(owner, evidence)
    assert got.content == PDF
    assert got["Content-Disposition"] == 'attachment; filename="Compte rendu.pdf"'
    assert (got["X-Content-Type-Options"], got["Content-Security-Policy"]) == ("nosniff", "sandbox; default-src 'none'")
    assert "private" in got["Cache-Control"]
    assert download(owner, evidence, if_none_match=got["ETag"]).status_code == 304


def test_names_of_other_scripts_are_kept(assessment: Assessment, owner: User) -> None:
    upload(owner, assessment, file("mémoire – 東京.pdf"))
    assert "filename*=utf-8''m%C3%A9moire" in download(owner, Evidence.objects.get())["Content-Disposition"]


def test_a_refused_file_leaves_the_others(assessment: Assessment, owner: User) -> None:
    page = words(upload(owner, assessment, file("a.html", b"<p>"), file(), file("b.png", b"no")))
    assert "a.html is of no kind that is kept" in page
    assert "b.png is not what its name says" in page
    assert "1 file kept." in page
    assert Evidence.objects.get().file_name == "Compte rendu.pdf"


def test_the_same_file_twice_is_one(assessment: Assessment, owner: User) -> None:
    upload(owner, assessment, file())
    upload(owner, assessment, file("Other name.pdf"))
    upload(owner, assessment, file(), key="UC2")
    assert (Evidence.objects.count(), Blob.objects.count()) == (2, 1)


def test_limits_are_said(assessment: Assessment, owner: User, settings: Settings) -> None:
    settings.EVIDENCE_FILE_MIB = 0
    assert "is larger than 0 MiB" in words(upload(owner, assessment, file()))
    settings.EVIDENCE_FILE_MIB, settings.EVIDENCE_ASSESSMENT_MIB = 1, 0
    assert "more than 0 MiB of files in this assessment" in words(upload(owner, assessment, file()))
    assert not Evidence.objects.exists()
    assert not Blob.objects.exists()


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"dated_on": ""}, "This field is required."),
        ({"dated_on": days_ago(-2).isoformat()}, "Evidence cannot be dated in the future."),
        ({"valid_until": days_ago(9).isoformat()}, "Its end lies after its date."),
    ],
)
def test_what_is_wrong_is_said(assessment: Assessment, owner: User, values: dict[str, str], says: str) -> None:
    assert says in words(upload(owner, assessment, file(), **values))
    assert not Evidence.objects.exists()


def test_no_file_is_said(assessment: Assessment, owner: User) -> None:
    assert "Choose a file first." in words(upload(owner, assessment))


# --- Who may -----------------------------------------------------------------------------------------------------------


def test_another_team_cannot_know_of_it(assessment: Assessment, owner: User, stranger: User) -> None:
    upload(owner, assessment, file())
    evidence = Evidence.objects.get()
    assert download(stranger, evidence).status_code == 404
    assert download(UserFactory(role=Role.OPERATOR), evidence).status_code == 404
    assert download(UserFactory(role=Role.EXECUTIVE), evidence).status_code == 200
    assert upload(stranger, assessment, file()).status_code == 404


def test_nothing_is_added_once_it_is_submitted(assessment: Assessment, owner: User) -> None:
    answer_all(assessment, 2, owner)
    submit(assessment, owner)
    assert "can no longer be changed" in words(upload(owner, assessment, file()))
    assert not Evidence.objects.exists()


# --- Revisions -------------------------------------------------------------------------------------------------------


def revise(person: User, evidence: Evidence, **values: Any) -> str:
    sent = {"title": evidence.title, "dated_on": days_ago(1).isoformat(), "valid_until": "", **values}
    return words(signed_in(person).post(reverse("readiness:evidence_revise", args=[evidence.pk]), sent, follow=True))


def test_a_revision_is_reviewed_anew(assessment: Assessment, owner: User, reviewer: User) -> None:
    first = attach(answer(assessment, "UC1", 3, owner), owner, reviewed_by=reviewer)
    page = revise(owner, first, title="Minutes, second round")
    assert "Kept as a new revision; it is to be reviewed anew." in page
    assert "1 earlier or withdrawn piece" in page
    second = Evidence.objects.get()
    assert (second.title, second.replaces, second.reviewed_by) == ("Minutes, second round", first, None)
    first.refresh_from_db()
    assert (first.reviewed_by, first.replaced_at is None) == (reviewer, False)


def test_a_new_file_takes_the_place_of_the_old_one(assessment: Assessment, owner: User) -> None:
    upload(owner, assessment, file())
    first = Evidence.objects.get()
    revise(owner, first, file=file("New.png", PNG))
    second = Evidence.objects.get()
    assert (second.file_name, second.replaces) == ("New.png", first)
    assert download(owner, Evidence.everything.get(pk=first.pk)).content == PDF


def test_the_same_file_under_another_title_is_a_revision(assessment: Assessment, owner: User) -> None:
    upload(owner, assessment, file())
    first = Evidence.objects.get()
    revise(owner, first, title="Signed minutes", file=file(), dated_on=first.dated_on.isoformat())
    second = Evidence.objects.get()
    assert (second.title, second.replaces, second.blob_id) == ("Signed minutes", first, first.blob_id)


def test_two_who_revise_at_once_make_one_revision(assessment: Assessment, owner: User) -> None:
    first = attach(answer(assessment, "UC1", 3, owner), owner)
    revise(owner, first)
    assert "can no longer be changed" in revise(owner, first, title="Mine")
    assert Evidence.objects.count() == 1


def test_what_was_withdrawn_is_put_back(assessment: Assessment, owner: User, reviewer: User) -> None:
    piece = attach(answer(assessment, "UC1", 3, owner), owner, reviewed_by=reviewer)
    address = reverse("readiness:evidence_remove", args=[assessment.pk, piece.pk])
    assert "It can be put back below." in words(signed_in(owner).post(address, follow=True))
    assert not Evidence.objects.exists()
    back = reverse("readiness:evidence_restore", args=[piece.pk])
    assert "Put back." in words(signed_in(owner).post(back, follow=True))
    assert Evidence.objects.get().reviewed_by == reviewer


# --- Keeping ---------------------------------------------------------------------------------------------------------


def test_contents_that_nothing_refers_to_go_after_a_day(assessment: Assessment, owner: User) -> None:
    upload(owner, assessment, file())
    Blob.objects.create(sha256="0" * 64, content=b"x", size=1)
    now = datetime.now(UTC)
    assert remove_orphans(now) == 0
    assert remove_orphans(now + timedelta(days=2)) == 1
    assert Blob.objects.get().sha256 == sha256(PDF).hexdigest()
    Answer.objects.all().delete()
    assert not Evidence.everything.exists()


def test_a_damaged_file_is_named(assessment: Assessment, owner: User, capsys: pytest.CaptureFixture[str]) -> None:
    upload(owner, assessment, file())
    call_command("check_evidence")
    assert "1 files are what was uploaded." in capsys.readouterr().out
    with connection.cursor() as cursor:
        cursor.execute("UPDATE readiness_blob SET content = 'x'")
    with pytest.raises(CommandError, match="1 files differ"):
        call_command("check_evidence")
    assert sha256(PDF).hexdigest() in capsys.readouterr().err


def test_a_colleague_may_add_too(assessment: Assessment) -> None:
    colleague = member_of(assessment.team)
    assert "1 file kept." in words(upload(colleague, assessment, file()))
