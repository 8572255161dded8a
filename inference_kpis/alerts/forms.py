"""The forms of rules, silences, channels and acknowledgements."""

from datetime import datetime, timedelta
from typing import Any, ClassVar, cast

from django import forms
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from inference_kpis.alerts.models import AlertRule, AreaModel, Channel, Silence
from inference_kpis.alerts.slo_bounds import bounds_in_use
from inference_kpis.engines import ENGINES
from inference_kpis.fleet.models import Node, ServedModel, Site
from inference_kpis.formulas.known import kpi_choices
from inference_kpis.formulas.models import CustomKpi
from inference_kpis.pull.guard import parse_url
from inference_kpis.pull.problems import PullFailed, sentence

Scope = AreaModel.Scope
MOST_RECIPIENTS = 20
LONGEST_SILENCE = timedelta(days=90)


def decimal(field: forms.Field) -> None:
    """Make it a text field, so that a French decimal comma is understood."""
    field.localize = True
    field.widget = forms.TextInput(attrs={"inputmode": "decimal"})
    field.widget.is_localized = True


class AreaForm(forms.ModelForm):
    """A form about a part of the fleet: the scope and the one value that it needs."""

    AREA_FIELDS: ClassVar[tuple[str, ...]] = ("scope", "tier", "site", "engine", "model", "node_name")
    MISSING: ClassVar[dict[str, Any]] = {
        Scope.TIER: ("tier", _("Choose the tier.")),
        Scope.SITE: ("site", _("Choose the site.")),
        Scope.ENGINE: ("engine", _("Choose the engine.")),
        Scope.MODEL: ("model", _("Choose the model.")),
        Scope.NODE: ("node_name", _("Enter the name of a node.")),
    }

    engine = forms.ChoiceField(
        label=_("Engine"),
        required=False,
        help_text=_("Only when the scope is one engine."),
        choices=lambda: [("", "---------"), *((key, engine.label) for key, engine in ENGINES.items())],
    )
    model = forms.ChoiceField(
        label=_("Model"),
        required=False,
        help_text=_("Only when the scope is one model."),
        choices=lambda: [("", "---------"), *((m.name, m.name) for m in ServedModel.objects.exclude(name=""))],
    )
    node_name = forms.CharField(
        label=_("Node"), required=False, max_length=120, help_text=_("Only when the scope is one node: its name.")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast(forms.ModelChoiceField, self.fields["site"]).queryset = Site.objects.to_choose(self.instance.site_id)
        self.fields["tier"].help_text = _("Only when the scope is one tier.")
        self.fields["site"].help_text = _("Only when the scope is one site.")
        if self.instance.node:
            self.fields["node_name"].initial = self.instance.node.name

    def clean_node_name(self) -> str:
        name: str = self.cleaned_data["node_name"].replace("\0", "")
        self.found_node = Node.objects.in_service().filter(name=name).first() if name else None
        if name and self.found_node is None:
            raise forms.ValidationError(_("There is no node of this name."))
        return name

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        scope = cleaned.get("scope")
        needed = self.MISSING.get(str(scope))
        if needed and not cleaned.get(needed[0]) and needed[0] not in self.errors:
            self.add_error(needed[0], needed[1])
        for of_scope, (name, _text) in self.MISSING.items():
            if of_scope != scope:
                cleaned[name] = None if name == "site" else ""
        self.instance.node = getattr(self, "found_node", None) if scope == Scope.NODE else None
        return cleaned


class AlertRuleForm(AreaForm):
    """The fields of one kind of rule."""

    FIELDS: ClassVar[dict[str, tuple[str, ...]]] = {
        AlertRule.Kind.KPI: ("kpi", "side", "threshold", "clear_threshold", "window_seconds", "minimum_samples"),
        AlertRule.Kind.ABSENCE: ("kpi", "window_seconds"),
        AlertRule.Kind.STATE: ("bad_state",),
        AlertRule.Kind.BURN: (
            *("indicator", "objective_percent", "bound_ms"),
            *("fast_factor", "slow_factor", "minimum_samples"),
        ),
    }
    LAST: ClassVar[tuple[str, ...]] = ("raise_after_seconds", "clear_after_seconds", "severity", "channel")

    kpi = forms.ChoiceField(label=_("KPI"))

    class Meta:
        model = AlertRule
        fields = (
            *("name", "scope", "tier", "site", "engine", "model", "per"),
            *("kpi", "side", "threshold", "clear_threshold", "window_seconds", "bad_state"),
            *("indicator", "objective_percent", "bound_ms", "fast_factor", "slow_factor", "minimum_samples"),
            *("raise_after_seconds", "clear_after_seconds", "severity", "channel"),
        )
        help_texts = {
            "per": _("As a whole there is one alert; otherwise one for each, and one message for a site."),
            "threshold": _("In the unit of the KPI."),
            "clear_threshold": _(
                "It is resolved only on the good side of this one: between the two nothing changes, so that a value at"
                " the threshold does not make it flap. Empty for the same as the threshold."
            ),
            "minimum_samples": _("With fewer, such as requests, nothing is decided."),
            "raise_after_seconds": _("How long it has to be bad before anybody is told. 0 for at once."),
            "clear_after_seconds": _("How long it has to be good before it is resolved. 0 for at once."),
            "objective_percent": _("The share of requests that has to be good, for example 99.9."),
            "bound_ms": _("Only for latencies: a bound of the histogram, which the engines decide."),
            "fast_factor": _("Over 1 hour and 5 minutes. At 14.4 a budget of 30 days is gone in 50 hours."),
            "slow_factor": _("Over 6 hours and 30 minutes. At 6 a budget of 30 days is gone in 5 days."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kind = self.instance.kind
        wanted = ("name", *self.FIELDS[kind], *self.AREA_FIELDS, "per", *self.LAST)
        for name in set(self.fields) - set(wanted):
            del self.fields[name]
        self.order_fields(wanted)
        if "kpi" in self.fields:
            cast(forms.ChoiceField, self.fields["kpi"]).choices = kpi_choices(self.instance.kpi)
        for name in ("threshold", "clear_threshold", "objective_percent", "bound_ms", "fast_factor", "slow_factor"):
            if name in self.fields:
                decimal(self.fields[name])
        for name in ("clear_threshold", "bound_ms"):
            if name in self.fields:
                self.fields[name].required = False
        for name in ("side", "bad_state", "indicator"):
            if name in self.fields:
                field = cast(forms.TypedChoiceField, self.fields[name])
                field.required = True
                field.choices = [choice for choice in cast(list[Any], field.choices) if choice[0]]
        channels = cast(forms.ModelChoiceField, self.fields["channel"])
        channels.queryset = Channel.objects.in_use()
        channels.empty_label = None

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        scope, kind = cleaned.get("scope"), self.instance.kind
        if scope == Scope.NODE:
            cleaned["per"] = AlertRule.Per.NODE
        if scope == Scope.MODEL and (cleaned.get("per") == AlertRule.Per.NODE or kind == AlertRule.Kind.STATE):
            self.add_error("scope", _("Nodes are not counted by model. Choose another scope, or watch it by site."))
        self.instance.custom_kpi = CustomKpi.objects.behind(cleaned.get("kpi", ""))
        if kind == AlertRule.Kind.KPI:
            self._clean_thresholds(cleaned)
        if kind == AlertRule.Kind.BURN:
            self._clean_bound(cleaned)
        return cleaned

    def _clean_thresholds(self, cleaned: dict[str, Any]) -> None:
        threshold, clear = cleaned.get("threshold"), cleaned.get("clear_threshold")
        if threshold is None:
            return
        if clear is None:
            cleaned["clear_threshold"] = clear = threshold
        if cleaned.get("side") == AlertRule.Side.ABOVE and clear > threshold:
            self.add_error("clear_threshold", _("Bad is above the threshold: clear at or below it."))
        if cleaned.get("side") == AlertRule.Side.BELOW and clear < threshold:
            self.add_error("clear_threshold", _("Bad is below the threshold: clear at or above it."))

    def _clean_bound(self, cleaned: dict[str, Any]) -> None:
        indicator = cleaned.get("indicator")
        if indicator == AlertRule.Indicator.SUCCESS:
            cleaned["bound_ms"] = None
        elif indicator and cleaned.get("bound_ms") is None:
            if "bound_ms" not in self.errors:
                self.add_error("bound_ms", _("Enter the latency that a good request stays within."))
        elif indicator:
            known = bounds_in_use(indicator, timezone.now())
            if known and not any(abs(cleaned["bound_ms"] - bound) < 1e-6 for bound in known):
                text = _("No histogram has this bound, so it could not be decided. There are: %(bounds)s.")
                listed = " · ".join(f"{bound:g}" for bound in sorted(known))
                self.add_error("bound_ms", text % {"bounds": listed})


class SilenceForm(AreaForm):
    """A silence from now on."""

    is_planned = False

    class Meta:
        model = Silence
        fields = ("scope", "tier", "site", "engine", "model", "rule", "starts_at", "ends_at", "reason")
        widgets = {
            name: forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
            for name in ("starts_at", "ends_at")
        }
        help_texts = {"reason": _("Everybody sees it.")}

    def __init__(self, *args: Any, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.now = now
        if not self.is_planned:
            del self.fields["starts_at"]
        self.order_fields((*self.AREA_FIELDS, "rule", "starts_at", "ends_at", "reason"))
        rules = cast(forms.ModelChoiceField, self.fields["rule"])
        rules.queryset = cast(QuerySet[AlertRule], AlertRule.objects.in_use())
        rules.empty_label = str(_("all rules"))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        starts_at = cleaned.get("starts_at") if self.is_planned else self.now
        self.instance.starts_at = starts_at
        ends_at = cleaned.get("ends_at")
        if starts_at and ends_at:
            if ends_at <= max(starts_at, self.now):
                self.add_error("ends_at", _("The end comes after the beginning, and is not past."))
            elif ends_at - starts_at > LONGEST_SILENCE:
                self.add_error("ends_at", _("At most 90 days: what nobody may hear of for longer is no alert."))
        return cleaned


class MaintenanceForm(SilenceForm):
    """A silence that is planned."""

    is_planned = True


class AcknowledgeForm(forms.Form):
    note = forms.CharField(label=_("Note"), max_length=500, help_text=_("Who does what about it; everybody sees it."))


class ChannelForm(forms.ModelForm):
    recipients = forms.CharField(
        label=_("E-mail addresses"),
        required=False,
        help_text=_("Only for e-mail: one address a line."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    url = forms.CharField(
        label=_("Address of the web hook"),
        required=False,
        max_length=2000,
        widget=forms.PasswordInput(render_value=False, attrs={"autocomplete": "off"}),
        help_text=_("Only for web hooks and chats. Stored encrypted and not shown again; empty to keep what is there."),
    )

    class Meta:
        model = Channel
        fields = ("name", "kind", "language", "most_per_hour")
        help_texts = {"most_per_hour": _("What is beyond it comes in a summary.")}

    field_order = ("name", "kind", "recipients", "url", "language", "most_per_hour")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["recipients"].initial = "\n".join(self.instance.recipients)

    def clean_recipients(self) -> list[str]:
        found = self.cleaned_data["recipients"].replace(",", "\n").split()
        if len(found) > MOST_RECIPIENTS:
            raise forms.ValidationError(_("At most 20 addresses: use a list of your mail server."))
        address = forms.EmailField()
        return [address.clean(each) for each in dict.fromkeys(found)]

    def clean_url(self) -> str:
        url: str = self.cleaned_data["url"].strip()
        if url:
            try:
                parse_url(url)
            except PullFailed as error:
                raise forms.ValidationError(str(sentence(error.code))) from None
        return url

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if Channel.objects.in_use().filter(name=name).exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError(_("There is a channel of this name."))
        return name

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        kind = cleaned.get("kind")
        if kind == Channel.Kind.EMAIL and not cleaned.get("recipients") and "recipients" not in self.errors:
            self.add_error("recipients", _("Enter at least one address."))
        needs_url = kind in Channel.POSTED and not self.instance.url_sealed
        if needs_url and not cleaned.get("url") and "url" not in self.errors:
            self.add_error("url", _("Enter the address."))
        return cleaned

    def save(self, commit: bool = True) -> Channel:
        is_mail = self.cleaned_data["kind"] == Channel.Kind.EMAIL
        self.instance.recipients = self.cleaned_data["recipients"] if is_mail else []
        channel: Channel = super().save(commit)
        return channel

    @property
    def url_to_store(self) -> str | None:
        """None keeps what there is."""
        return self.cleaned_data["url"] or None

    @property
    def host(self) -> str:
        """What of the address may be shown: its host."""
        url = self.cleaned_data["url"]
        return (parse_url(url).hostname or "") if url else self.instance.host
