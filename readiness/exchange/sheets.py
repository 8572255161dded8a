"""An assessment as rows with exact values, before any file format: what all formats are written from."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

# Moments are texts in ISO 8601, in UTC; an index is a Decimal with one place.
Value = str | int | Decimal | date | None


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of evidence; what a kind does not have is ''."""

    title: str
    dated_on: date
    valid_until: date | None
    url: str
    file_name: str
    sha256: str
    is_reviewed: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One practice: a value for each key of `columns.EXPORT` but `evidence`, or for each of `columns.TEMPLATE`."""

    values: Mapping[str, Value]
    pieces: tuple[Piece, ...] = ()


@dataclass(frozen=True, slots=True)
class Sheet:
    """One assessment. `head` says what it is of, `rules` and `overall` are scores, all with plain values."""

    head: Mapping[str, Value]
    overall: Mapping[str, Value]
    rules: tuple[Mapping[str, Value], ...]
    rows: tuple[Row, ...]

    def plain(self) -> dict[str, Any]:
        """Ready for JSON: whole numbers stay numbers, other numbers are exact decimals in text, days ISO 8601."""
        return {
            **_plain(self.head),
            "overall": _plain(self.overall),
            "rules": [_plain(rule) for rule in self.rules],
            "practices": [
                {**_plain(row.values), "evidence": [_piece(piece) for piece in row.pieces]} for row in self.rows
            ],
        }


def _plain(values: Mapping[str, Value]) -> dict[str, Any]:
    return {key: str(value) if isinstance(value, Decimal | date) else value for key, value in values.items()}


def _piece(piece: Piece) -> dict[str, Any]:
    return {
        "title": piece.title,
        "dated_on": str(piece.dated_on),
        "valid_until": None if piece.valid_until is None else str(piece.valid_until),
        "url": piece.url,
        "file_name": piece.file_name,
        "sha256": piece.sha256,
        "is_reviewed": piece.is_reviewed,
    }
