"""What a file is, by its content: a short list of kinds is welcome, and the name has to agree with what is inside.

Nothing is drawn. Of the formats that are archives the list of members is read, and the small part that says what they are.
"""

import csv
import io
import re
import unicodedata
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import PurePosixPath, PureWindowsPath

import puremagic

MOST_NAME_CHARACTERS = 120
MOST_MEMBERS = 10_000
MOST_UNPACKED_BYTES = 512 * 1024 * 1024
OFFICE = "application/vnd.openxmlformats-officedocument"
DOCUMENT = "application/vnd.oasis.opendocument"


@dataclass(frozen=True, slots=True)
class FileType:
    """A kind of file that is welcome; `starts` is how each one begins, `member` what an archive of it holds."""

    media_type: str
    starts: bytes = b""
    member: str = ""


PLAIN = "text/plain; charset=utf-8"
TYPES: dict[str, FileType] = {
    "pdf": FileType("application/pdf", b"%PDF-"),
    "png": FileType("image/png", b"\x89PNG\r\n\x1a\n"),
    "jpg": FileType("image/jpeg", b"\xff\xd8\xff"),
    "jpeg": FileType("image/jpeg", b"\xff\xd8\xff"),
    "docx": FileType(f"{OFFICE}.wordprocessingml.document", b"PK\x03\x04", "word/document.xml"),
    "xlsx": FileType(f"{OFFICE}.spreadsheetml.sheet", b"PK\x03\x04", "xl/workbook.xml"),
    "pptx": FileType(f"{OFFICE}.presentationml.presentation", b"PK\x03\x04", "ppt/presentation.xml"),
    "odt": FileType(f"{DOCUMENT}.text", b"PK\x03\x04", "content.xml"),
    "ods": FileType(f"{DOCUMENT}.spreadsheet", b"PK\x03\x04", "content.xml"),
    "odp": FileType(f"{DOCUMENT}.presentation", b"PK\x03\x04", "content.xml"),
    "txt": FileType(PLAIN),
    "md": FileType(PLAIN),
    "csv": FileType("text/csv; charset=utf-8"),
}
# What a browser or a server would run; long enough that compressed pictures do not hold it by chance.
PAGE = re.compile(rb"<(?:!doctype html|html[\s>]|script[\s>]|iframe\s|\?php)", re.IGNORECASE)
MACROS = re.compile(rb"macroenabled|vbaproject", re.IGNORECASE)
MOST_OF_TYPES_BYTES = 1024 * 1024
# Parts of office files that run, or that fetch something from elsewhere.
UNWELCOME_MEMBERS = ("vbaproject", "vbadata", "activex", "embeddings/", "externallinks/", "basic/", "scripts/")


class Unwelcome(ValueError):
    """A file that is not taken; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def clean_name(name: str) -> str:
    """The file's own name without folders, control and direction characters, cut to a readable length before its ending.

    Raises `Unwelcome` for what has no ending that is known.
    """
    last = PureWindowsPath(PurePosixPath(name).name).name
    plain = "".join(
        character for character in unicodedata.normalize("NFC", last) if unicodedata.category(character)[0] != "C"
    ).strip(" .")
    stem, dot, ending = plain.rpartition(".")
    if not dot or not stem.strip() or ending.lower() not in TYPES:
        raise Unwelcome("unknown_type")
    return f"{stem[: MOST_NAME_CHARACTERS - len(ending) - 1].strip()}.{ending.lower()}"


def file_type(name: str, content: bytes) -> FileType:
    """What a file of this clean name is. Raises `Unwelcome`: empty, not what its name says, macros, or far too large inside."""
    ending = name.rpartition(".")[2]
    kind = TYPES[ending]
    if not content:
        raise Unwelcome("empty")
    if not kind.starts:
        text = _checked_text(content)
        if ending == "csv":
            _check_table(text)
        return kind
    if not content.startswith(kind.starts):
        raise Unwelcome("other_content")
    if kind.member:
        _check_archive(kind, content)
    elif ending not in _likely_endings(content):
        raise Unwelcome("other_content")
    elif zipfile.is_zipfile(io.BytesIO(content)) or PAGE.search(content):
        raise Unwelcome("something_besides")
    return kind


def _likely_endings(content: bytes) -> set[str]:
    try:
        return {match.extension.lstrip(".") for match in puremagic.magic_string(content[:4096])}
    except puremagic.PureError:
        return set()


def _checked_text(content: bytes) -> str:
    """UTF-8 that no browser would take for a page, and that holds no control characters."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unwelcome("other_content") from None
    is_other = text.lstrip().startswith("<") or text.startswith(("#!", "%PDF-", "{\\rtf")) or PAGE.search(content)
    if is_other or any(ord(sign) < 32 and sign not in "\t\r\n\f" for sign in text):
        raise Unwelcome("other_content")
    return text


def _check_table(text: str) -> None:
    """Quotation marks that end; rows may differ in length, as exports with a title above the table have them."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    try:
        for _row in csv.reader(io.StringIO(text, newline=""), delimiter=max(";,\t", key=first.count), strict=True):
            pass
    except csv.Error:
        raise Unwelcome("no_table") from None


def _check_archive(kind: FileType, content: bytes) -> None:
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
        members = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError):
        raise Unwelcome("other_content") from None
    names = {member.filename.lower() for member in members}
    if kind.member not in names:
        raise Unwelcome("other_content")
    if any(part in name for name in names for part in UNWELCOME_MEMBERS):
        raise Unwelcome("active_content")
    if len(members) > MOST_MEMBERS or sum(member.file_size for member in members) > MOST_UNPACKED_BYTES:
        raise Unwelcome("too_large_inside")
    if "[Content_Types].xml" in archive.namelist() and MACROS.search(_types_of(archive)):
        raise Unwelcome("active_content")


def _types_of(archive: zipfile.ZipFile) -> bytes:
    """The small part that says what the others are, and no more of it than is sensible, whatever the archive promises."""
    try:
        with archive.open("[Content_Types].xml") as part:
            found = part.read(MOST_OF_TYPES_BYTES + 1)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError):
        raise Unwelcome("other_content") from None
    if len(found) > MOST_OF_TYPES_BYTES:
        raise Unwelcome("too_large_inside")
    return found
