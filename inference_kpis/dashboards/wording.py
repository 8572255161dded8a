"""Numbers, units and ages as people read them, in the language of the page.

Three significant digits, never more decimals than the KPI asks for, a true minus sign, and never a rounding that says
more than was measured: 99.996 % does not become 100, and 0.004 does not become 0.
"""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from django.conf import settings
from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from inference_kpis.catalogue import UNIT_LABELS, Direction, Kpi
from inference_kpis.dashboards.comparing import Change
from inference_kpis.formulas.units import words_of
from inference_kpis.readings.statistics import Bound, NoValue, Quantity

Number = int | float | Decimal | Fraction

NBSP = "\u00a0"
MINUS = "\u2212"
CURRENCY_SYMBOLS = {"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥"}
SIGNS = {Bound.EXACT: "", Bound.AT_MOST: "≤", Bound.AT_LEAST: "≥"}


def is_french() -> bool:
    return (get_language() or "").startswith("fr")


# --- Numbers -------------------------------------------------------------------------------------------------------


def fixed(value: Number, decimals: int) -> str:
    """The number with this many decimals."""
    exact = Decimal(value.numerator) / Decimal(value.denominator) if isinstance(value, Fraction) else value
    if isinstance(exact, Decimal):  # Django cuts decimals off where it rounds floats
        exact = exact.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    text: str = number_format(exact, decimal_pos=decimals, use_l10n=True, force_grouping=True)
    if not any(character in "123456789" for character in text):
        return text.lstrip("-")
    return text.replace("-", MINUS)


def significant_decimals(value: Number, digits: int = 3) -> int:
    """How many decimals give this many significant digits; negative where tens and hundreds are to be rounded."""
    if value == 0:
        return 0
    decimals = digits - 1 - math.floor(math.log10(abs(float(value))))
    # 9.996 rounds to 10.0 and would otherwise be written with a digit too many.
    return decimals - 1 if abs(round(float(value), decimals)) >= 10.0 ** (digits - decimals) else decimals


def number(value: Number, digits: int = 3, most_decimals: int | None = None) -> str:
    """The number to so many significant digits; a whole number has no decimals."""
    if value == int(value) and abs(value) < 10**digits:
        return fixed(int(value), 0)
    decimals = significant_decimals(value, digits)
    if most_decimals is not None:
        decimals = min(decimals, most_decimals)
    return fixed(round(float(value), decimals), max(decimals, 0))


def plain(value: float) -> str:
    """A number that somebody entered, with as many decimals as were given."""
    exponent = Decimal(repr(float(value))).normalize().as_tuple().exponent
    return fixed(value, max(0, -int(exponent)))


def signed(value: Number, digits: int = 3) -> str:
    """A change: with its sign, and ±0 where there is none."""
    text = number(value, digits)
    if text.startswith(MINUS):
        return text
    return f"+{text}" if value > 0 else f"±{text}"


def percent(share: Number, decimals: int = 0) -> str:
    """A share of 1 as a percentage."""
    return f"{fixed(share * 100, decimals)}{gap_before('%')}%"


def signed_percent(share: float) -> str:
    """A relative change with its sign; one decimal below 10 %."""
    text = percent(abs(share), 1 if abs(share) < 0.1 else 0)
    return f"{MINUS if share < 0 else '+' if share else '±'}{text}"


def gap_before(unit: str) -> str:
    """What stands between a number and its unit: in English nothing before %, otherwise a space that does not break."""
    return "" if not unit or (unit == "%" and not is_french()) else NBSP


# --- KPIs ----------------------------------------------------------------------------------------------------------


def unit_label(kpi: Kpi) -> str:
    """The KPI's unit as it is written after a number; for money the currency's symbol."""
    if kpi.unit == "currency":
        return CURRENCY_SYMBOLS.get(settings.CURRENCY, settings.CURRENCY)
    return str(UNIT_LABELS[kpi.unit]) if kpi.unit in UNIT_LABELS else unit_text(kpi.unit)


UNIT_WORDS: dict[str, str | Promise] = {
    "request": gettext_lazy("request"),
    "requests": gettext_lazy("requests"),
    "token": gettext_lazy("token"),
    "tokens": gettext_lazy("tokens"),
    "pull": gettext_lazy("pull"),
    "pulls": gettext_lazy("pulls"),
    "B": gettext_lazy("bytes"),
    "kB": gettext_lazy("kB"),
    "MB": gettext_lazy("MB"),
    "GB": gettext_lazy("GB"),
    "TB": gettext_lazy("TB"),
    "d": gettext_lazy("d"),
}


def unit_text(written_unit: str) -> str:
    """A unit that somebody wrote, such as `J/1000 tokens`, in the language of the page; '' for a plain number."""
    if written_unit == "1":
        return ""
    parts: list[str] = []
    for word in words_of(written_unit):
        if word == "currency":
            shown = CURRENCY_SYMBOLS.get(settings.CURRENCY, settings.CURRENCY)
        elif word[0].isdigit():
            shown = plain(float(word))
        else:
            shown = {"*": "·", "-": MINUS}.get(word) or str(UNIT_WORDS.get(word, word))
        is_after_number = bool(parts) and parts[-1][-1].isdigit() and word[0].isalpha()
        parts.append(f"{NBSP}{shown}" if is_after_number else shown)
    return "".join(parts)


@dataclass(frozen=True)
class Written:
    """A number in its parts, in the order of the language."""

    sign: str
    number: str
    unit: str
    is_unit_first: bool = False

    @property
    def sign_gap(self) -> str:
        return NBSP if self.sign in {"≤", "≥", "<", ">"} else ""

    @property
    def gap(self) -> str:
        if self.is_unit_first:
            return "" if len(self.unit) == 1 else NBSP
        return gap_before(self.unit)

    def __str__(self) -> str:
        amount = f"{self.unit}{self.gap}{self.number}" if self.is_unit_first else f"{self.number}{self.gap}{self.unit}"
        return f"{self.sign}{self.sign_gap}{amount}"


def written(value: float, kpi: Kpi, sign: str = "") -> Written:
    """A value of a KPI, in its display unit."""
    smallest = 10.0**-kpi.decimals
    is_share = kpi.unit == "%"
    if 0 < abs(value) < smallest / 2:
        sign, text = "<", fixed(smallest, kpi.decimals)
    elif is_share and 100 - smallest < value < 100:
        sign, text = ("≥" if sign == "≥" else ">", fixed(100 - smallest, kpi.decimals))
    elif is_share and 90 <= value < 100:
        text = fixed(value, kpi.decimals)
    else:
        text = number(value, most_decimals=kpi.decimals)
    return Written(sign, text, unit_label(kpi), kpi.unit == "currency" and not is_french())


def written_quantity(quantity: Quantity, kpi: Kpi) -> Written | None:
    """A measured quantity: ≤ or ≥ where only a bound is known, ~ where it is approximate; None without value."""
    if quantity.value is None:
        return None
    sign = SIGNS[quantity.bound] or ("~" if quantity.is_approximate else "")
    return written(quantity.value, kpi, sign)


def written_target(value: float, kpi: Kpi) -> Written:
    """A target with the side of it that is good; as many decimals as its author gave."""
    sign = "≤" if kpi.direction is Direction.LOWER else "≥"
    return Written(sign, plain(value), unit_label(kpi), kpi.unit == "currency" and not is_french())


def written_difference(change: Change, kpi: Kpi) -> str:
    """How far a figure is from an earlier one: in the KPI's unit, shares in points, and as a percentage of it.

    ≈ where the buckets of the histograms may be all that differs.
    """
    if change.is_undecided:
        return _("cannot be decided")
    if change.difference is None:
        return ""
    unit = _("points") if kpi.unit == "%" else unit_label(kpi)
    text = f"{signed(change.difference)}{gap_before(unit)}{unit}"
    if change.share is not None and kpi.unit != "%":
        text += f" ({signed_percent(change.share)})"
    return f"≈{NBSP}{text}" if change.is_within_buckets else text


def no_value(quantity: Quantity) -> str:
    """Why there is no number."""
    if quantity.reason is NoValue.UNDECIDED:
        return _("cannot be decided")
    return _("not exposed by this engine") if quantity.reason is NoValue.NOT_EXPOSED else _("no data")


def coverage(quantity: Quantity, kpi: Kpi) -> str:
    """How much a quotient covers where cost or energy of some nodes is unknown; '' where it covers everything."""
    share = quantity.covered_share
    if share is None or share == 1:
        return ""
    # Neither "covers 100 %" nor "covers 0 %" where something is left out or in.
    shown = percent(min(max(share, 0.001), 0.999), 0 if 0.01 <= share < 0.99 else 1)
    if "output_tokens" in kpi.measures:
        return _("Covers %(share)s of tokens; cost or energy of the others is unknown.") % {"share": shown}
    return _("Covers %(share)s of requests; cost or energy of the others is unknown.") % {"share": shown}


def caution(quantity: Quantity) -> str:
    """What a reader has to know about a number that is not exact; '' for the others."""
    if quantity.confidence is not None and quantity.bound is not Bound.EXACT:
        return _("Only a limit is known: one of the two percentiles lies beyond the bounds of its histogram.")
    if quantity.bound is Bound.AT_MOST:
        return _("At most this: it lies in the first bucket of the histogram.")
    if quantity.bound is Bound.AT_LEAST:
        return _("At least this: it lies above the highest bound of the histogram.")
    if quantity.is_approximate:
        return _("Approximate: histograms of different layouts were brought together.")
    return ""


def interval(quantity: Quantity, kpi: Kpi) -> str:
    """Between what the true value lies, for a quantity with an interval of confidence; '' for the others."""
    if quantity.value is None or quantity.confidence is None:
        return ""
    share = percent(quantity.confidence)
    if quantity.high is None:
        return _("too few samples for a %(share)s interval: undecided") % {"share": share}
    high = written(quantity.high, kpi)
    if quantity.low is None:
        return _("%(share)s interval: at most %(high)s") % {"share": share, "high": high}
    return _("%(share)s interval: %(low)s to %(high)s") % {
        "share": share,
        "low": written(quantity.low, kpi),
        "high": high,
    }


def quantity_text(quantity: Quantity, kpi: Kpi) -> str:
    """A quantity in one piece of plain text."""
    return str(written_quantity(quantity, kpi) or no_value(quantity))


# --- Time ----------------------------------------------------------------------------------------------------------


def age_patterns() -> dict[str, str]:
    """How an age is written, by unit; {n} stands for the number. Scripts use them to let ages grow."""
    return {
        "s": _("%(n)s s ago") % {"n": "{n}"},
        "min": _("%(n)s min ago") % {"n": "{n}"},
        "h": _("%(n)s h ago") % {"n": "{n}"},
        "d": _("%(n)s d ago") % {"n": "{n}"},
    }


def _largest_unit(seconds: float) -> tuple[str, int]:
    whole = max(0, math.floor(seconds))
    for unit, length, up_to in (("s", 1, 60), ("min", 60, 3600), ("h", 3600, 48 * 3600)):
        if whole < up_to:
            return unit, whole // length
    return "d", whole // 86400


def age(moment: datetime, now: datetime) -> str:
    """How long ago it was, in whole seconds, minutes, hours or days; what lies in the future was just now."""
    unit, count = _largest_unit((now - moment).total_seconds())
    return age_patterns()[unit].replace("{n}", str(count))


def duration(length: timedelta | float) -> str:
    """A length of time (numbers are seconds) in its largest unit."""
    unit, count = _largest_unit(length.total_seconds() if isinstance(length, timedelta) else length)
    names: dict[str, str | Promise] = {"s": "s", "min": "min", "h": "h", "d": _("d")}
    return f"{count}{NBSP}{names[unit]}"
