"""The forms of one's own account."""

from datetime import datetime, timedelta

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import PersonalToken

READ, WRITE = PersonalToken.Scope.READ_ASSESSMENTS, PersonalToken.Scope.WRITE_ASSESSMENTS


class TokenForm(forms.Form):
    """What a token is for, what it may, and for how long."""

    name = forms.CharField(label=_("What it is for"), max_length=120, help_text=_("Such as the script that uses it."))
    scope = forms.ChoiceField(
        label=_("What it may do"),
        choices=[(READ, _("Read assessments")), (WRITE, _("Read and write assessments"))],
        initial=READ,
        widget=forms.RadioSelect,
    )
    days = forms.TypedChoiceField(
        label=_("For how long"), choices=[(30, _("30 days")), (90, _("90 days")), (365, _("365 days"))], coerce=int
    )

    @property
    def scopes(self) -> list[str]:
        return [READ] if self.cleaned_data["scope"] == READ else [READ, WRITE]

    def expires_at(self, now: datetime) -> datetime:
        return now + timedelta(days=self.cleaned_data["days"])
