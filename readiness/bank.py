"""The question bank: the four rules, their practices and what each level means, read from the content files.

A version is a folder of `content/` with one TOML file per rule; a published version never changes. `soundness` says
what is wrong with one.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Final, TypeVar

from readiness.scoring import HIGHEST_LEVEL

CONTENT = Path(__file__).parent / "content"
RULES = ("use_cases", "infrastructure", "sponsorship", "metrics")
LANGUAGES = ("en", "fr")
LEVELS = range(1, HIGHEST_LEVEL + 1)

T = TypeVar("T")


class BankError(ValueError):
    """The content cannot be read; the message says which file, where in it, and why."""


@dataclass(frozen=True, slots=True)
class Text:
    """One text in every language of the product."""

    en: str
    fr: str

    def in_language(self, code: str) -> str:
        """The text in the language of a code such as `fr` or `fr-ca`; English for any other language."""
        return self.fr if code.partition("-")[0].lower() == "fr" else self.en


@dataclass(frozen=True, slots=True)
class Action:
    """A recommended step that opens a level from the one below it.

    Effort in working days; `cost` once and `run_cost` a year, as ranges in the company's currency.
    """

    practice: str
    opens: int
    title: Text
    effort_days: int
    cost_low: int
    cost_high: int
    role: str
    run_cost_low: int = 0
    run_cost_high: int = 0


@dataclass(frozen=True, slots=True)
class SuggestedBinding:
    """What could measure a practice, to start a binding from.

    `source` is `kpi` (of the catalogue, thresholds in its shown unit) or `workspace` (thresholds in percent).
    """

    source: str
    figure: str
    comparator: str
    thresholds: Mapping[int, Decimal]
    window_days: int
    minimum_samples: int
    minimum_coverage: Decimal
    site_share: Decimal


@dataclass(frozen=True, slots=True)
class Practice:
    """One question. `levels` words the levels 0 to 4; attached evidence counts in full for `validity_days`."""

    key: str
    gate: bool
    measurable: bool
    weight: int
    validity_days: int
    minutes: int
    title: Text
    question: Text
    help: Text
    levels: tuple[Text, ...]
    evidence: tuple[Text, ...]
    actions: tuple[Action, ...]
    binding: SuggestedBinding | None = None
    retired: bool = False


@dataclass(frozen=True)
class Rule:
    """One of the four rules, with the practices that are asked, in the order of the file."""

    number: int
    key: str
    title: Text
    promise: Text
    why: Text
    good: Text
    practices: tuple[Practice, ...]
    retired: tuple[Practice, ...] = ()

    @property
    def gates(self) -> tuple[Practice, ...]:
        return tuple(practice for practice in self.practices if practice.gate)

    @property
    def minutes(self) -> int:
        """How long the rule takes to answer."""
        return sum(practice.minutes for practice in self.practices)

    @property
    def express_minutes(self) -> int:
        """How long its gate practices alone take."""
        return sum(practice.minutes for practice in self.gates)


@dataclass(frozen=True)
class Bank:
    """One version of the question bank."""

    version: str
    rules: tuple[Rule, ...]

    @cached_property
    def practices(self) -> tuple[Practice, ...]:
        """Every practice that is asked, rule by rule."""
        return tuple(practice for rule in self.rules for practice in rule.practices)

    @cached_property
    def _by_key(self) -> dict[str, tuple[Rule, Practice]]:
        return {practice.key: (rule, practice) for rule in self.rules for practice in rule.practices}

    def practice(self, key: str) -> Practice:
        """The practice of that key. Raises KeyError if this version does not ask it."""
        return self._by_key[key][1]

    def rule_of(self, practice: str) -> Rule:
        """The rule of a practice's key. Raises KeyError if this version does not ask it."""
        return self._by_key[practice][0]

    def rule(self, key: str) -> Rule:
        """The rule of that key. Raises KeyError."""
        return {rule.key: rule for rule in self.rules}[key]


# --- Reading -------------------------------------------------------------------------------------------------------


def versions(directory: Path = CONTENT) -> list[str]:
    """The versions there are, oldest first: 2026.10 is newer than 2026.9."""
    found = [entry.name for entry in directory.iterdir() if _is_version(entry.name)] if directory.is_dir() else []
    return sorted(found, key=release)


def current_version(directory: Path = CONTENT) -> str:
    """The version that new assessments use."""
    found = versions(directory)
    if not found:
        raise BankError(f"There is no version of the question bank in {directory}.")
    return found[-1]


def load_bank(version: str | None = None, directory: Path = CONTENT) -> Bank:
    """A version of the bank, the current one unless told; read once per process. Raises `BankError`."""
    return _read_bank(version or current_version(directory), directory)


@cache
def _read_bank(version: str, directory: Path) -> Bank:
    if not _is_version(version) or not (directory / version).is_dir():
        raise BankError(f"There is no version {version} of the question bank in {directory}.")
    rules = [_read_rule(path) for path in sorted((directory / version).glob("*.toml"))]
    return Bank(version, tuple(sorted(rules, key=lambda rule: rule.number)))


def _is_version(name: str) -> bool:
    return re.fullmatch(r"\d{4}\.\d{1,3}", name) is not None


def release(version: str) -> tuple[int, ...]:
    """A version as numbers, to compare by."""
    return tuple(int(part) for part in version.split("."))


def _read_rule(path: Path) -> Rule:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BankError(f"{path.name} cannot be read: {error}.") from error
    file = _Table(content, path.name)
    head = file.table("rule")
    practices = [_read_practice(table) for table in file.tables("practice")]
    rule = Rule(
        number=head.number("number"),
        key=head.string("key"),
        title=head.text("title"),
        promise=head.text("promise"),
        why=head.text("why"),
        good=head.text("good"),
        practices=tuple(practice for practice in practices if not practice.retired),
        retired=tuple(practice for practice in practices if practice.retired),
    )
    head.refuse_the_rest()
    file.refuse_the_rest()
    return rule


def _read_practice(table: "_Table") -> Practice:
    key = table.string("key")
    table.where += f", {key}"
    practice = Practice(
        key=key,
        gate=table.flag("gate"),
        measurable=table.flag("measurable", default=False),
        weight=table.number("weight"),
        validity_days=table.number("validity_days"),
        minutes=table.number("minutes"),
        title=table.text("title"),
        question=table.text("question"),
        help=table.text("help"),
        levels=tuple(table.texts("levels")),
        evidence=tuple(table.texts_or_one("evidence")),
        actions=tuple(_read_action(key, action) for action in table.tables("action")),
        binding=_read_binding(table.optional_table("binding")),
        retired=table.flag("retired", default=False),
    )
    table.refuse_the_rest()
    return practice


def _read_action(practice: str, table: "_Table") -> Action:
    action = Action(
        practice=practice,
        opens=table.number("opens"),
        title=table.text("title"),
        effort_days=table.number("effort_days"),
        cost_low=table.number("cost_low"),
        cost_high=table.number("cost_high"),
        role=table.string("role"),
        run_cost_low=table.number("run_cost_low", default=0),
        run_cost_high=table.number("run_cost_high", default=0),
    )
    table.refuse_the_rest()
    return action


def _read_binding(table: "_Table | None") -> SuggestedBinding | None:
    if table is None:
        return None
    source, _, figure = table.string("figure").partition(":")
    thresholds = table.table("thresholds")
    binding = SuggestedBinding(
        source=source,
        figure=figure,
        comparator=table.string("comparator"),
        thresholds={level: thresholds.decimal(str(level)) for level in LEVELS if str(level) in thresholds.fields},
        window_days=table.number("window_days"),
        minimum_samples=table.number("minimum_samples"),
        minimum_coverage=table.decimal("minimum_coverage"),
        site_share=table.decimal("site_share"),
    )
    thresholds.refuse_the_rest()
    table.refuse_the_rest()
    return binding


REQUIRED: Final = object()


class _Table:
    """A TOML table that is read field by field, so that a misspelt field is refused and not silently ignored."""

    def __init__(self, fields: Mapping[str, Any], where: str) -> None:
        self.fields = dict(fields)
        self.where = where

    def string(self, name: str) -> str:
        return self._take(name, str, "a text in quotes")

    def number(self, name: str, *, default: object = REQUIRED) -> int:
        return self._take(name, int, "a whole number", default)

    def decimal(self, name: str) -> Decimal:
        """A decimal number is written in quotes: what TOML calls a float is not exact."""
        text = self._take(name, str, "a number in quotes")
        try:
            return Decimal(text)
        except InvalidOperation:
            raise BankError(f"{self.where}: {name} has to be a number in quotes, like '0.8'.") from None

    def flag(self, name: str, *, default: object = REQUIRED) -> bool:
        return self._take(name, bool, "true or false", default)

    def text(self, name: str) -> Text:
        return self._as_text(self._take(name, dict, "a text per language"), name)

    def texts(self, name: str) -> Iterator[Text]:
        for number, fields in enumerate(self._take(name, list, "a list of texts")):
            yield self._as_text(fields, f"{name} {number}")

    def texts_or_one(self, name: str) -> Iterator[Text]:
        """A list of texts; where there is only one, it may stand alone."""
        yield from self.texts(name) if isinstance(self.fields.get(name), list) else [self.text(name)]

    def table(self, name: str) -> "_Table":
        return _Table(self._take(name, dict, "a table"), self.where)

    def optional_table(self, name: str) -> "_Table | None":
        return self.table(name) if name in self.fields else None

    def tables(self, name: str) -> Iterator["_Table"]:
        for fields in self._take(name, list, "a list of tables", []):
            if not isinstance(fields, dict):
                raise BankError(f"{self.where}: every {name} has to be a table.")
            yield _Table(fields, self.where)

    def refuse_the_rest(self) -> None:
        if self.fields:
            raise BankError(f"{self.where}: {', '.join(sorted(self.fields))} is not known here.")

    def _take(self, name: str, kind: type[T], wanted: str, default: object = REQUIRED) -> T:
        value = self.fields.pop(name, default)
        if value is REQUIRED:
            raise BankError(f"{self.where}: {name} is missing.")
        # A bool is an int in Python, and a weight of true is a slip.
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise BankError(f"{self.where}: {name} has to be {wanted}.")
        return value

    def _as_text(self, fields: object, name: str) -> Text:
        """A language that is missing is read as empty, so that the check can list all of them at once."""
        if not isinstance(fields, dict) or not set(fields) <= set(LANGUAGES):
            raise BankError(f"{self.where}: {name} has to be a text per language ({', '.join(LANGUAGES)}).")
        if not all(isinstance(text, str) for text in fields.values()):
            raise BankError(f"{self.where}: {name} has to be in quotes.")
        return Text(*(fields.get(language, "").strip() for language in LANGUAGES))
