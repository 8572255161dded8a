"""The forms of a probe and of a baseline."""

from datetime import timedelta
from typing import Any

from django import forms
from django.core.validators import MinValueValidator
from django.utils.translation import gettext_lazy as _

from inference_kpis.dashboards.essentials import EssentialsFirst
from inference_kpis.fleet.models import Node
from inference_kpis.fleet.regions import region_choices
from inference_kpis.probes.models import Probe
from inference_kpis.probes.problems import sentence
from inference_kpis.pull.guard import parse_url, same_origin
from inference_kpis.pull.problems import PullFailed

KEPT_TOKEN = _("Stored encrypted. Leave empty to keep what is there.")


def _url_field(label: Any, help_text: Any) -> forms.URLField:
    return forms.URLField(label=label, required=False, max_length=500, assume_scheme="http", help_text=help_text)


def _token_field(label: Any) -> forms.CharField:
    return forms.CharField(
        label=label,
        required=False,
        help_text=KEPT_TOKEN,
        widget=forms.PasswordInput(render_value=False, attrs={"autocomplete": "off"}),
    )


class ProbeForm(EssentialsFirst, forms.ModelForm):
    # By name: a list to choose from would be as long as the fleet.
    node = forms.CharField(
        label=_("Node"), max_length=120, help_text=_("Name of the edge node that the readings belong to.")
    )
    region = forms.ChoiceField(
        label=_("Sent from"),
        required=False,
        help_text=_("A worker has to stand there: where users are, a probe sees what they see."),
    )
    url = _url_field(
        _("URL"), _("Empty for the node’s own address. A base URL is enough for chat, such as http://10.0.3.7:8000")
    )
    central_url = _url_field(
        _("URL of the central counterpart"),
        _(
            "The same model far away, asked right after the edge with the same prompt: it makes the reduction. Optional."
        ),
    )
    credential = _token_field(_("Bearer token"))
    forget_credential = forms.BooleanField(label=_("Forget the token"), required=False)
    central_credential = _token_field(_("Bearer token of the counterpart"))
    forget_central_credential = forms.BooleanField(label=_("Forget the token of the counterpart"), required=False)

    class Meta:
        model = Probe
        fields = (
            *("name", "node", "region", "kind", "url", "model_name", "central_url"),
            *("prompt", "max_tokens", "interval_seconds", "timeout_seconds"),
        )
        widgets = {"prompt": forms.Textarea(attrs={"rows": 3})}
        help_texts = {
            "model_name": _("As the node names it: its readings are kept with those of this model."),
        }

    ESSENTIAL = ("name", "node", "kind", "url", "model_name", "central_url")
    field_order = (
        *ESSENTIAL,
        *("region", "credential", "forget_credential", "central_credential", "forget_central_credential"),
        *("prompt", "max_tokens", "interval_seconds", "timeout_seconds"),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        probe = self.instance
        # Read before the form writes into the probe.
        self.urls_before = (probe.asked_url, probe.asked_central_url) if probe.pk else ("", "")
        if probe.pk:
            self.initial["node"] = probe.node.name
        self.fields["region"].choices = region_choices(probe.region)  # type: ignore[attr-defined]
        for name, is_there in (
            ("forget_credential", probe.has_credential),
            ("forget_central_credential", probe.has_central_credential),
        ):
            if not is_there:
                del self.fields[name]

    def clean_node(self) -> Node:
        node = Node.objects.in_service().filter(name=self.cleaned_data["node"]).first()
        if node is None:
            raise forms.ValidationError(_("There is no node of this name in service."))
        return node

    def clean_url(self) -> str:
        return _usable(self.cleaned_data["url"])

    def clean_central_url(self) -> str:
        return _usable(self.cleaned_data["central_url"])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        node = cleaned.get("node")
        if node and "url" in cleaned and not cleaned["url"] and not node.url:
            self.add_error("url", _("This node has no address of its own: write the URL to ask."))
        if cleaned.get("kind") == Probe.Kind.CHAT:
            if "model_name" in cleaned and not cleaned["model_name"]:
                self.add_error("model_name", _("A chat request needs the name of a model."))
            if "prompt" in cleaned and not cleaned["prompt"]:
                self.add_error("prompt", _("A chat request needs a prompt."))
        interval, timeout = cleaned.get("interval_seconds"), cleaned.get("timeout_seconds")
        if interval and timeout and timeout > interval:
            self.add_error("timeout_seconds", _("The time-out cannot be longer than the interval."))
        return cleaned

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        if self.errors:
            return
        probe = self.instance
        urls = (probe.asked_url, probe.asked_central_url)
        for name, has_one, before, after in (
            ("credential", probe.has_credential, self.urls_before[0], urls[0]),
            ("central_credential", probe.has_central_credential, self.urls_before[1], urls[1]),
        ):
            keeps = has_one and not self.cleaned_data[name] and not self.cleaned_data.get(f"forget_{name}")
            if keeps and after and not same_origin(parse_url(before), parse_url(after)):
                self.add_error(name, _("Enter the token again: what is there is sent to no other server."))

    def token_to_store(self, name: str) -> str | None:
        """That of `credential` or `central_credential`: None keeps what there is, '' forgets it."""
        if self.cleaned_data.get(f"forget_{name}"):
            return ""
        return self.cleaned_data[name] or None

    @property
    def changed_names(self) -> list[str]:
        """What changed, for the audit trail; what was typed as a token is not named."""
        return [name for name in self.changed_data if name in self.Meta.fields]


def _usable(url: str) -> str:
    if url:
        try:
            parse_url(url)
        except PullFailed as error:
            raise forms.ValidationError(str(sentence(error.code))) from None
    return url


class ProbeBaselineForm(forms.Form):
    FREEZE, ENTER = "freeze", "enter"
    WINDOWS = {
        "1h": (timedelta(hours=1), _("the last hour")),
        "24h": (timedelta(hours=24), _("the last 24 hours")),
        "7d": (timedelta(days=7), _("the last 7 days")),
        "30d": (timedelta(days=30), _("the last 30 days")),
    }
    how = forms.ChoiceField(
        label=_("Where the values come from"),
        widget=forms.RadioSelect,
        initial=FREEZE,
        choices=(
            (FREEZE, _("Freeze what probes of the central counterpart measured")),
            (ENTER, _("Enter what was measured elsewhere, such as before there was any edge")),
        ),
    )
    window = forms.ChoiceField(
        label=_("Frozen from"), required=False, choices=[(key, label) for key, (_length, label) in WINDOWS.items()]
    )
    p50_ms = forms.FloatField(
        label=_("Median (ms), entered"), required=False, validators=[MinValueValidator(0.001)], max_value=3_600_000
    )
    p95_ms = forms.FloatField(
        label=_("95th percentile (ms), entered"),
        required=False,
        validators=[MinValueValidator(0.001)],
        max_value=3_600_000,
    )
    dated_on = forms.DateField(
        label=_("Measured on"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    note = forms.CharField(label=_("Source or note"), required=False, max_length=300)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("how") == self.ENTER:
            if (
                not cleaned.get("p50_ms")
                and not cleaned.get("p95_ms")
                and not {"p50_ms", "p95_ms"} & self.errors.keys()
            ):
                self.add_error("p50_ms", _("Enter the median, the 95th percentile, or both."))
            if not cleaned.get("dated_on") and "dated_on" not in self.errors:
                self.add_error("dated_on", _("Say when this was measured."))
            if not cleaned.get("note"):
                self.add_error("note", _("Say where these values come from."))
            p50, p95 = cleaned.get("p50_ms"), cleaned.get("p95_ms")
            if p50 and p95 and p95 < p50:
                self.add_error("p95_ms", _("The 95th percentile cannot be below the median."))
        elif cleaned.get("how") == self.FREEZE and not cleaned.get("window"):
            self.add_error("window", _("Choose the window to freeze."))
        return cleaned

    @property
    def length(self) -> timedelta:
        """How long the window to freeze is."""
        return self.WINDOWS[self.cleaned_data["window"]][0]

    @property
    def seconds(self) -> dict[str, float | None]:
        """The entered values in seconds, None where none was entered."""
        values = {name: self.cleaned_data[f"{name}_ms"] for name in ("p50", "p95")}
        return {f"{name}_seconds": value / 1000 if value else None for name, value in values.items()}
