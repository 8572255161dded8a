"""Texts that people write in both languages: the one of the page is chosen when it is shown."""

from django.utils.functional import Promise, lazy
from django.utils.translation import get_language


def _chosen(english: str, french: str) -> str:
    return french if (get_language() or "").startswith("fr") else english


_lazily = lazy(_chosen, str)


def in_language(english: str, french: str) -> str | Promise:
    """The text of the language in which it will be shown."""
    return _lazily(english, french)
