"""The part of a node's form that asks for certificates: checked as they are entered, and a key never shown again."""

from datetime import UTC, datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from inference_kpis.pull import certificates
from inference_kpis.pull.certificates import BadCertificate, ClientCertificate
from inference_kpis.pull.models import PullTls
from inference_kpis.pull.targets import TlsChange


class UnshownTextarea(forms.Textarea):
    """What is typed is not given back."""

    def format_value(self, value: Any) -> str:
        return ""


def _pem(widget: type[forms.Textarea]) -> forms.Textarea:
    return widget(attrs={"rows": 4, "spellcheck": "false", "autocomplete": "off"})


class TlsFields(forms.Form):
    authorities = forms.CharField(
        label=_("Certificate authorities (PEM)"),
        required=False,
        widget=_pem(forms.Textarea),
        help_text=_("Those that vouch for this node instead of the system’s. Its name is always checked."),
    )
    client_certificate = forms.CharField(
        label=_("Client certificate (PEM)"),
        required=False,
        widget=_pem(UnshownTextarea),
        help_text=_("For a server that asks who pulls it. Leave both empty to keep what is there."),
    )
    client_key = forms.CharField(
        label=_("Key of the client certificate (PEM)"),
        required=False,
        widget=_pem(UnshownTextarea),
        help_text=_("Stored encrypted and never shown."),
    )
    forget_client = forms.BooleanField(label=_("Forget the client certificate"), required=False)

    client: ClientCertificate | None = None

    def add_tls_of(self, kept: PullTls | None) -> None:
        """Fill in what may be shown of what is there."""
        self.initial["authorities"] = kept.authorities if kept else ""
        if not (kept and kept.client_sealed):
            del self.fields["forget_client"]

    def clean_authorities(self) -> str:
        bundle: str = self.cleaned_data["authorities"].strip()
        try:
            return certificates.authorities(bundle, datetime.now(UTC)) if bundle else ""
        except BadCertificate as error:
            raise forms.ValidationError(str(certificates.SENTENCES[error.code])) from None

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        chain, key = cleaned.get("client_certificate", ""), cleaned.get("client_key", "")
        if bool(chain) != bool(key):
            self.add_error("client_key" if chain else "client_certificate", _("Enter the certificate and its key."))
        elif chain:
            try:
                self.client = certificates.client_certificate(chain, key, datetime.now(UTC))
            except BadCertificate as error:
                is_of_key = "key" in error.code
                self.add_error(
                    "client_key" if is_of_key else "client_certificate", str(certificates.SENTENCES[error.code])
                )
        return cleaned

    @property
    def tls_change(self) -> TlsChange:
        """What to do with the certificates."""
        return TlsChange(
            self.cleaned_data["authorities"], self.client, forgets_client=bool(self.cleaned_data.get("forget_client"))
        )
