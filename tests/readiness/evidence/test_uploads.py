"""Files on their way in: no more of them than may be kept, and none that is cut taken for whole."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from pytest_django import Settings

from accounts.models import AuditEvent, User
from readiness.assessments.models import Assessment, Evidence
from readiness.evidence.uploads import MIB, BoundedUploadHandler
from tests.factories import signed_in
from tests.pages import words
from tests.readiness.assessments.writing import days_ago
from tests.readiness.blobs.test_sniffing import PDF

pytestmark = pytest.mark.django_db


def taken(*chunks: bytes) -> BoundedUploadHandler:
    handler = BoundedUploadHandler()
    handler.new_file("uploads", "a.pdf", "application/pdf", None)
    for chunk in chunks:
        handler.receive_data_chunk(chunk, 0)
    return handler


def test_it_works() -> None:
    file = taken(b"one ", b"two").file_complete(7)
    assert (file.name, file.size, file.read()) == ("a.pdf", 7, b"one two")


def test_no_more_than_the_limit_is_held(settings: Settings) -> None:
    settings.EVIDENCE_FILE_MIB, settings.INGEST_MAX_BYTES = 1, 0
    file = taken(b"x" * MIB, b"x" * MIB, b"x" * MIB).file_complete(3 * MIB)
    assert (file.size, len(file.read())) == (3 * MIB, MIB + 1)


def send(person: User, assessment: Assessment, *files: SimpleUploadedFile) -> str:
    address = reverse("readiness:evidence_add", args=[assessment.pk, "UC1"])
    sent = {"uploads": list(files), "dated_on": days_ago(3).isoformat()}
    return words(signed_in(person).post(address, sent, follow=True))


def test_what_was_cut_is_too_large(assessment: Assessment, owner: User, settings: Settings) -> None:
    settings.EVIDENCE_FILE_MIB, settings.INGEST_MAX_BYTES = 1, 0
    large = SimpleUploadedFile("a.pdf", PDF + b"x" * 2 * MIB)
    page = send(owner, assessment, large, SimpleUploadedFile("b.pdf", PDF))
    assert "a.pdf is larger than 1 MiB" in page
    assert Evidence.objects.get().file_name == "b.pdf"


def test_more_than_twenty_at_once_are_refused_together(assessment: Assessment, owner: User) -> None:
    page = send(owner, assessment, *(SimpleUploadedFile(f"{at}.pdf", PDF) for at in range(21)))
    assert "Send at most 20 files at a time." in page
    assert not Evidence.objects.exists()


def test_a_refused_name_is_shown_without_what_turns_it(assessment: Assessment, owner: User) -> None:
    page = send(owner, assessment, SimpleUploadedFile("a\u202efdp.exe", PDF))
    assert "afdp.exe is of no kind that is kept" in page


def test_who_saved_a_file_is_in_the_trail(assessment: Assessment, owner: User, colleague: User) -> None:
    send(owner, assessment, SimpleUploadedFile("b.pdf", PDF))
    address, browser = reverse("readiness:evidence_file", args=[Evidence.objects.get().pk]), signed_in(colleague)
    etag = browser.get(address)["ETag"]
    browser.head(address)
    browser.get(address, headers={"if-none-match": etag})
    event = AuditEvent.objects.get(verb="evidence.download")
    assert (event.actor, event.details["practice"]) == (colleague, "UC1")
