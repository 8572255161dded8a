"""A sheet as the bytes of a file: CSV, JSON or a workbook. No number and no day is in the form of a language."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from readiness.exchange.cells import guarded
from readiness.exchange.columns import LEVEL, LONGEST_NOTE, LONGEST_REASON, NOTE, PIECES, REASON, UNTIL, Column
from readiness.exchange.sheets import Piece, Row, Sheet, Value
from readiness.scoring import HIGHEST_LEVEL


def as_csv(sheet: Sheet, columns: Sequence[Column], *, separator: str) -> bytes:
    """UTF-8 with a mark, so that spreadsheets see that it is; pieces of evidence stand in one cell, a line for each."""
    written = io.StringIO(newline="")
    writer = csv.writer(written, delimiter=separator)
    writer.writerow([guarded(str(column.heading)) for column in columns])
    for row in sheet.rows:
        writer.writerow([_csv_cell(row, column.key) for column in columns])
    return written.getvalue().encode("utf-8-sig")


def _csv_cell(row: Row, key: str) -> str:
    value = "\n".join(map(_line, row.pieces)) if key == "evidence" else row.values[key]
    return guarded(value) if isinstance(value, str) else "" if value is None else str(value)


def _line(piece: Piece) -> str:
    parts = (str(piece.dated_on), piece.title, piece.url, piece.file_name, piece.sha256)
    return " | ".join(part for part in parts if part)


def as_json(sheet: Sheet) -> bytes:
    """Whole numbers as numbers, other numbers as exact decimals in text; keys in the order of the columns."""
    return f"{json.dumps(sheet.plain(), ensure_ascii=False, indent=2)}\n".encode()


def as_workbook(sheet: Sheet, columns: Sequence[Column], *, words: Mapping[str, str]) -> bytes:
    """A workbook whose answers can be filled in: lists and limits where there are any, texts never formulas.

    `words` names the sheets (`answers`, `pieces`) and says what may be written (`level`, `until`, `reason`, `note`).
    """
    written = io.BytesIO()
    book = xlsxwriter.Workbook(written, {"in_memory": True})
    # The same answers make the same file.
    book.set_properties({"created": datetime.fromisoformat(str(sheet.head["as_of"])).replace(tzinfo=None)})
    formats = {
        "head": book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1}),
        "text": book.add_format({"text_wrap": True, "valign": "top"}),
        "answer": book.add_format({"text_wrap": True, "valign": "top", "bg_color": "#fff8e1", "border": 1}),
        "day": book.add_format({"num_format": "yyyy-mm-dd", "valign": "top"}),
        "answer_day": book.add_format(
            {"num_format": "yyyy-mm-dd", "valign": "top", "bg_color": "#fff8e1", "border": 1}
        ),
    }
    answers = book.add_worksheet(words["answers"])
    _write_table(answers, columns, [_values(row) for row in sheet.rows], formats)
    _limit_answers(answers, columns, len(sheet.rows), words)
    if any(column.key == "evidence" for column in columns):
        pieces = [
            {"practice": row.values["practice"], **{c.key: _piece_value(piece, c.key) for c in PIECES[1:]}}
            for row in sheet.rows
            for piece in row.pieces
        ]
        _write_table(book.add_worksheet(words["pieces"]), PIECES, pieces, formats)
    book.close()
    return written.getvalue()


def _values(row: Row) -> dict[str, Value]:
    """On the sheet of answers the number of pieces; they have a sheet of their own."""
    return {**row.values, "evidence": len(row.pieces)}


def _piece_value(piece: Piece, key: str) -> Value:
    value = getattr(piece, key)
    return int(value) if isinstance(value, bool) else value


def _write_table(
    table: Worksheet, columns: Sequence[Column], rows: Sequence[Mapping[str, Value]], formats: Mapping[str, Any]
) -> None:
    for at, column in enumerate(columns):
        table.set_column(at, at, column.width)
        table.write_string(0, at, str(column.heading), formats["head"])
        for line, row in enumerate(rows, 1):
            _write_cell(table, line, at, row[column.key], formats, is_answer=column.is_answer)
    table.freeze_panes(1, 1)
    table.autofilter(0, 0, len(rows), len(columns) - 1)


def _write_cell(
    table: Worksheet, line: int, at: int, value: Value, formats: Mapping[str, Any], *, is_answer: bool
) -> None:
    """Text is written as text, whatever it looks like."""
    style = formats["answer" if is_answer else "text"]
    if value is None or value == "":
        table.write_blank(line, at, None, style)
    elif isinstance(value, str):
        table.write_string(line, at, value, style)
    elif isinstance(value, date):
        table.write_datetime(line, at, value, formats["answer_day" if is_answer else "day"])
    else:
        table.write_number(line, at, float(value) if isinstance(value, Decimal) else value, style)


def _limit_answers(table: Worksheet, columns: Sequence[Column], rows: int, words: Mapping[str, str]) -> None:
    limits: dict[str, dict[str, object]] = {
        LEVEL.key: {"validate": "list", "source": [str(level) for level in range(HIGHEST_LEVEL + 1)]},
        UNTIL.key: {"validate": "date", "criteria": ">=", "value": date(2000, 1, 1)},
        REASON.key: {"validate": "length", "criteria": "<=", "value": LONGEST_REASON},
        NOTE.key: {"validate": "length", "criteria": "<=", "value": LONGEST_NOTE},
    }
    for at, column in enumerate(columns):
        if column.is_answer and rows:
            said = {"input_message": words[column.key], "error_message": words[column.key]}
            table.data_validation(1, at, rows, at, {**limits[column.key], **said})
