"""How much of something there was in a window, with its unit: requests, tokens, money, energy."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.conf import settings

from inference_kpis.catalogue import MEASURES, Label
from inference_kpis.dashboards.wording import CURRENCY_SYMBOLS, NBSP, Written, fixed, is_french, number
from inference_kpis.readings.algebra import Increase, merge_all
from inference_kpis.readings.queries import GroupReading

AMOUNTS = ("requests", "prompt_tokens", "output_tokens", "cost", "energy")
JOULES_PER_KWH = Decimal(3_600_000)


@dataclass(frozen=True)
class Amount:
    """A measure and how much of it there was; '' where nobody measured or declared it."""

    label: Label
    text: str


def amounts(readings: Iterable[GroupReading]) -> list[Amount]:
    """All of these readings together."""
    merged = merge_all(each.reading for each in readings).measures
    found = ((MEASURES[key], merged.get(key)) for key in AMOUNTS)
    return [
        Amount(measure.label, _text(measure.key, value.amount * measure.quantum) if isinstance(value, Increase) else "")
        for measure, value in found
    ]


def _text(key: str, amount: Decimal) -> str:
    if key == "energy":
        return f"{number(amount / JOULES_PER_KWH)}{NBSP}kWh"
    if key == "cost":
        symbol = CURRENCY_SYMBOLS.get(settings.CURRENCY, settings.CURRENCY)
        return str(Written("", fixed(amount, 2), symbol, not is_french()))
    return fixed(amount, 0)
