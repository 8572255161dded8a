"""The form of a query source."""

from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.alphabet import NameChoiceField
from inference_kpis.dashboards.essentials import EssentialsFirst
from inference_kpis.engines import ENGINES
from inference_kpis.fleet.models import Node, Site
from inference_kpis.pull.guard import parse_url, same_origin
from inference_kpis.pull.problems import PullFailed
from inference_kpis.query_sources.models import QuerySource
from inference_kpis.query_sources.promql import is_selector

SEVERAL = _("Several, separated by commas: the first one that a node has counts.")


class QuerySourceForm(EssentialsFirst, forms.ModelForm):
    url = forms.URLField(
        label=_("URL of the server"),
        max_length=500,
        assume_scheme="http",
        help_text=_(
            "Of Prometheus, Thanos, Mimir or VictoriaMetrics, without /api/v1: for example http://10.0.3.2:9090"
        ),
    )
    credential = forms.CharField(
        label=_("Token, or user:password"),
        required=False,
        widget=forms.PasswordInput(render_value=False, attrs={"autocomplete": "off"}),
        help_text=_("Stored encrypted. Leave empty to keep what is there."),
    )
    engine = forms.ChoiceField(
        label=_("Engine"),
        required=False,
        choices=[("", _("Recognise it")), *((key, engine.label) for key, engine in ENGINES.items())],
        help_text=_(
            "“Recognise it” takes every node whose series tell their engine; a chosen one asks for its series only."
        ),
    )

    class Meta:
        model = QuerySource
        fields = (
            *("name", "url", "tenant", "credential_kind", "selector", "default_site", "may_create_sites", "engine"),
            *("interval_seconds", "timeout_seconds"),
            *("node_label", "site_labels", "tier_labels", "engine_labels", "model_label"),
        )
        field_classes = {"default_site": NameChoiceField}
        help_texts = {
            "tenant": _("Sent as X-Scope-OrgID, as Mimir asks for it. Leave empty for servers without tenants."),
            "selector": _('Limits what is asked for, for example {job="vllm"}.'),
            "default_site": _("For nodes without a label of the site."),
            "interval_seconds": _("Not shorter than the server's own scrape interval."),
            "node_label": _("Its value is the name of the node."),
            "site_labels": SEVERAL,
            "model_label": _("Only where it is not the label of the engine itself."),
        }

    ESSENTIAL = (
        *("name", "url", "tenant", "credential_kind", "credential", "selector"),
        *("default_site", "may_create_sites"),
    )
    field_order = ESSENTIAL

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        sites = Site.objects.to_choose(self.instance.default_site_id)
        cast(NameChoiceField, self.fields["default_site"]).queryset = sites

    def clean_url(self) -> str:
        url: str = self.cleaned_data["url"]
        try:
            parts = parse_url(url)
        except PullFailed:
            parts = None
        if parts is None or parts.query:
            raise forms.ValidationError(
                _("The URL cannot be used: write http or https, a host, no user name and no query.")
            )
        return url

    def clean_selector(self) -> str:
        selector: str = self.cleaned_data["selector"].strip()
        if selector and not is_selector(selector):
            raise forms.ValidationError(
                _('Write label matchers in braces and nothing else, for example {job="vllm", env=~"prod|edge"}.')
            )
        return selector

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        kind = cleaned.get("credential_kind")
        if kind == Node.CredentialKind.NONE:
            cleaned["credential"] = ""
        elif not cleaned.get("credential"):
            if not self.instance.has_credential:
                self.add_error("credential", _("Enter the token, or user:password."))
            elif cleaned.get("url") and not self._stays_at(cleaned["url"]):
                self.add_error(
                    "credential", _("Enter the credentials again: what is there is sent to no other server.")
                )
        if kind == Node.CredentialKind.BASIC and cleaned.get("credential") and ":" not in cleaned["credential"]:
            self.add_error("credential", _("Write the user name and the password with a colon between them."))
        return cleaned

    def _stays_at(self, url: str) -> bool:
        """Whether a kept token goes to the server that it was entered for."""
        return same_origin(parse_url(url), parse_url(self.initial["url"]))

    @property
    def credential_to_store(self) -> str | None:
        """None keeps what there is, '' forgets it."""
        if self.cleaned_data["credential_kind"] == Node.CredentialKind.NONE:
            return ""
        return self.cleaned_data["credential"] or None
