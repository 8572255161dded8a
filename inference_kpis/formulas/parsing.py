"""The text of a custom KPI as a formula: numbers with units, measures with an aggregation, KPIs, + − × ÷ and parentheses.

Nothing is evaluated here and nothing but this grammar is understood. What does not fit is refused with a sentence and
the place in the text; units are checked as the text is read, so that seconds are never added to requests.
"""

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

from django.utils.translation import gettext as _

from inference_kpis.catalogue import (
    KPIS,
    MEASURES,
    Combined,
    Constant,
    Formula,
    Kind,
    Maximum,
    Mean,
    Measure,
    Operator,
    Quantile,
    Rate,
    Ratio,
    ShareBelow,
    Sum,
    Total,
    measures_of,
)
from inference_kpis.formulas.units import HIGHEST_POWER, NUMBER, WRITTEN, Unit, base, catalogued

MOST_CHARACTERS = 500
MOST_DEPTH = 20
MOST_OPERATIONS = 60
LARGEST_NUMBER = Fraction(10**15)

_WORD = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?(?:e[+-]?\d{1,2}(?![\w.]))?)|(?P<name>[A-Za-z][A-Za-z0-9_]*|%)|(?P<sign>[-+*/(),−×·÷]))"
)
_SIGNS = {"−": "-", "×": "*", "·": "*", "÷": "/"}
# How a measure of each kind may be read.
READ_WITH: dict[Kind, tuple[str, ...]] = {
    Kind.INCREASE: ("rate", "increase"),
    Kind.LEVEL: ("mean", "max", "total"),
    Kind.DISTRIBUTION: ("mean", "quantile", "share_below"),
}
_FUNCTIONS = frozenset(name for names in READ_WITH.values() for name in names)
EXAMPLES = {Kind.INCREASE: "rate({})", Kind.LEVEL: "mean({})", Kind.DISTRIBUTION: "quantile(0.95, {})"}


class FormulaRefused(Exception):
    """A text that is no formula: a sentence, and where in the text, from `start` up to `end` in characters."""

    def __init__(self, message: str, start: int, end: int) -> None:
        super().__init__(message)
        self.message, self.start, self.end = message, start, end


@dataclass(frozen=True)
class Parsed:
    """A formula with the unit of its value. `number` is its exact value where it is a constant, and `is_bare` says that
    this is a unit that stands alone."""

    formula: Formula
    unit: Unit
    number: Fraction | None = None
    is_bare: bool = False


@lru_cache(maxsize=2048)
def parsed(text: str) -> Parsed:
    """The formula of this text. Raises `FormulaRefused` where it is none, or reads no measure."""
    found = _Reader(text).read()
    if not measures_of(found.formula):
        raise FormulaRefused(_("Read at least one measure, such as rate(requests)."), 0, len(text))
    return found


@lru_cache(maxsize=2048)
def scale(text: str) -> tuple[Fraction, Unit]:
    """A unit to show values in, such as `ms` or `J/1000 tokens`: what it is worth, and its unit. Raises `FormulaRefused`."""
    found = _Reader(text).read()
    if found.number is None:
        raise FormulaRefused(_("Write a unit only, such as ms or J/1000 tokens."), 0, len(text))
    if found.number <= 0:
        raise FormulaRefused(_("A unit is worth more than nothing."), 0, len(text))
    return found.number, found.unit


# --- Units of formulas -----------------------------------------------------------------------------------------------


def unit_of(formula: Formula) -> Unit | None:
    """The unit of a formula's value; None for a kind of formula that no custom one may use."""
    match formula:
        case Rate(key):
            return catalogued(MEASURES[key].unit) / base("s")
        case Ratio(numerators, denominators):
            return catalogued(MEASURES[numerators[0]].unit) / catalogued(MEASURES[denominators[0]].unit)
        case Maximum(keys):
            return catalogued(MEASURES[keys[0]].unit)
        case Sum(key) | Quantile(key) | Mean(key) | Total(key):
            return catalogued(MEASURES[key].unit)
        case ShareBelow():
            return NUMBER
    return None


def in_base_units(formula: Formula) -> Formula:
    """The formula of a KPI without what only makes it easier to read: joules per token, not per 1,000 tokens."""
    return replace(formula, factor=Decimal(1)) if isinstance(formula, Ratio) else formula


def usable_kpis() -> dict[str, tuple[Formula, Unit]]:
    """The KPIs of the catalogue that a formula may name, in base units."""
    found = {key: (in_base_units(kpi.formula), unit_of(kpi.formula)) for key, kpi in KPIS.items()}
    return {key: (formula, unit) for key, (formula, unit) in found.items() if unit is not None}


# --- Reading ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Word:
    kind: str  # number, name, sign, or end
    text: str
    start: int
    end: int


class _Reader:
    """Recursive descent over the words of one text: sums of products of operands."""

    def __init__(self, text: str) -> None:
        if len(text) > MOST_CHARACTERS:
            raise FormulaRefused(_("A formula has at most 500 characters."), MOST_CHARACTERS, len(text))
        self.words = list(_words(text))
        self.at = 0
        self.depth = 0
        self.operations = 0

    def read(self) -> Parsed:
        found = self._sum()
        if self.word.kind != "end":
            self._refuse(_("An operator or the end was expected here: + − × ÷."))
        return found

    @property
    def word(self) -> _Word:
        return self.words[self.at]

    def _take(self, *texts: str) -> _Word | None:
        """The current word if it is one of these signs; goes on behind it."""
        word = self.word
        if word.kind != "sign" or word.text not in texts:
            return None
        self.at += 1
        return word

    def _refuse(self, message: str, word: _Word | None = None) -> None:
        word = word or self.word
        raise FormulaRefused(message, word.start, word.end)

    def _expect(self, text: str, message: str) -> None:
        if not self._take(text):
            self._refuse(message)

    def _sum(self) -> Parsed:
        found = self._product()
        while sign := self._take("+", "-"):
            other = self._product()
            if found.unit != other.unit:
                units = {"left": found.unit, "right": other.unit}
                self._refuse(
                    _("%(left)s and %(right)s cannot be added or subtracted: bring both to one unit.") % units, sign
                )
            found = self._combined(sign, found, other, found.unit)
        return found

    def _product(self) -> Parsed:
        found = self._operand()
        while sign := self._take("*", "/"):
            other = self._operand()
            if sign.text == "/" and other.number == 0:
                self._refuse(_("Nothing can be divided by zero."), sign)
            unit = found.unit * other.unit if sign.text == "*" else found.unit / other.unit
            if any(abs(power) > HIGHEST_POWER for _name, power in unit.powers):
                self._refuse(_("No quantity has such a unit: %(unit)s.") % {"unit": unit}, sign)
            found = self._combined(sign, found, other, unit)
        return found

    def _combined(self, sign: _Word, left: Parsed, right: Parsed, unit: Unit) -> Parsed:
        self.operations += 1
        if self.operations > MOST_OPERATIONS:
            self._refuse(_("This formula is too long to be understood by anybody: split it."), sign)
        operator = Operator(sign.text)
        if (left.is_bare and right.number is None) or (right.is_bare and left.number is None):
            # `increase(energy) / requests` is meant to divide by all requests, and would divide by one.
            self._refuse(
                _("A unit alone is no measure: write 1 before it, or read a measure, such as increase(requests)."), sign
            )
        if left.number is not None and right.number is not None:
            return self._number(_calculated(operator, left.number, right.number), unit, sign)
        return Parsed(Combined(operator, left.formula, right.formula), unit)

    def _number(self, number: Fraction, unit: Unit, word: _Word) -> Parsed:
        if abs(number) > LARGEST_NUMBER or 0 < abs(number) < 1 / LARGEST_NUMBER:
            self._refuse(_("This number is too large or too small."), word)
        return Parsed(Constant(float(number)), unit, number)

    def _operand(self) -> Parsed:
        self.depth += 1
        if self.depth > MOST_DEPTH:
            self._refuse(_("Parentheses are nested too deeply."))
        try:
            return self._operand_inside()
        finally:
            self.depth -= 1

    def _operand_inside(self) -> Parsed:
        if sign := self._take("-"):
            inner = self._operand()
            zero = Parsed(Constant(0.0), inner.unit, Fraction(0))
            return self._combined(sign, zero, inner, inner.unit)
        if self._take("("):
            found = self._sum()
            self._expect(")", _("A closing parenthesis is missing here."))
            return found
        word = self.word
        if word.kind == "number":
            return self._quantity()
        if word.kind == "name":
            return self._named()
        self._refuse(_("A number, a measure or a KPI was expected here."))
        raise AssertionError

    def _quantity(self) -> Parsed:
        """A number, with its unit if one follows."""
        number = self.word
        self.at += 1
        worth, unit = Fraction(1), NUMBER
        if self.word.kind == "name":
            if self.word.text not in WRITTEN:
                self._refuse(
                    _("%(name)s is no unit. Between a number and a measure stands an operator.")
                    % {"name": self.word.text}
                )
            worth, unit = WRITTEN[self.word.text]
            self.at += 1
        return self._number(Fraction(number.text) * worth, unit, number)

    def _named(self) -> Parsed:
        """A function, a KPI, or a unit that stands for one of it."""
        word = self.word
        self.at += 1
        if word.text in _FUNCTIONS:
            self._expect("(", _("%(function)s needs a measure in parentheses.") % {"function": word.text})
            return self._function(word)
        if found := usable_kpis().get(word.text):
            return Parsed(*found)
        if word.text in WRITTEN:
            worth, unit = WRITTEN[word.text]
            return replace(self._number(worth, unit, word), is_bare=True)
        if measure := MEASURES.get(word.text):
            example = EXAMPLES[measure.kind].format(measure.key)
            self._refuse(
                _("%(name)s is a measure: say how to read it, such as %(example)s.")
                % {"name": word.text, "example": example},
                word,
            )
        self._unknown(word, [*_FUNCTIONS, *usable_kpis(), *WRITTEN, *MEASURES])
        raise AssertionError

    def _function(self, function: _Word) -> Parsed:
        """What stands in the parentheses of a function, and the closing one."""
        first: Parsed | None = None
        if function.text in {"quantile", "share_below"}:
            place = self.word
            first = self._sum()
            if first.number is None:
                self._refuse(_("A plain number was expected here."), place)
            self._expect(
                ",", _("%(function)s takes two values with a comma between them.") % {"function": function.text}
            )
            measure = self._measure(function)
            found = self._read_at(function, measure, first, place)
        else:
            measure = self._measure(function)
            found = self._read(function, measure)
        self._expect(")", _("A closing parenthesis is missing here."))
        unit = unit_of(found)
        assert unit is not None
        return Parsed(found, unit)

    def _measure(self, function: _Word) -> Measure:
        word = self.word
        if word.kind != "name":
            self._refuse(_("The key of a measure was expected here; decimals are written with a point."))
        measure = MEASURES.get(word.text)
        if measure is None:
            readable = [key for key, each in MEASURES.items() if function.text in READ_WITH[each.kind]]
            self._unknown(word, readable)
            raise AssertionError
        if function.text not in READ_WITH[measure.kind]:
            self._refuse(
                _(
                    "%(function)s cannot read %(measure)s. A counter is read with rate or increase, a level with mean, max"
                    " or total, a distribution with mean, quantile or share_below."
                )
                % {"function": function.text, "measure": measure.key}
            )
        self.at += 1
        return measure

    @staticmethod
    def _read(function: _Word, measure: Measure) -> Formula:
        key = measure.key
        match function.text:
            case "rate":
                return Rate(key)
            case "increase":
                return Sum(key)
            case "max":
                return Maximum((key,))
            case "total":
                return Total(key)
        return Mean(key)

    def _read_at(self, function: _Word, measure: Measure, value: Parsed, place: _Word) -> Formula:
        """A quantile, or the share below a value."""
        number = float(value.number or 0)
        if function.text == "quantile":
            if value.unit != NUMBER or not 0 < number < 1:
                self._refuse(_("A quantile is between 0 and 1, such as 0.95."), place)
            return Quantile(measure.key, number)
        unit = catalogued(measure.unit)
        if value.unit != unit:
            self._refuse(
                _("%(measure)s is measured in %(unit)s: write the value with a unit of that, such as 0.5 %(unit)s.")
                % {"measure": measure.key, "unit": unit},
                place,
            )
        return ShareBelow(measure.key, number)

    def _unknown(self, word: _Word, known: Iterable[str]) -> None:
        close = difflib.get_close_matches(word.text, known, n=1)
        if close:
            text = _("There is no %(name)s here. Did you mean %(close)s?") % {"name": word.text, "close": close[0]}
        else:
            text = _("There is no measure, KPI or unit of the name %(name)s.") % {"name": word.text}
        self._refuse(text, word)


def _words(text: str) -> Iterable[_Word]:
    at, end = 0, len(text.rstrip())
    while at < end:
        match = _WORD.match(text, at)
        if match is None:
            start = at + len(text[at:]) - len(text[at:].lstrip())
            raise FormulaRefused(
                _("This character is not understood: %(character)s") % {"character": text[start]}, start, start + 1
            )
        kind = match.lastgroup or ""
        written = match.group(kind)
        yield _Word(kind, _SIGNS.get(written, written), match.start(kind), match.end(kind))
        at = match.end()
    yield _Word("end", "", end, end)


def _calculated(operator: Operator, left: Fraction, right: Fraction) -> Fraction:
    match operator:
        case Operator.PLUS:
            return left + right
        case Operator.MINUS:
            return left - right
        case Operator.TIMES:
            return left * right
    return left / right
