"""Circles and distances as pages of blind rounds name them."""

from fractions import Fraction

from django import template
from django.utils.formats import number_format

from readiness.perceptions import wording
from readiness.perceptions.spread import Circle
from readiness.scoring import rounded

register = template.Library()


@register.filter
def circle_names(circles: tuple[Circle, ...]) -> str:
    """One circle, or several that are shown together, in the reader's language."""
    return wording.name(circles)


@register.filter
def level_width(value: Fraction) -> str:
    """A mean distance in levels, with one decimal, half up."""
    return number_format(rounded(value), 1)
