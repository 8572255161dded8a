"""The colours of the style sheet: readable, and told apart by people who see colours differently."""

import re
from itertools import combinations
from pathlib import Path

import pytest

CSS = (Path(__file__).parents[2] / "static" / "css" / "vigie.css").read_text(encoding="utf-8")
LEAST_TEXT_CONTRAST, LEAST_MARK_CONTRAST, LEAST_DISTANCE = 4.5, 3.0, 15.0

Colour = tuple[float, float, float]
Matrix = tuple[Colour, Colour, Colour]

# Machado, Oliveira and Fernandes (2009), severity 1.0, applied to linear RGB.
SIMULATIONS: dict[str, Matrix] = {
    "everybody": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}


def tokens(block: str) -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))


ROOTS = re.findall(r":root \{(.*?)\}", CSS, re.DOTALL)
LIGHT, DARK, PRINT = (tokens(block) for block in ROOTS)
SCHEMES = {"light": LIGHT, "dark": LIGHT | DARK, "print": LIGHT | PRINT}


def linear(colour: str) -> Colour:
    parts = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return red, green, blue


def luminance(colour: str) -> float:
    red, green, blue = linear(colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def lab(colour: str, simulation: Matrix) -> Colour:
    """CIE L*a*b* (D65) of a colour as a person with this vision sees it."""
    red, green, blue = (
        min(max(sum(a * b for a, b in zip(row, linear(colour), strict=True)), 0.0), 1.0) for row in simulation
    )
    x = (0.4124564 * red + 0.3575761 * green + 0.1804375 * blue) / 0.95047
    y = 0.2126729 * red + 0.7151522 * green + 0.0721750 * blue
    z = (0.0193339 * red + 0.1191920 * green + 0.9503041 * blue) / 1.08883
    fx, fy, fz = (t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116 for t in (x, y, z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


def distance(one: str, other: str, simulation: Matrix) -> float:
    pairs = zip(lab(one, simulation), lab(other, simulation), strict=True)
    return sum((a - b) ** 2 for a, b in pairs) ** 0.5


TEXT_ON_GROUND = [
    *((text, ground) for text in ("ink", "muted", "accent") for ground in ("page", "surface")),
    *((text, "sunken") for text in ("ink", "muted", "accent")),
    *((tone, f"{tone}-soft") for tone in ("good", "warn", "bad", "none")),
    *((tone, "surface") for tone in ("good", "warn", "bad", "none")),
    *((f"series-{n}-text", "surface") for n in (1, 2, 3, 4)),
    ("on-accent", "accent"),
    ("on-accent", "accent-hover"),
    ("ink", "warn-soft"),
]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), TEXT_ON_GROUND)
def test_text_can_be_read(scheme: str, text: str, ground: str) -> None:
    colours = SCHEMES[scheme]
    assert contrast(colours[text], colours[ground]) >= LEAST_TEXT_CONTRAST


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("mark", ["series-1", "series-2", "series-3", "series-4", "edge", "focus"])
def test_marks_and_borders_can_be_seen(scheme: str, mark: str) -> None:
    assert contrast(SCHEMES[scheme][mark], SCHEMES[scheme]["surface"]) >= LEAST_MARK_CONTRAST


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("vision", SIMULATIONS)
@pytest.mark.parametrize("names", [("good", "warn", "bad"), ("series-1", "series-2", "series-3", "series-4")])
def test_colours_are_told_apart(scheme: str, vision: str, names: tuple[str, ...]) -> None:
    colours = [SCHEMES[scheme][name] for name in names]
    assert min(distance(*pair, SIMULATIONS[vision]) for pair in combinations(colours, 2)) >= LEAST_DISTANCE


def test_print_is_the_light_scheme_on_white() -> None:
    differing = {name for name, colour in PRINT.items() if LIGHT[name] != colour}
    assert differing <= {"page", "accent"}


def test_dark_changes_every_colour_of_the_light_scheme() -> None:
    assert DARK.keys() == LIGHT.keys()
