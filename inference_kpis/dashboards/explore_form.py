"""What the explorer can be asked, as the form that stands above it; its address is the whole question."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from inference_kpis.catalogue import Kpi
from inference_kpis.dashboards.asked import AskedForm
from inference_kpis.dashboards.kpi_choice import ordered_kpis
from inference_kpis.dashboards.series import SPLITS, engine_label
from inference_kpis.engines import ENGINES
from inference_kpis.fleet.models import Node, ServedModel, Site, Tier
from inference_kpis.readings.queries import DAY, Window
from inference_kpis.readings.rollups import HOUR, MINUTE, local_day
from inference_kpis.readings.windows import BY_HOUR_UP_TO, LONGEST, AskedWindow, WindowRefused, window_asked

MOST_KPIS = 4
# Every one of them is read to find those with most traffic.
MOST_NODES = 100
LENGTHS: dict[str, timedelta] = {
    "15m": timedelta(minutes=15),
    "1h": HOUR,
    "6h": timedelta(hours=6),
    "24h": DAY,
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
    "90d": timedelta(days=90),
    "366d": LONGEST,
}
LENGTH_LABELS = {
    "15m": _("15 minutes"),
    "1h": _("1 hour"),
    "6h": _("6 hours"),
    "24h": _("24 hours"),
    "7d": _("7 days"),
    "30d": _("30 days"),
    "90d": _("90 days"),
    "366d": _("366 days"),
}
# Each divides a day, so that the steps of a window and of the same one some days earlier lie on each other.
STEPS = (*(MINUTE * n for n in (1, 2, 3, 4, 5, 6, 10)), *(HOUR * n for n in (1, 2, 3, 4, 6, 12)), DAY)
USUAL_STEPS = 60
WHOLE, NODE = "none", "node"


@dataclass(frozen=True)
class Exploration:
    """A question that the form has understood; `compare_days` is how far back the other window lies, 0 for none."""

    kpis: tuple[Kpi, ...]
    split: str
    top: int
    window: Window
    compare_days: int
    filters: dict[str, str]
    node: Node | None
    # The nodes that are split by, if they are.
    nodes: tuple[Node, ...]
    # The window's key, or '' where it has a start and an end of its own.
    window_key: str


class ExploreForm(AskedForm):
    """All of it may be left out; what is left out has a usual value."""

    USUAL: dict[str, Any] = {"kpi": ["request_rate"], "split": "site", "window": "1h", "top": "8"}

    kpi = forms.MultipleChoiceField(
        label=_("KPIs"),
        help_text=_("Up to four: each gets a chart of its own."),
        choices=lambda: [(key, kpi.label) for key, kpi in ordered_kpis().items()],
        widget=forms.CheckboxSelectMultiple,
    )
    split = forms.ChoiceField(
        label=_("Lines"),
        choices=lambda: [
            (WHOLE, _("one line for all")),
            *((key, split.label) for key, split in SPLITS.items()),
            (NODE, _("by node")),
        ],
    )
    top = forms.ChoiceField(
        label=_("Most lines"),
        choices=[(n, n) for n in ("4", "8", "16", "32")],
    )
    window = forms.ChoiceField(label=_("Window"), required=False, choices=list(LENGTH_LABELS.items()))
    start = forms.DateTimeField(label=_("From"), required=False)
    end = forms.DateTimeField(label=_("To"), required=False)
    compare = forms.ChoiceField(
        label=_("Compare with"),
        required=False,
        choices=[
            ("", _("nothing")),
            ("day", _("one day before")),
            ("week", _("one week before")),
            ("date", _("a date")),
        ],
    )
    compare_on = forms.DateField(
        label=_("Compared window begins on"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    site = forms.ModelChoiceField(
        label=_("Site"), required=False, queryset=Site.objects.all(), to_field_name="key", empty_label=_("all")
    )
    tier = forms.ChoiceField(label=_("Tier"), required=False, choices=[("", _("all")), *Tier.choices])
    engine = forms.ChoiceField(
        label=_("Engine"),
        required=False,
        choices=lambda: [("", _("all")), *((key, engine_label(key)) for key in sorted(ENGINES))],
    )
    model = forms.ModelChoiceField(
        label=_("Model"),
        required=False,
        queryset=ServedModel.objects.exclude(name=""),
        to_field_name="name",
        empty_label=_("all"),
    )
    node = forms.CharField(label=_("Name of a node"), required=False, max_length=120)

    def __init__(self, asked: QueryDict, now: datetime) -> None:
        self.asked = _with_usual(asked, self.USUAL)
        super().__init__(self.asked)
        self.now = now
        for name in ("start", "end"):
            self.fields[name].widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")

    def clean_kpi(self) -> list[str]:
        keys: list[str] = self.cleaned_data["kpi"]
        if len(keys) > MOST_KPIS:
            raise forms.ValidationError(_("At most four KPIs at once."))
        return keys

    def clean_node(self) -> Node | None:
        name = self.cleaned_data["node"]
        node = Node.objects.in_service().select_related("site").filter(name=name).first() if name else None
        if name and node is None:
            raise forms.ValidationError(_("There is no node of this name."))
        return node

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not self.errors:
            self._check_nodes(cleaned)
        if not self.errors:
            cleaned["asked_window"] = self._window(cleaned)
        if not self.errors:
            cleaned["compare_days"] = self._compare_days(cleaned, cleaned["asked_window"])
        return cleaned

    def _check_nodes(self, cleaned: dict[str, Any]) -> None:
        node, split = cleaned["node"], cleaned["split"]
        is_of_nodes = node is not None or split == NODE
        if cleaned["model"] and is_of_nodes:
            self.add_error("model", _("A node’s figures hold all its models: leave the model out, or split by model."))
        elif node and (cleaned["site"] or cleaned["tier"] or cleaned["engine"]):
            self.add_error("node", _("A node is a part of its own: leave site, tier and engine out."))
        elif node and split not in {WHOLE, NODE, "model"}:
            self.add_error("split", _("One node is split by model, or not at all."))
        elif split == NODE:
            cleaned["nodes"] = self._nodes(cleaned)

    def _nodes(self, cleaned: dict[str, Any]) -> list[Node]:
        if cleaned["node"]:
            return [cleaned["node"]]
        site, tier = cleaned["site"], cleaned["tier"]
        found = Node.objects.in_service().matching(site=site.key if site else "", engine=cleaned["engine"])
        nodes = list((found.filter(site__tier=tier) if tier else found).select_related("site")[: MOST_NODES + 1])
        if len(nodes) > MOST_NODES:
            self.add_error("split", _("These are more than 100 nodes: choose a site, tier or engine first."))
        return nodes

    def _window(self, cleaned: dict[str, Any]) -> Window | None:
        start, end, key = cleaned["start"], cleaned["end"], cleaned["window"]
        if key and (start or end):
            # Who fills in a time wants it, whatever the list still says.
            cleaned["window"] = key = ""
        if not key and not start:
            self.add_error("start", _("Write when the window begins."))
            return None
        length = LENGTHS[key] if key else (end or self.now) - start
        asked = AskedWindow(start, end, LENGTHS[key] if key else None, _step(length))
        try:
            return window_asked(asked, self.now)
        except WindowRefused as refused:
            self.add_error("end" if refused.field == "end" else "start", str(refused.message))
            return None

    def _compare_days(self, cleaned: dict[str, Any], window: Window) -> int:
        match cleaned["compare"]:
            case "day":
                return 1
            case "week":
                return 7
            case "date":
                return self._days_back(cleaned["compare_on"], window)
        return 0

    def _days_back(self, on: date | None, window: Window) -> int:
        if on is None:
            self.add_error("compare_on", _("Write the date to compare with."))
            return 0
        days = (local_day(window.start) - on).days
        if not 0 < days <= LONGEST.days * 5:
            self.add_error("compare_on", _("The compared window begins before this one, at most five years."))
        return days

    def exploration(self) -> Exploration:
        """The question; only of a form that is valid."""
        asked = self.cleaned_data
        known = ordered_kpis()
        filters = {
            "site": asked["site"].key if asked["site"] else "",
            "tier": asked["tier"],
            "engine": asked["engine"],
            "model": asked["model"].name if asked["model"] else "",
        }
        return Exploration(
            tuple(known[key] for key in asked["kpi"]),
            asked["split"],
            int(asked["top"]),
            asked["asked_window"],
            asked["compare_days"],
            {name: value for name, value in filters.items() if value},
            asked["node"],
            tuple(asked.get("nodes", ())),
            asked["window"],
        )


def _step(length: timedelta) -> timedelta | None:
    """The coarsest usual step that fits: about sixty in the window; None for a length that is no window."""
    if length <= timedelta(0):
        return None
    unit = MINUTE if length <= timedelta(hours=6) else HOUR if length <= BY_HOUR_UP_TO else DAY
    return next((step for step in STEPS if step >= unit and step * USUAL_STEPS >= length), DAY)


def _with_usual(asked: QueryDict, usual: dict[str, Any]) -> QueryDict:
    """What was asked, with the usual value of what was not."""
    full = asked.copy()
    if not full.get("start") and "window" not in full:
        full["window"] = usual["window"]
    for name in ("kpi", "split", "top"):
        if name not in full:
            full.setlist(name, usual[name] if isinstance(usual[name], list) else [usual[name]])
    return full
