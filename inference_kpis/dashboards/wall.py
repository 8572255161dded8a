"""The wall screen: what is asked of it, and what it shows of the fleet or of the site whose turn it is."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from accounts.alphabet import alphabetical
from inference_kpis.alerts import reading
from inference_kpis.alerts.areas import Place
from inference_kpis.alerts.models import Alert, AlertRule
from inference_kpis.alerts.reading import AlertLine
from inference_kpis.alerts.states import Phase
from inference_kpis.annotations.applying import meets
from inference_kpis.catalogue import Kpi
from inference_kpis.dashboards.asked import AskedForm
from inference_kpis.dashboards.explore_form import LENGTH_LABELS, LENGTHS
from inference_kpis.dashboards.kpi_choice import ordered_kpis
from inference_kpis.dashboards.series import trend
from inference_kpis.fleet.models import Node, Site, SiteHealth
from inference_kpis.readings.queries import Window, group_readings, kpi_of
from inference_kpis.readings.statistics import Quantity

MOST_TILES = 8
MOST_SITES = 12
MOST_ALERTS = 4
# More alerts than this at once are an outage; their number stays right.
MOST_READ = 200
# Without a newer reading for this long the screen says so, loudly.
OLD_AFTER = timedelta(seconds=90)
USUAL_KPIS = (
    *("request_rate", "success_ratio", "e2e_latency_p95", "time_to_first_token_p95"),
    *("output_token_rate", "queue_depth", "availability", "edge_served_share"),
)


class WallForm(AskedForm):
    """What a wall screen shows; its address is the whole question."""

    kpi = forms.MultipleChoiceField(
        label=_("KPIs"),
        help_text=_("Up to eight."),
        choices=lambda: [(key, kpi.label) for key, kpi in ordered_kpis().items()],
        widget=forms.CheckboxSelectMultiple,
    )
    window = forms.ChoiceField(
        label=_("Window"), choices=[(key, LENGTH_LABELS[key]) for key in ("15m", "1h", "6h", "24h")]
    )
    site = forms.ModelChoiceField(
        label=_("Site"),
        required=False,
        queryset=Site.objects.in_service(),
        to_field_name="key",
        empty_label=_("the whole fleet"),
    )
    rotate = forms.ChoiceField(
        label=_("Rotate"),
        required=False,
        choices=[
            ("", _("no")),
            ("15", _("fleet and sites in turn, every 15 seconds")),
            ("30", _("fleet and sites in turn, every 30 seconds")),
            ("60", _("fleet and sites in turn, every minute")),
        ],
    )

    def __init__(self, asked: QueryDict) -> None:
        self.asked = asked.copy()
        if "kpi" not in self.asked:
            known = ordered_kpis()
            self.asked.setlist("kpi", [key for key in USUAL_KPIS if key in known])
        self.asked.setdefault("window", "1h")
        super().__init__(self.asked)

    def clean_kpi(self) -> list[str]:
        keys: list[str] = self.cleaned_data["kpi"]
        if len(keys) > MOST_TILES:
            raise forms.ValidationError(_("At most eight KPIs: the letters have to be read from afar."))
        return keys


@dataclass(frozen=True)
class Tile:
    """A KPI with its trend. `state` is '' where no rule watches it."""

    kpi: Kpi
    quantity: Quantity
    trend: Sequence[float | None]
    state: str


@dataclass(frozen=True)
class Wall:
    site: Site | None
    tiles: Sequence[Tile]
    sites: Sequence[SiteHealth]
    more_sites: int
    alerts: Sequence[AlertLine]
    alert_count: int
    figures_at: datetime | None
    is_old: bool


def turn(asked: dict[str, Any], now: datetime) -> int:
    """A number that changes when another site is shown."""
    return int(now.timestamp()) // int(asked["rotate"]) if asked["rotate"] else 0


def wall(asked: dict[str, Any], now: datetime) -> Wall:
    """Everything on the screen; a constant number of queries."""
    health = list(SiteHealth.objects.select_related("site"))
    site = asked["site"] or _site_in_turn(asked, [each.site for each in health if each.total], now)
    place = Place(site.tier, site.pk) if site else Place()
    window = Window.ending(now, LENGTHS[asked["window"]])
    readings = group_readings(window, sites=[site.pk] if site else None)
    end_ms = max((each.reading.end_ms for each in readings), default=None)
    figures_at = None if end_ms is None else datetime.fromtimestamp(end_ms / 1000, UTC)
    firing = [
        alert
        for alert in reading.worst_first(Alert.objects.filter(phase=Phase.FIRING))[:MOST_READ]
        if meets(alert.place, place)
    ]
    known = ordered_kpis()
    states = _states(asked["kpi"], firing, place)
    tiles = [
        Tile(known[key], kpi_of(known[key], readings), trend(known[key], readings, window), states[key])
        for key in asked["kpi"]
    ]
    worst = sorted(health, key=lambda each: (not each.down, not each.silent, alphabetical(each.site.name)))
    shown = worst[:MOST_SITES]
    return Wall(
        site,
        tiles,
        shown,
        len(worst) - len(shown),
        reading.alert_lines(firing[:MOST_ALERTS], reading.silences_now(now), now),
        len(firing),
        figures_at,
        is_old=_expects_figures(health, site) and (figures_at is None or now - figures_at > OLD_AFTER),
    )


def _site_in_turn(asked: dict[str, Any], sites: list[Site], now: datetime) -> Site | None:
    """None when it is the turn of the whole fleet."""
    ordered: list[Site | None] = [None, *sorted(sites, key=lambda site: alphabetical(site.name))]
    return ordered[turn(asked, now) % len(ordered)]


def _states(keys: Collection[str], firing: Sequence[Alert], place: Place) -> dict[str, str]:
    """What the rules on each KPI say of the place: met, missed, or '' without a rule."""
    rules = AlertRule.objects.active().filter(kind=AlertRule.Kind.KPI, kpi__in=keys)
    watched = {rule.kpi for rule in rules.select_related("site", "node__site") if meets(rule.place, place)}
    missed = {alert.rule.kpi for alert in firing if alert.rule.kind == AlertRule.Kind.KPI}
    return {key: "missed" if key in missed else "met" if key in watched else "" for key in keys}


def _expects_figures(health: Sequence[SiteHealth], site: Site | None) -> bool:
    """Whether somebody gives readings at all: a new installation has no old figures."""
    return any(each.up or each.down or each.silent for each in health if site is None or each.site_id == site.pk)


def worst_state(health: SiteHealth) -> str:
    """The state that a site is shown in: that of its worst node."""
    for state in sorted(Node.SEVERITY, key=lambda state: Node.SEVERITY[state]):
        if getattr(health, state):
            return str(state)
    return Node.State.WAITING.value
