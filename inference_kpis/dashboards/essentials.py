"""Forms that ask first for what everybody needs, and keep the rest folded."""

from typing import ClassVar

from django import forms
from django.forms import BoundField


class EssentialsFirst(forms.BaseForm):
    """Names in `ESSENTIAL`, in this order, what stands open; the other fields follow under one heading."""

    ESSENTIAL: ClassVar[tuple[str, ...]] = ()

    @property
    def essential(self) -> list[BoundField]:
        return [self[name] for name in self.ESSENTIAL]

    @property
    def further(self) -> list[BoundField]:
        """What most leave as it is."""
        return [self[name] for name in self.fields if name not in self.ESSENTIAL]

    @property
    def further_is_open(self) -> bool:
        return any(field.errors or field.name in self.changed_data for field in self.further)
