"""What a file is: by its content, with a name that agrees; what runs or pretends is not welcome."""

import io
import zipfile

import pytest

from readiness.blobs import sniffing
from readiness.blobs.sniffing import Unwelcome, clean_name, file_type

PDF = b"%PDF-1.7\n1 0 obj\n"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 30
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + b"\0" * 20


def archive(*members: str) -> bytes:
    """An office file with these parts."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as written:
        for member in members:
            written.writestr(member, "<x/>")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "media_type"),
    [
        ("a.pdf", PDF, "application/pdf"),
        ("a.png", PNG, "image/png"),
        ("a.jpg", JPEG, "image/jpeg"),
        ("a.jpeg", JPEG, "image/jpeg"),
        ("a.docx", archive("[Content_Types].xml", "word/document.xml"), "wordprocessingml"),
        ("a.xlsx", archive("[Content_Types].xml", "xl/workbook.xml"), "spreadsheetml"),
        ("a.odt", archive("mimetype", "content.xml"), "opendocument.text"),
        ("a.txt", "Compte rendu, é".encode(), "text/plain"),
        ("a.csv", b"a;b\r\n1;2\r\n", "text/csv"),
        # The harmless text by which virus scanners are tried: text is text.
        ("a.txt", b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-TEST", "text/plain"),
    ],
)
def test_it_works(name: str, content: bytes, media_type: str) -> None:
    assert media_type in file_type(name, content).media_type


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.pdf", b"", "empty"),
        ("a.png", b"<html><script>alert(1)</script>", "other_content"),
        ("a.png", JPEG, "other_content"),
        ("a.txt", b"<svg onload=alert(1)>", "other_content"),
        ("a.txt", b"  \n<!doctype html>", "other_content"),
        ("a.txt", b"\xff\xfe\x00", "other_content"),
        ("a.csv", b"a\x00b", "other_content"),
        ("a.docx", b"PK\x03\x04 broken", "other_content"),
        ("a.docx", archive("xl/workbook.xml"), "other_content"),
        ("a.xlsx", archive("xl/workbook.xml", "xl/vbaProject.bin"), "active_content"),
        ("a.docx", archive("word/document.xml", "word/embeddings/oleObject1.bin"), "active_content"),
        # An archive or a page behind a picture or a document, which would open as such.
        ("a.png", PNG + archive("a.js"), "something_besides"),
        ("a.pdf", PDF + archive("a.js"), "something_besides"),
        ("a.jpg", JPEG + b"<ScRiPt >alert(1)", "something_besides"),
        ("a.txt", b"Minutes\n<script src=x>", "other_content"),
        ("a.txt", b"#!/bin/sh\nrm", "other_content"),
        ("a.txt", PDF, "other_content"),
        ("a.csv", b'a;b\n1;"2', "no_table"),
        # A page that begins as an archive would, and an archive behind a page.
        ("a.docx", b"<html>" + archive("word/document.xml"), "other_content"),
        ("a.pdf", b"\n%PDF-1.7", "other_content"),
    ],
)
def test_what_pretends_is_refused(name: str, content: bytes, code: str) -> None:
    with pytest.raises(Unwelcome) as refused:
        file_type(name, content)
    assert refused.value.code == code


def with_types(types: bytes) -> bytes:
    """A text document whose parts are said to be of these types."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as written:
        written.writestr("[Content_Types].xml", types)
        written.writestr("word/document.xml", "<x/>")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("types", "code"),
    [
        (b"application/vnd.ms-word.document.macroEnabled.main+xml", "active_content"),
        (b" " * (sniffing.MOST_OF_TYPES_BYTES + 1), "too_large_inside"),
    ],
    ids=["macros under a plain name", "a large list of types"],
)
def test_the_types_of_the_parts_are_read(types: bytes, code: str) -> None:
    with pytest.raises(Unwelcome) as refused:
        file_type("a.docx", with_types(types))
    assert refused.value.code == code


def test_a_bomb_is_not_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as written:
        written.writestr("word/document.xml", b"\0" * 1_000_000)
    monkeypatch.setattr(sniffing, "MOST_UNPACKED_BYTES", 999_999)
    with pytest.raises(Unwelcome) as refused:
        file_type("a.docx", buffer.getvalue())
    assert refused.value.code == "too_large_inside"


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("../../etc/passwd.pdf", "passwd.pdf"),
        ("C:\\temp\\Compte rendu.PDF", "Compte rendu.pdf"),
        ("a\u202egnp.exe.pdf", "agnp.exe.pdf"),
        ("a\r\nb\0.csv", "ab.csv"),
        ("x" * 300 + ".txt", "x" * 116 + ".txt"),
    ],
)
def test_names_are_made_harmless(name: str, clean: str) -> None:
    assert clean_name(name) == clean


@pytest.mark.parametrize("name", ["a.html", "a.svg", "a.exe", "a.zip", "a", ".pdf", "", "a.docm", "a.pdf.js"])
def test_other_kinds_are_refused(name: str) -> None:
    with pytest.raises(Unwelcome, match="unknown_type"):
        clean_name(name)
