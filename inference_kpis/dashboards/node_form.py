"""The form of a node."""

from typing import Any, cast

from django import forms
from django.conf import settings
from django.core.validators import MaxValueValidator
from django.utils.translation import gettext_lazy as _

from accounts.alphabet import NameChoiceField
from inference_kpis.dashboards.essentials import EssentialsFirst
from inference_kpis.dashboards.node_tls_form import TlsFields
from inference_kpis.engines import ENGINES
from inference_kpis.fleet.models import Node, Site
from inference_kpis.pull.guard import parse_url, same_origin
from inference_kpis.pull.models import PullTls
from inference_kpis.pull.problems import PullFailed, sentence


class NodeForm(EssentialsFirst, TlsFields, forms.ModelForm):
    engine = forms.ChoiceField(
        label=_("Engine"),
        required=False,
        choices=[("", _("Recognise it")), *((key, engine.label) for key, engine in ENGINES.items())],
        help_text=_("“Recognise it” leaves it to the first pull that succeeds."),
    )
    url = forms.URLField(
        label=_("Metrics URL"),
        required=False,
        max_length=500,
        assume_scheme="http",
        help_text=_("For example http://10.0.3.7:8000/metrics"),
    )
    credential = forms.CharField(
        label=_("Token, or user:password"),
        required=False,
        widget=forms.PasswordInput(render_value=False, attrs={"autocomplete": "off"}),
        help_text=_("Stored encrypted. Leave empty to keep what is there."),
    )

    class Meta:
        model = Node
        fields = (
            *("name", "site", "engine", "source", "url", "credential_kind"),
            *("pull_interval_seconds", "pull_timeout_seconds", "pull_body_mib", "pull_samples"),
            *("price_per_hour", "power_watts"),
        )
        field_classes = {"site": NameChoiceField}
        help_texts = {"power_watts": _("Used for energy when the node does not measure its power.")}

    ESSENTIAL = ("name", "site", "engine", "source", "url", "credential_kind", "credential")
    field_order = (
        *ESSENTIAL,
        *("authorities", "client_certificate", "client_key", "forget_client"),
        *("pull_interval_seconds", "pull_timeout_seconds", "pull_body_mib", "pull_samples"),
        *("price_per_hour", "power_watts"),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast(NameChoiceField, self.fields["site"]).queryset = Site.objects.to_choose(self.instance.site_id)
        # Read before the form writes into the node.
        self.url_before = self.instance.url
        self.add_tls_of(PullTls.objects.filter(node_id=self.instance.pk).first() if self.instance.pk else None)
        for name, ceiling in (
            ("pull_body_mib", settings.PULL_BODY_CEILING_MIB),
            ("pull_samples", settings.PULL_SAMPLES_CEILING),
        ):
            self.fields[name].validators.append(MaxValueValidator(ceiling))
            self.fields[name].widget.attrs["max"] = ceiling

    def clean_url(self) -> str:
        url: str = self.cleaned_data["url"]
        if url:
            try:
                parse_url(url)
            except PullFailed as error:
                raise forms.ValidationError(str(sentence(error.code))) from None
        return url

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        is_pulled = cleaned.get("source") == Node.Source.PULL
        if is_pulled and not cleaned.get("url") and "url" not in self.errors:
            self.add_error("url", _("A node that is pulled needs its metrics URL."))
        if cleaned.get("source") == Node.Source.PUSH and "engine" in cleaned and not cleaned["engine"]:
            self.add_error("engine", _("Choose the engine: only that of a node that is pulled can be recognised."))
        kind = cleaned.get("credential_kind")
        if kind == Node.CredentialKind.NONE:
            cleaned["credential"] = ""
        elif not cleaned.get("credential") and not self.instance.has_credential:
            self.add_error("credential", _("Enter the token, or user:password."))
        elif not cleaned.get("credential") and self._goes_to_another_server(cleaned.get("url", "")):
            self.add_error("credential", _("Enter the credentials again: what is there is sent to no other server."))
        if kind == Node.CredentialKind.BASIC and cleaned.get("credential") and ":" not in cleaned["credential"]:
            self.add_error("credential", _("Write the user name and the password with a colon between them."))
        interval, timeout = cleaned.get("pull_interval_seconds"), cleaned.get("pull_timeout_seconds")
        if interval and timeout and timeout > max(interval, 1) and is_pulled:
            self.add_error("pull_timeout_seconds", _("The time-out cannot be longer than the interval."))
        return cleaned

    def _goes_to_another_server(self, url: str) -> bool:
        if not url or not self.url_before:
            return False
        return not same_origin(parse_url(self.url_before), parse_url(url))

    @property
    def credential_to_store(self) -> str | None:
        """None keeps what there is, '' forgets it."""
        if self.cleaned_data["credential_kind"] == Node.CredentialKind.NONE:
            return ""
        return self.cleaned_data["credential"] or None


def nothing_may_be_pulled() -> bool:
    """Whether no network was allowed yet, so that a new node could not be reached."""
    return not settings.PULL_NETWORKS
