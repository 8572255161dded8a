"""Forms whose answers stand in the address, so that a page can be sent on and kept."""

from django import forms
from django.http import QueryDict


class AskedForm(forms.Form):
    """`asked` is the query of the address with what is usual where it says nothing."""

    asked: QueryDict

    @property
    def query(self) -> str:
        """What was asked, without what is empty, for an address."""
        kept = QueryDict(mutable=True)
        for name in self.fields:
            kept.setlist(name, [value for value in self.asked.getlist(name) if value])
        return kept.urlencode()
