"""The bank's words in the reader's language, and scores as they are shown."""

from fractions import Fraction

from django import template
from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import get_language, pgettext_lazy

from readiness.bank import Practice, Text
from readiness.scoring import EvidenceClass, rounded

register = template.Library()


@register.filter
def words(text: Text) -> str:
    """A text of the bank in the current language."""
    return text.in_language(get_language() or "en")


@register.filter
def statement(practice: Practice, level: int | None) -> str:
    """The words of a level; nothing where none is chosen."""
    return "" if level is None else words(practice.levels[level])


@register.filter
def index(value: Fraction | None) -> str:
    """An index with its one decimal, or a dash where the rule is not assessable."""
    return "—" if value is None else number_format(rounded(value), 1)


@register.filter
def share(value: Fraction | float | None) -> str:
    """A share as a whole percentage, without its sign."""
    return "—" if value is None else number_format(round(float(value) * 100))


EVIDENCE_NAMES = {
    EvidenceClass.NONE: pgettext_lazy("evidence", "none"),
    EvidenceClass.ATTACHED: pgettext_lazy("evidence", "dated"),
    EvidenceClass.REVIEWED: pgettext_lazy("evidence", "reviewed"),
    EvidenceClass.MEASURED: pgettext_lazy("evidence", "measured"),
}


@register.filter
def evidence_name(evidence: EvidenceClass) -> str | Promise:
    """What a class of evidence means, in a word."""
    return EVIDENCE_NAMES[evidence]


@register.filter
def kind(value: object) -> str:
    """The name of a value's class, to tell the sorts of obstacles apart."""
    return type(value).__name__
