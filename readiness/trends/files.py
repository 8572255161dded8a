"""Trends and comparisons as rows of a file: no number in the form of a language."""

from collections.abc import Iterable, Iterator
from datetime import UTC
from fractions import Fraction

from inference_kpis.spreadsheet import as_text
from readiness.scoring import OverallScore, RuleScore, rounded
from readiness.trends.points import Point

COLUMNS = ("team", "taken_at", "bank_version", "rule", "level", "index", "declared_index")


def table(points: Iterable[tuple[str, Point]]) -> Iterator[tuple[str, ...]]:
    """The header, then for each team and point one row per rule and one for the overall score; '' is the company."""
    yield COLUMNS
    for team, point in points:
        head = (as_text(team), point.at.astimezone(UTC).isoformat(timespec="seconds"), point.bank_version)
        for rule, score in point.rules:
            yield (*head, rule.key, *_numbers(score))
        yield (*head, "overall", *_numbers(point.overall))


def _numbers(score: RuleScore | OverallScore) -> tuple[str, str, str]:
    """Empty where the rule is not assessable."""
    level = "" if score.level is None else str(score.level)
    return level, _index(score.index), _index(score.declared_index)


def _index(value: Fraction | None) -> str:
    return "" if value is None else str(rounded(value))
