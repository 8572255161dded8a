"""Names in the order of a French or English dictionary, which the database does not know: Évry stands before Lyon."""

import unicodedata
from collections.abc import Iterator
from typing import Any

from django import forms
from django.forms.models import ModelChoiceIterator


def alphabetical(name: str) -> tuple[str, str]:
    """A key to sort names by: letters first, whatever their accents and case; those only decide between equals."""
    letters = unicodedata.normalize("NFKD", name.replace("œ", "oe").replace("Œ", "OE"))
    return "".join(each for each in letters if not unicodedata.combining(each)).casefold(), name


class _Alphabetically(ModelChoiceIterator):
    def __iter__(self) -> Iterator[Any]:
        choices = list(super().__iter__())
        empty = choices[: 1 if self.field.empty_label is not None else 0]
        yield from empty
        yield from sorted(choices[len(empty) :], key=lambda choice: alphabetical(str(choice[1])))


class NameChoiceField(forms.ModelChoiceField):
    """A choice among things with names, in their order."""

    iterator = _Alphabetically
