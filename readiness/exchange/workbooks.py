"""Workbooks of others, read without trusting them.

A workbook is an archive of texts that say where their cells stand. A small one may unpack to gigabytes, or put a cell into
the last row of the last column so that a reader makes room for all before it. So each part is unpacked up to a limit and
looked through first, and only what passed is handed to the reader, in an archive of our own.
"""

import io
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.parsers import expat

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, PasswordError, XmlError, ZipError

from readiness.blobs.sniffing import UNWELCOME_MEMBERS
from readiness.exchange.reading import MOST_COLUMNS, MOST_ROWS, FileRefused, ReadFile, tabular

MOST_PARTS = 200
MOST_UNPACKED_BYTES = 16 * 1024 * 1024
MOST_CELL_CHARACTERS = 16 * 1024 * 1024
MOST_SHEETS = 20
MOST_DEPTH = 100
MOST_PROMISED = 1_000_000
# Rows that are only formatted are many in some files; those with something in them are not.
LAST_ROW = 2 * MOST_ROWS
REFERENCE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})", re.ASCII)
BROKEN_ARCHIVE = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError, ValueError)


def read_workbook(content: bytes, names: Mapping[str, str]) -> ReadFile:
    """The first sheet that has a column of practices; `names` maps headings to keys. Raises `FileRefused`."""
    trusted = _looked_through(content)
    try:
        with CalamineWorkbook.from_filelike(io.BytesIO(trusted)) as book:
            for at in range(min(len(book.sheet_names), MOST_SHEETS)):
                found = _read_sheet(book.get_sheet_by_index(at), names)
                if found:
                    return found
    except (CalamineError, PasswordError, XmlError, ZipError, OSError, ValueError) as error:
        if isinstance(error, FileRefused):
            raise
        raise FileRefused("malformed") from None
    raise FileRefused("no_practice_column")


def _read_sheet(sheet: CalamineSheet, names: Mapping[str, str]) -> ReadFile | None:
    """None where the first row has no column of practices."""
    rows = sheet.to_python(skip_empty_area=False)
    if not rows or not any(names.get(str(cell).strip().lower()) == "practice" for cell in rows[0]):
        return None
    lines = [(number, row) for number, row in enumerate(rows[1:], 2) if any(str(cell).strip() for cell in row)]
    return tabular(rows[0], lines, names)


def _looked_through(content: bytes) -> bytes:
    """The texts of a workbook in a plain archive, every one of them looked through. Raises `FileRefused`."""
    written = io.BytesIO()
    look = _Look()
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as given, zipfile.ZipFile(written, "w") as kept:
            parts = given.infolist()
            _check_parts([part.filename.lower() for part in parts], sum(part.file_size for part in parts))
            for part in parts:
                if part.filename.lower().endswith((".xml", ".rels")):
                    with given.open(part) as packed:
                        text = packed.read(MOST_UNPACKED_BYTES + 1)
                    look.through(text)
                    kept.writestr(part.filename, text)
    except BROKEN_ARCHIVE as error:
        if isinstance(error, FileRefused):
            raise
        raise FileRefused("malformed") from None
    if look.characters() > MOST_CELL_CHARACTERS:
        raise FileRefused("too_large_inside")
    return written.getvalue()


def _check_parts(names: list[str], unpacked_bytes: int) -> None:
    if "xl/workbook.xml" not in names or len(set(names)) != len(names):
        raise FileRefused("malformed")
    if any(part in name for name in names for part in UNWELCOME_MEMBERS):
        raise FileRefused("active_content")
    if len(names) > MOST_PARTS or unpacked_bytes > MOST_UNPACKED_BYTES:
        raise FileRefused("too_large_inside")


@dataclass
class _Look:
    """Where the cells of a workbook stand and how much text they hold, without making room for any of them."""

    # Part by part: which one the reader takes for the shared texts is its own affair.
    shared_lengths: list[list[int]] = field(default_factory=list)
    references: Counter[int] = field(default_factory=Counter)
    row: int = 0
    column: int = 0
    depth: int = 0
    is_value: bool = False
    text: str = ""

    def through(self, text: bytes) -> None:
        """Look through one part. Raises `FileRefused`."""
        self.row = self.column = self.depth = 0
        self.is_value = False
        self.shared_lengths.append([])
        # The reader takes every part for UTF-8, so that is what is looked at, whatever the part says of itself.
        parser = expat.ParserCreate(encoding="utf-8")
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._refuse
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        try:
            parser.Parse(text, True)
        except expat.ExpatError:
            raise FileRefused("malformed") from None

    def characters(self) -> int:
        """How many characters the cells would hold together where they share texts."""
        return max(
            sum(lengths[at] * times for at, times in self.references.items() if at < len(lengths))
            for lengths in self.shared_lengths
        )

    def _refuse(self, *_declared: object) -> None:
        raise FileRefused("malformed")

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        self.depth += 1
        if self.depth > MOST_DEPTH:
            raise FileRefused("malformed")
        # A reader makes room for as many as a part promises.
        for attribute, value in attributes.items():
            if attribute.lower().endswith("count") and self._number(value, 0) > MOST_PROMISED:
                raise FileRefused("too_large_inside")
        match name.rpartition(":")[2]:
            case "row":
                self.row, self.column = self._number(attributes.get("r"), self.row + 1), 0
            case "c":
                self._place(attributes.get("r"))
            case "si":
                self.is_value = False
                self.shared_lengths[-1].append(0)
            case "v" | "is" | "f":
                self._check_place()
                self.is_value, self.text = True, ""

    def _end(self, name: str) -> None:
        self.depth -= 1
        if name.rpartition(":")[2] == "v":
            self.is_value = False
            if self.text.strip().isdecimal() and len(self.text) < 10:
                self.references[int(self.text)] += 1

    def _characters(self, text: str) -> None:
        if self.is_value:
            self.text = (self.text + text)[:20]
        elif self.shared_lengths[-1]:
            self.shared_lengths[-1][-1] += len(text)

    def _place(self, reference: str | None) -> None:
        if reference is None:
            self.column += 1
            return
        found = REFERENCE.fullmatch(reference.upper())
        if not found:
            raise FileRefused("malformed")
        letters, row = found.groups()
        self.row, self.column = int(row), 0
        for letter in letters:
            self.column = 26 * self.column + ord(letter) - ord("A") + 1

    def _check_place(self) -> None:
        if self.row > LAST_ROW:
            raise FileRefused("too_many_rows")
        if self.column > MOST_COLUMNS:
            raise FileRefused("too_many_columns")

    def _number(self, text: str | None, otherwise: int) -> int:
        if text is None:
            return otherwise
        if not re.fullmatch("[0-9]{1,7}", text, re.ASCII):
            raise FileRefused("malformed")
        return int(text)
