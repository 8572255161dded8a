"""Cells of tables as text: what a spreadsheet must not take for a formula, and what people and spreadsheets write."""

import re
from datetime import date, datetime
from decimal import Decimal

from readiness.scoring import HIGHEST_LEVEL

# What a spreadsheet takes for a formula; and our own mark, so that reading can take away exactly what writing put there.
FORMULA = "=+-@\t\r'"
NUMBER = re.compile(r"[+-]?[0-9]{1,6}(?:[.,][0-9]{1,6})?", re.ASCII)
DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:[T ]00:00(?::00)?)?", re.ASCII)
DAY_BY_PARTS = re.compile(r"(\d{1,2})[/.](\d{1,2})[/.](\d{4})", re.ASCII)


class Unclear(ValueError):
    """A cell that cannot be read; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def guarded(text: str) -> str:
    """The text with an apostrophe before what a spreadsheet would run."""
    return f"'{text}" if text and text[0] in FORMULA else text


def unguarded(cell: str) -> str:
    """What was guarded; other cells as they are."""
    return cell[1:] if cell[:1] == "'" and cell[1:2] and cell[1] in FORMULA else cell


def text_of(value: object) -> str:
    """A cell as text, with one sign for each end of a line: whole numbers without a decimal point, days as ISO 8601."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == datetime.min.time() else value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return str(value).replace("\r\n", "\n").replace("\r", "\n")


def read_level(cell: str) -> int | None:
    """A level as people write one, `3`, `3.0` or `3,0`; None for an empty cell. Raises `Unclear`."""
    text = cell.strip()
    if not text:
        return None
    if not NUMBER.fullmatch(text):
        raise Unclear("level_no_number")
    number = Decimal(text.replace(",", "."))
    if number != int(number):
        raise Unclear("level_between")
    if not 0 <= number <= HIGHEST_LEVEL:
        raise Unclear("level_outside")
    return int(number)


def read_whole(cell: str) -> int | None:
    """A whole number from 0; None for an empty cell. Raises `Unclear`."""
    text = cell.strip()
    if not text:
        return None
    if not re.fullmatch(r"[0-9]{1,9}(?:[.,]0{1,6})?", text, re.ASCII):
        raise Unclear("no_whole_number")
    return int(re.split("[.,]", text)[0])


def read_day(cell: str, *, is_day_first: bool) -> date | None:
    """A day as ISO 8601 or with the day before the month; None for an empty cell. Raises `Unclear`.

    Where readers may write the month first, a day that could be either is not guessed.
    """
    text = cell.strip()
    if not text:
        return None
    if iso := DAY.fullmatch(text):
        year, month, day = map(int, iso.groups())
    elif parts := DAY_BY_PARTS.fullmatch(text):
        day, month, year = map(int, parts.groups())
        if not is_day_first and day != month and day <= 12:
            raise Unclear("day_ambiguous")
    else:
        raise Unclear("no_day")
    try:
        return date(year, month, day)
    except ValueError:
        raise Unclear("no_day") from None
