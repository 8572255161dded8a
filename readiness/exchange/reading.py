"""Files with answers, read: bytes in, the cells of each row as text out. What is too large or malformed costs little."""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from readiness.exchange.cells import text_of, unguarded
from readiness.exchange.columns import KNOWN, READ

MOST_BYTES = 4 * 1024 * 1024
MOST_ROWS = 500
MOST_COLUMNS = 100
# Longer than any cell that is taken: what is cut here is refused later, with its row.
MOST_CHARACTERS = 5000
# More than all notes of an assessment at their longest; a form carries them from the preview to the import.
MOST_CHARACTERS_TOGETHER = 500_000
READ_KEYS = frozenset(column.key for column in READ)
KNOWN_KEYS = frozenset(column.key for column in KNOWN)


class FileRefused(ValueError):
    """A file of which no row can be read; `code` says why, `names` which columns it is about."""

    def __init__(self, code: str, names: Sequence[str] = ()) -> None:
        super().__init__(code)
        self.code = code
        self.names = tuple(names)


@dataclass(frozen=True, slots=True)
class FileRow:
    """The cells of one row that an import takes in; `number` counts as the file's reader does."""

    number: int
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ReadFile:
    """`ignored` names the columns that are not known."""

    rows: tuple[FileRow, ...]
    ignored: tuple[str, ...] = ()


def read_csv(content: bytes, names: Mapping[str, str]) -> ReadFile:
    """A table with headings; `names` maps these, in small letters, to keys. Raises `FileRefused`.

    Commas, semicolons or tabs, whichever the headings have most of, or the one that a first line `sep=;` tells.
    """
    text = _decoded(content)
    if "\0" in text:
        raise FileRefused("malformed")
    separator, skipped = "", 0
    first, _, rest = text.partition("\n")
    if first.strip().lower() in {"sep=;", "sep=,", "sep=\t", "sep="}:
        separator, text, skipped = first.rstrip("\r")[4:5] or "\t", rest, 1
    separator = separator or max(";,\t", key=text.partition("\n")[0].count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    lines: list[tuple[int, list[str]]] = []
    try:
        headings = next(reader, [])
        while True:
            number = reader.line_num + 1 + skipped
            cells = next(reader, None)
            if cells is None:
                return tabular(headings, lines, names)
            if any(cell.strip() for cell in cells):
                lines.append((number, [unguarded(cell) for cell in cells]))
            if len(lines) > MOST_ROWS:
                raise FileRefused("too_many_rows")
    except csv.Error:
        raise FileRefused("malformed") from None


def _decoded(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", errors="replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        # What a spreadsheet on Windows writes; it gives every byte a letter.
        return content.decode("cp1252", errors="replace")


def tabular(
    headings: Sequence[object], lines: Iterable[tuple[int, Sequence[object]]], names: Mapping[str, str]
) -> ReadFile:
    """Numbered lines of cells under their headings. Raises `FileRefused`."""
    if len(headings) > MOST_COLUMNS:
        raise FileRefused("too_many_columns")
    shown = [text_of(heading).strip() for heading in headings]
    keys = [names.get(unguarded(heading).lower(), "") for heading in shown]
    if "practice" not in keys:
        raise FileRefused("no_practice_column")
    if doubled := sorted({shown[at] for at, key in enumerate(keys) if key in READ_KEYS and keys.count(key) > 1}):
        raise FileRefused("doubled_columns", doubled)
    rows = []
    for number, cells in lines:
        row = {key: _cell(cell) for key, cell in zip(keys, cells, strict=False) if key in READ_KEYS}
        # A line that ends early has empty cells.
        rows.append(FileRow(number, {**dict.fromkeys((key for key in keys if key in READ_KEYS), ""), **row}))
    ignored = (heading for heading, key in zip(shown, keys, strict=True) if heading and not key)
    return ReadFile(_bounded(rows), tuple(heading[:60] for heading in ignored))


def read_json(content: bytes) -> ReadFile:
    """What an export as JSON has under `practices`, a row for each from 1. Raises `FileRefused`."""
    try:
        # Numbers stay as written: no digit is lost, and none costs anything.
        found = json.loads(_decoded(content), parse_int=str, parse_float=str, parse_constant=str)
    except (ValueError, RecursionError):
        raise FileRefused("malformed") from None
    practices = found.get("practices") if isinstance(found, dict) else None
    if not isinstance(practices, list) or not all(isinstance(each, dict) for each in practices):
        raise FileRefused("no_practices")
    above = {key: found[key] for key in ("assessment", "bank_version") if key in found}
    rows = [_json_row(number, {**above, **each}) for number, each in enumerate(practices[: MOST_ROWS + 1], 1)]
    ignored = sorted({key for each in practices[:MOST_ROWS] for key in each} - KNOWN_KEYS)
    return ReadFile(_bounded(rows), tuple(key[:60] for key in ignored[:MOST_COLUMNS]))


def _json_row(number: int, values: Mapping[str, Any]) -> FileRow:
    cells = {key: value for key, value in values.items() if key in READ_KEYS}
    if any(isinstance(value, dict | list) for value in cells.values()):
        raise FileRefused("malformed")
    return FileRow(number, {key: _cell(value) for key, value in cells.items()})


def _cell(value: object) -> str:
    return text_of(value)[:MOST_CHARACTERS]


def _bounded(rows: Sequence[FileRow]) -> tuple[FileRow, ...]:
    if len(rows) > MOST_ROWS:
        raise FileRefused("too_many_rows")
    if sum(len(cell) for row in rows for cell in row.cells.values()) > MOST_CHARACTERS_TOGETHER:
        raise FileRefused("too_much_text")
    return tuple(rows)


def as_text(file: ReadFile) -> str:
    """The rows as text that a form carries from the preview to the import; reading it again gives the same rows."""
    rows = [{"number": row.number, "cells": dict(row.cells)} for row in file.rows]
    return json.dumps({"rows": rows, "ignored": file.ignored})


def from_text(text: str) -> ReadFile:
    """What `as_text` wrote. Raises `FileRefused`."""
    try:
        found = json.loads(text, parse_float=str, parse_constant=str)
        rows = [FileRow(int(row["number"]), _texts(row["cells"])) for row in found["rows"][: MOST_ROWS + 1]]
        ignored = tuple(str(name)[:60] for name in found["ignored"][:MOST_COLUMNS])
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
        raise FileRefused("malformed") from None
    return ReadFile(_bounded(rows), ignored)


def _texts(cells: Mapping[str, Any]) -> dict[str, str]:
    return {key: _cell(value) for key, value in cells.items() if key in READ_KEYS}
