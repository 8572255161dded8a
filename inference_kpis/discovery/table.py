"""Nodes as a table in CSV: text in, values by line out; and back. Reading what was written gives the same values.

Spreadsheets are met where they are: semicolons and decimal commas from a French one, UTF-8 with a mark or Windows-1252.
"""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

COLUMNS = (
    *("uuid", "name", "site", "engine", "source", "url"),
    *("pull_interval_seconds", "pull_timeout_seconds", "price_per_hour", "power_watts"),
)
REQUIRED = ("name", "site")
NUMBERS = frozenset({"pull_interval_seconds", "pull_timeout_seconds", "price_per_hour", "power_watts"})
MOST_LINES = 20_000
MOST_BYTES = 4 * 1024 * 1024
# What a spreadsheet takes for a formula; and our own mark, so that reading can take away exactly what writing put there.
FORMULA = "=+-@\t\r'"
# The spaces with which thousands are grouped.
GROUPING = str.maketrans("", "", " \u00a0\u202f")
DECIMAL_COMMA = re.compile(r"-?[0-9]+,[0-9]+")


@dataclass
class TableRefused(Exception):
    """A file of which no line can be read; `code` says why, `columns` which ones it is about."""

    code: str
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a table; `number` counts from 1 for the headings, as editors do."""

    number: int
    values: Mapping[str, str]


def decoded(content: bytes) -> str:
    """The text of a file. Raises `TableRefused`."""
    if len(content) > MOST_BYTES:
        raise TableRefused("too_large")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        # What a spreadsheet on Windows writes; it gives every byte a letter.
        return content.decode("cp1252", errors="replace")


def read_table(text: str) -> list[Line]:
    """The lines of a table, empty ones left out. Raises `TableRefused`."""
    headings_end = text.find("\n")
    headings = text if headings_end < 0 else text[:headings_end]
    if "\0" in text:
        raise TableRefused("malformed")
    separator = max(";,\t", key=headings.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        names = [name.strip().lower() for name in next(reader, [])]
        _check_headings(names)
        lines: list[Line] = []
        while True:
            number = reader.line_num + 1
            cells = next(reader, None)
            if cells is None:
                return lines
            if len(lines) == MOST_LINES:
                raise TableRefused("too_many_lines")
            if any(cell.strip() for cell in cells):
                lines.append(Line(number, _values(names, cells)))
    except csv.Error:
        raise TableRefused("malformed") from None


def _check_headings(names: Sequence[str]) -> None:
    if missing := tuple(name for name in REQUIRED if name not in names):
        raise TableRefused("missing_columns", missing)
    if unknown := tuple(name for name in names if name not in COLUMNS):
        raise TableRefused("unknown_columns", unknown)
    if doubled := tuple(sorted({name for name in names if names.count(name) > 1})):
        raise TableRefused("doubled_columns", doubled)


def _values(names: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    if len(cells) > len(names) and any(cell.strip() for cell in cells[len(names) :]):
        raise TableRefused("malformed")
    padded = [*cells, *[""] * (len(names) - len(cells))]
    return {name: _read_cell(name, cell) for name, cell in zip(names, padded, strict=False)}


def _read_cell(name: str, cell: str) -> str:
    text = cell[1:] if cell[:1] == "'" and cell[1:2] and cell[1] in FORMULA else cell
    text = text.strip()
    if name in NUMBERS:
        text = text.translate(GROUPING)
        return text.replace(",", ".") if DECIMAL_COMMA.fullmatch(text) else text
    return text


def write_table(rows: Iterable[Mapping[str, object]]) -> str:
    """The table with its headings; None is an empty cell."""
    written = io.StringIO(newline="")
    writer = csv.writer(written)
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow([_write_cell(row[name]) for name in COLUMNS])
    return written.getvalue()


def _write_cell(value: object) -> str:
    """A cell that a spreadsheet cannot take for a formula."""
    text = "" if value is None else str(value)
    return f"'{text}" if text and text[0] in FORMULA else text
