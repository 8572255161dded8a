"""What others report about the subject of each rule: content with source and date, kept apart from the company's own figures."""

import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from readiness.bank import CONTENT, BankError, Text

FILE = "context.toml"
FIELDS = frozenset({"key", "rule", "published_on", "source", "en", "fr"})
RULE_NUMBERS = range(1, 5)


@dataclass(frozen=True, slots=True)
class ContextFigure:
    """One reported figure. `published_on` is a year, a month or a day in ISO 8601, as exact as the source is."""

    key: str
    rule: int
    text: Text
    source: str
    published_on: str

    @property
    def day(self) -> date:
        """The first day of when it was published, to be written as exactly as it is known."""
        return date.fromisoformat(f"{self.published_on}-01-01"[:10])

    @property
    def precision(self) -> str:
        return {4: "year", 7: "month", 10: "day"}[len(self.published_on)]


@cache
def context_figures(directory: Path = CONTENT) -> tuple[ContextFigure, ...]:
    """Every figure, in the order of the file; read once per process. Raises `BankError` for what cannot be read."""
    try:
        rows = tomllib.loads((directory / FILE).read_text(encoding="utf-8"))["figure"]
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError) as error:
        raise BankError(f"{FILE} cannot be read: {error}.") from error
    return tuple(_figure(row) for row in rows)


def figures_of_rule(number: int) -> list[ContextFigure]:
    return [figure for figure in context_figures() if figure.rule == number]


def _figure(row: dict[str, Any]) -> ContextFigure:
    if row.keys() != FIELDS or not all(isinstance(row[name], str) for name in FIELDS - {"rule"}):
        raise BankError(
            f"{FILE}, {row.get('key', '?')}: has to hold {', '.join(sorted(FIELDS))}, all but rule in quotes."
        )
    return ContextFigure(row["key"], row["rule"], Text(row["en"], row["fr"]), row["source"], row["published_on"])


def context_problems(figures: tuple[ContextFigure, ...]) -> Iterator[str]:
    """Everything that keeps the figures from being shown: a language, source or date missing, a key used twice."""
    for key, times in Counter(figure.key for figure in figures).items():
        if times > 1:
            yield f"{FILE}, {key}: this key is used twice."
    for figure in figures:
        where = f"{FILE}, {figure.key}"
        for language in ("en", "fr"):
            if not figure.text.in_language(language).strip():
                yield f"{where}: the {language} text is missing."
        if figure.rule not in RULE_NUMBERS:
            yield f"{where}: there is no rule {figure.rule}."
        if not figure.source.strip():
            yield f"{where}: the source is missing."
        if not _is_date(figure):
            yield f"{where}: published_on is a year, a month or a day, like 2024-12."


def _is_date(figure: ContextFigure) -> bool:
    if not re.fullmatch(r"\d{4}(-\d{2}(-\d{2})?)?", figure.published_on):
        return False
    try:
        return figure.day <= date(9999, 1, 1)
    except ValueError:
        return False
