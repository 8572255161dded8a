"""The forms of a discovery source and of a file to import."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.alphabet import NameChoiceField
from inference_kpis.discovery.models import DiscoverySource
from inference_kpis.fleet.models import Node
from inference_kpis.pull.guard import parse_url
from inference_kpis.pull.problems import PullFailed

SEVERAL = _("Several, separated by commas: the first one that a target has counts.")


class DiscoverySourceForm(forms.ModelForm):
    url = forms.URLField(
        label=_("URL of the list"),
        max_length=500,
        assume_scheme="http",
        help_text=_("For example http://10.0.3.2:8080/api/prometheus/sd"),
    )
    credential = forms.CharField(
        label=_("Token, or user:password"),
        required=False,
        widget=forms.PasswordInput(render_value=False, attrs={"autocomplete": "off"}),
        help_text=_("Stored encrypted. Leave empty to keep what is there."),
    )

    class Meta:
        model = DiscoverySource
        fields = (
            *("name", "url", "credential_kind", "refresh_seconds", "default_site", "may_create_sites"),
            *("site_labels", "tier_labels", "engine_labels", "name_labels"),
        )
        field_classes = {"default_site": NameChoiceField}
        help_texts = {
            "default_site": _("For targets without a label of the site."),
            "site_labels": SEVERAL,
            "name_labels": _("Without any, a node is named by its address."),
        }

    field_order = ("name", "url", "credential_kind", "credential")

    def clean_url(self) -> str:
        url: str = self.cleaned_data["url"]
        try:
            parse_url(url)
        except PullFailed:
            raise forms.ValidationError(
                _("The URL cannot be used: write http or https, a host and no user name.")
            ) from None
        return url

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        kind = cleaned.get("credential_kind")
        if kind == Node.CredentialKind.NONE:
            cleaned["credential"] = ""
        elif not cleaned.get("credential") and not self.instance.has_credential:
            self.add_error("credential", _("Enter the token, or user:password."))
        if kind == Node.CredentialKind.BASIC and cleaned.get("credential") and ":" not in cleaned["credential"]:
            self.add_error("credential", _("Write the user name and the password with a colon between them."))
        return cleaned

    @property
    def credential_to_store(self) -> str | None:
        """None keeps what there is, '' forgets it."""
        if self.cleaned_data["credential_kind"] == Node.CredentialKind.NONE:
            return ""
        return self.cleaned_data["credential"] or None


class NodeImportForm(forms.Form):
    table = forms.FileField(
        label=_("CSV file"),
        widget=forms.FileInput(attrs={"accept": ".csv,text/csv"}),
        help_text=_("UTF-8 or Windows-1252; commas or semicolons; decimal points or commas."),
    )
