"""Circles and perception gaps in words, each a whole sentence: languages join nouns in their own ways."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from readiness.perceptions.spread import Circle, Gap

IT, BUSINESS, BOARD = Circle
Circles = tuple[Circle, ...]

NAMES: dict[Circles, str | Promise] = {
    (IT,): pgettext_lazy("circle", "IT"),
    (BUSINESS,): pgettext_lazy("circle", "Line of business"),
    (BOARD,): pgettext_lazy("circle", "Board"),
    (IT, BUSINESS): _("IT and line of business"),
    (IT, BOARD): _("IT and board"),
    (BUSINESS, BOARD): _("Line of business and board"),
    (IT, BUSINESS, BOARD): _("All circles"),
}
# By who sees more and who sees less.
SENTENCES: dict[tuple[Circles, Circles], str | Promise] = {
    ((IT,), (BUSINESS,)): _("IT sees level %(high)d where the line of business sees %(low)d: %(practice)s"),
    ((IT,), (BOARD,)): _("IT sees level %(high)d where the board sees %(low)d: %(practice)s"),
    ((BUSINESS,), (IT,)): _("The line of business sees level %(high)d where IT sees %(low)d: %(practice)s"),
    ((BUSINESS,), (BOARD,)): _("The line of business sees level %(high)d where the board sees %(low)d: %(practice)s"),
    ((BOARD,), (IT,)): _("The board sees level %(high)d where IT sees %(low)d: %(practice)s"),
    ((BOARD,), (BUSINESS,)): _("The board sees level %(high)d where the line of business sees %(low)d: %(practice)s"),
    ((IT,), (BUSINESS, BOARD)): _(
        "IT sees level %(high)d where the line of business and the board see %(low)d: %(practice)s"
    ),
    ((BUSINESS, BOARD), (IT,)): _(
        "The line of business and the board see level %(high)d where IT sees %(low)d: %(practice)s"
    ),
    ((BUSINESS,), (IT, BOARD)): _(
        "The line of business sees level %(high)d where IT and the board see %(low)d: %(practice)s"
    ),
    ((IT, BOARD), (BUSINESS,)): _(
        "IT and the board see level %(high)d where the line of business sees %(low)d: %(practice)s"
    ),
    ((BOARD,), (IT, BUSINESS)): _(
        "The board sees level %(high)d where IT and the line of business see %(low)d: %(practice)s"
    ),
    ((IT, BUSINESS), (BOARD,)): _(
        "IT and the line of business see level %(high)d where the board sees %(low)d: %(practice)s"
    ),
}


def name(circles: Circles) -> str:
    """What a spread is called in the reader's language."""
    return str(NAMES[circles])


def sentence(gap: Gap, practice: str) -> str:
    """A perception gap in one sentence; `practice` names it in the reader's language."""
    said = SENTENCES[gap.high.circles, gap.low.circles]
    return said % {"high": gap.high.median, "low": gap.low.median, "practice": practice}
