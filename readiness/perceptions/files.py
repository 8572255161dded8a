"""The result of a blind round as rows of a file: counts only, no number in the form of a language."""

from collections.abc import Iterator

from readiness.perceptions.reading import Result
from readiness.scoring import HIGHEST_LEVEL

COLUMNS = (
    "rule",
    "practice",
    "circles",
    *(f"level_{level}" for level in range(HIGHEST_LEVEL + 1)),
    "cannot_say",
    "lower_median",
)


def table(result: Result) -> Iterator[tuple[str, ...]]:
    """The header, then a row per practice and spread; circles shown together are joined by a plus sign."""
    yield COLUMNS
    for each in result.rules:
        for row in each.practices:
            for spread in row.perception.spreads:
                yield (
                    each.rule.key,
                    row.practice.key,
                    "+".join(spread.circles),
                    *map(str, spread.counts),
                    str(spread.cannot_say),
                    "" if spread.median is None else str(spread.median),
                )
