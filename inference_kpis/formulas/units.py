"""Units as a product of powers of base units: what may be added, and what a quotient is measured in."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

# Watts are joules per second, and a share is a number.
Powers = tuple[tuple[str, int], ...]
# Higher than any quantity has; x · x · x … would grow for ever otherwise.
HIGHEST_POWER = 9


@dataclass(frozen=True)
class Unit:
    """A product of base units with whole powers, sorted by name, none of them 0; without any it is a plain number."""

    powers: Powers = ()

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, int]]) -> "Unit":
        total: dict[str, int] = {}
        for name, power in pairs:
            total[name] = total.get(name, 0) + power
        return cls(tuple(sorted((name, power) for name, power in total.items() if power)))

    def __mul__(self, other: "Unit") -> "Unit":
        return Unit.of((*self.powers, *other.powers))

    def __truediv__(self, other: "Unit") -> "Unit":
        return Unit.of((*self.powers, *((name, -power) for name, power in other.powers)))

    def __str__(self) -> str:
        """As it is written in a formula, so that it can be read back: `J/token`, `token/s/request`; `1` for a number."""
        if self == WATT:
            return "W"
        above = "*".join(name for name, power in self.powers for _ in range(power))
        below = "".join(f"/{name}" * -power for name, power in self.powers if power < 0)
        return f"{above or 1}{below}"

    @property
    def shown(self) -> str:
        """The same as people write it behind a number: `tokens/request`."""
        return str(self) if not self.powers else re.sub(r"^[a-z*]+", lambda above: _plural(above[0]), str(self))

    @property
    def exposed_name(self) -> str:
        """The end of a metric's name: `joules_per_token`, `ratio` for a number."""
        if self == WATT:
            return "watts"
        above = "_".join(_many(name) for name, power in self.powers for _ in range(power))
        below = "_".join(_one(name) for name, power in self.powers for _ in range(-power))
        if not above and not below:
            return "ratio"
        return f"{above}_per_{below}".strip("_") if below else above


def _plural(names: str) -> str:
    return "*".join(f"{name}s" if f"{name}s" in WRITTEN else name for name in names.split("*"))


def _many(name: str) -> str:
    return name if name == "currency" else f"{_one(name)}s"


def _one(name: str) -> str:
    return {"s": "second", "J": "joule", "B": "byte"}.get(name, name)


NUMBER = Unit()


def base(name: str) -> Unit:
    return Unit(((name, 1),))


WATT = base("J") / base("s")

# How people write units → what one of them is: so many of a unit. Prefixes are decimal; an hour is an hour.
WRITTEN: dict[str, tuple[Fraction, Unit]] = {
    "%": (Fraction(1, 100), NUMBER),
    "us": (Fraction(1, 10**6), base("s")),
    "ms": (Fraction(1, 1000), base("s")),
    "s": (Fraction(1), base("s")),
    "min": (Fraction(60), base("s")),
    "h": (Fraction(3600), base("s")),
    "d": (Fraction(86_400), base("s")),
    "mJ": (Fraction(1, 1000), base("J")),
    "J": (Fraction(1), base("J")),
    "kJ": (Fraction(1000), base("J")),
    "MJ": (Fraction(10**6), base("J")),
    "Wh": (Fraction(3600), base("J")),
    "kWh": (Fraction(3_600_000), base("J")),
    "MWh": (Fraction(3_600_000_000), base("J")),
    "mW": (Fraction(1, 1000), WATT),
    "W": (Fraction(1), WATT),
    "kW": (Fraction(1000), WATT),
    "B": (Fraction(1), base("B")),
    "kB": (Fraction(1000), base("B")),
    "MB": (Fraction(10**6), base("B")),
    "GB": (Fraction(10**9), base("B")),
    "TB": (Fraction(10**12), base("B")),
    **{
        written: (Fraction(1), base(name))
        for name in ("request", "token", "pull", "currency")
        for written in ((name,) if name == "currency" else (name, f"{name}s"))
    },
}


def catalogued(unit: str) -> Unit:
    """The unit of a measure as the catalogue writes it: annotations in braces count what they name."""
    if unit.startswith("{"):
        return base(unit.strip("{}"))
    known = {"1": NUMBER, "W": WATT, "By": base("B")}
    return known[unit] if unit in known else base(unit)


def words_of(written: str) -> list[str]:
    """A written unit in its words, numbers and signs, such as `["J", "/", "1000", "tokens"]`."""
    return re.findall(r"[A-Za-z]+|%|[0-9.]+|\S", written)
