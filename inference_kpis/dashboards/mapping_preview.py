"""What a person sees beside a mapping while they edit it: the node's own series, suggestions, and what would be read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from inference_kpis.catalogue import MEASURES
from inference_kpis.dashboards.mapping_form import RowForm, rows_of
from inference_kpis.dashboards.mapping_words import (
    KINDS,
    caution_sentence,
    figures_text,
    remark_sentence,
)
from inference_kpis.engines.mapping import Content, Row, compiled
from inference_kpis.engines.rehearsal import Moment, figures, rehearse
from inference_kpis.engines.suggestion import cautions, model_label, suggested
from inference_kpis.fleet.models import Node
from inference_kpis.protocols.exposition import MalformedExposition
from inference_kpis.protocols.families import Family, families
from inference_kpis.protocols.freshness import fresh
from inference_kpis.pull.problems import sentence
from inference_kpis.pull.sampling import Answer, answers_of
from inference_kpis.readings.store import as_ms

MOST_LISTED = 200
MOST_LABELS = 8
MOST_VALUES = 3
MOST_VALUE_CHARACTERS = 40
MOST_PASTED = 1_000_000


@dataclass(frozen=True)
class Seen:
    """What a node shows now and showed before; `problem` is a sentence about why not all of it is there."""

    families: Sequence[Family] = ()
    now: Moment | None = None
    before: Moment | None = None
    problem: str = ""

    @property
    def series_count(self) -> int:
        return sum(len(family.series) for family in self.families)

    def suggestions(self, mapped: Sequence[Row]) -> list[Row]:
        """A row for each measure that no row is of yet."""
        return suggested(self.families, mapped={row.measure for row in mapped})

    @property
    def model_label(self) -> str:
        return model_label(self.families)


def look_at(node: Node | None, pasted: str) -> Seen:
    """The series of a node, or those of a text that somebody pasted. Fetches from a node that is pulled."""
    now_ms = as_ms(datetime.now(UTC))
    if pasted.strip():
        return _seen(Answer(now_ms, pasted[:MOST_PASTED].replace("\r\n", "\n").encode() + b"\n", ""), None, "")
    if node is None or node.source != Node.Source.PULL:
        return Seen()
    answers = answers_of(node, now_ms)
    problem = str(sentence(answers.problem)) if answers.problem else ""
    return _seen(answers.latest, answers.earlier, problem) if answers.latest else Seen(problem=problem)


def _seen(latest: Answer, earlier: Answer | None, problem: str) -> Seen:
    try:
        found = families(latest.body, content_type=latest.content_type)
        before = families(earlier.body, content_type=earlier.content_type) if earlier else None
    except MalformedExposition as error:
        return Seen(problem=str(sentence(error.code)))
    now = _moment(found, latest.at_ms)
    return Seen(found, now, _moment(before, earlier.at_ms) if before and earlier else None, problem)


def _moment(found: Sequence[Family], at_ms: int) -> Moment:
    samples, _dropped = fresh([sample for family in found for sample in family.samples], at_ms)
    return Moment(at_ms, samples)


# --- The list of series ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ListedFamily:
    """One line of the list, cut to what fits."""

    name: str
    kind: str
    help: str
    unit: str
    labels: list[tuple[str, str]]
    series_count: int
    value: float | None
    cautions: list[str]


@dataclass(frozen=True)
class SeriesList:
    """The families whose name or help holds what was asked for; `left_out` is how many more there are."""

    lines: list[ListedFamily]
    families_count: int
    series_count: int
    left_out: int


def series_list(seen: Seen, search: str) -> SeriesList:
    """The first families that match."""
    wanted = search.strip().lower()
    told = cautions(seen.families)
    found = [each for each in seen.families if wanted in each.name.lower() or wanted in each.said.help.lower()]
    lines = [
        ListedFamily(
            family.name,
            str(KINDS.get(family.type, "")),
            family.said.help,
            family.said.unit,
            [(label, _some(values)) for label, values in list(family.labels.items())[:MOST_LABELS]],
            len(family.series),
            family.series[0].value if len(family.series) == 1 else None,
            [caution_sentence(caution) for caution in told.get(family.name, ())],
        )
        for family in found[:MOST_LISTED]
    ]
    return SeriesList(lines, len(seen.families), seen.series_count, max(len(found) - MOST_LISTED, 0))


def _some(values: Sequence[str]) -> str:
    shown = ", ".join(value[:MOST_VALUE_CHARACTERS] for value in values[:MOST_VALUES])
    return f"{shown}, …" if len(values) > MOST_VALUES else shown


# --- What would be read ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ReadRow:
    """What one row would read: by model, and what is odd about it."""

    figures: list[tuple[str, str]]
    remarks: list[str]


@dataclass(frozen=True)
class MappingPreview:
    """What each row and each measure would read now; rows are by the number of their form."""

    rows: dict[int, ReadRow]
    measures: list[tuple[str, list[tuple[str, str]]]]
    dropped: list[str]


def preview(forms_of_rows: Sequence[RowForm], labels: tuple[str, ...], seen: Seen) -> MappingPreview | None:
    """What the rows that are in order would read; None while there is nothing to read."""
    if seen.now is None:
        return None
    numbered = [(at, row) for at, row in rows_of(forms_of_rows) if not forms_of_rows[at].errors]
    content = Content(tuple(row for _, row in numbered), labels)
    by_name = {family.name: family for family in seen.families}
    rows = {}
    for (at, _), found in zip(numbered, rehearse(content, by_name, seen.now, seen.before), strict=True):
        remarks = [
            remark_sentence(remark.code, numbered[remark.other][0] if remark.other >= 0 else -1)
            for remark in found.remarks
        ]
        rows[at] = ReadRow(figures_text(found.figures), remarks)
    shown, dropped = figures(compiled(content, ""), seen.now, seen.before)
    by_measure: dict[str, list[tuple[str, str]]] = {}
    for figure, words in zip(shown, figures_text(shown), strict=True):
        by_measure.setdefault(str(MEASURES[figure.measure].label), []).append(words)
    return MappingPreview(rows, list(by_measure.items()), [str(sentence(code)) for code in dropped])
