"""The fleet for a Prometheus: counters and histograms of each group, KPIs of each split, and nodes by state.

Counters and histograms are running totals, so that rates between two scrapes are what the roll-ups hold more. KPIs are
those of the pages over the last minutes, in base units. What has no value is absent, never zero.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.utils import translation
from prometheus_client import exposition
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.utils import floatToGoString

from inference_kpis.api.scopes import WHOLE
from inference_kpis.catalogue import KPIS, MEASURES, Kind, Kpi
from inference_kpis.dashboards.series import SPLITS
from inference_kpis.fleet.models import Node, SiteHealth
from inference_kpis.formulas.parsing import scale
from inference_kpis.readings.algebra import Distribution, Increase
from inference_kpis.readings.queries import Group, GroupReading, by_engine, kpi_of
from inference_kpis.readings.statistics import cumulative
from inference_kpis.readings.totals import Total

OPENMETRICS, TEXT = "application/openmetrics-text", "text/plain"
LABELS = tuple(SPLITS)

# How units are written at the end of a name: Prometheus wants base units, the catalogue's measures are in them.
UNITS_OF_MEASURES = {"s": "seconds", "J": "joules", "{currency}": "currency", "By": "bytes"}
# KPIs are in the unit that people read; these are what they are before their display factor.
UNITS_OF_KPIS = {
    "ms": "seconds",
    "s": "seconds",
    "%": "ratio",
    "req/s": "requests_per_second",
    "requests": "requests",
    "tok/s": "tokens_per_second",
    "J": "joules",
    "MB": "bytes",
    "currency": "currency",
}


def exposed_unit(kpi: Kpi) -> str:
    """How the base unit of a KPI is written at the end of its name."""
    return UNITS_OF_KPIS[kpi.unit] if kpi.key in KPIS else scale(kpi.unit)[1].exposed_name


@dataclass(frozen=True)
class FleetFigures:
    """What an exposition is made of; `readings` are those of the last minutes."""

    groups: Mapping[int, Group]
    totals: Mapping[int, Total]
    readings: Sequence[GroupReading]
    health: Sequence[SiteHealth]
    kpis: Sequence[Kpi] = tuple(KPIS.values())

    def collect(self) -> Iterator[Metric]:
        """All families that have a sample, as an encoder asks for them."""
        for family in (*self._counters(), *self._histograms(), self._since(), *self._kpis(), self._nodes()):
            if family.samples:
                yield family

    def _labelled(self) -> Iterator[tuple[list[str], Total]]:
        for group_id, total in sorted(self.totals.items()):
            if group_id in self.groups:
                yield [split.key(self.groups[group_id]) for split in SPLITS.values()], total

    def _counters(self) -> Iterator[Metric]:
        for measure in MEASURES.values():
            if measure.kind is not Kind.INCREASE:
                continue
            unit = UNITS_OF_MEASURES.get(measure.unit, "")
            family = CounterMetricFamily(f"vigie_{measure.key}", str(measure.label), labels=LABELS, unit=unit)
            for labels, total in self._labelled():
                if isinstance(value := total.measures.get(measure.key), Increase):
                    family.add_metric(labels, measure.from_quanta(value.amount))
            yield family

    def _histograms(self) -> Iterator[Metric]:
        for measure in MEASURES.values():
            if measure.kind is not Kind.DISTRIBUTION:
                continue
            unit = UNITS_OF_MEASURES[measure.unit]
            family = HistogramMetricFamily(f"vigie_{measure.key}", str(measure.label), labels=LABELS, unit=unit)
            for labels, total in self._labelled():
                value = total.measures.get(measure.key)
                if isinstance(value, Distribution) and value.count:
                    # Between bounds of different layouts it interpolates, as the pages do; whole numbers never fall.
                    buckets = [(floatToGoString(bound), int(count)) for bound, count in cumulative(value)]
                    family.add_metric(labels, buckets, measure.from_quanta(value.sum))
            yield family

    def _since(self) -> Metric:
        family = GaugeMetricFamily(
            "vigie_counted_since_timestamp", "Where counters and histograms began.", labels=LABELS, unit="seconds"
        )
        for labels, total in self._labelled():
            family.add_metric(labels, total.counted_since.timestamp())
        return family

    def _kpis(self) -> Iterator[Metric]:
        series = list(_split(self.readings))
        for kpi in self.kpis:
            unit = exposed_unit(kpi)
            name = f"vigie_kpi_{kpi.key}" if kpi.key in KPIS else f"vigie_custom_kpi_{kpi.key}_{unit}"
            family = GaugeMetricFamily(name, f"{kpi.label}. {kpi.description}", unit=unit)
            for labels, readings in series:
                value = kpi_of(kpi, readings).value
                if value is not None:
                    family.add_sample(family.name, labels, value / float(kpi.display_factor))
            yield family

    def _nodes(self) -> Metric:
        family = GaugeMetricFamily("vigie_site_nodes", "Nodes in service by state.", labels=("site", "tier", "state"))
        for health in self.health:
            for state in Node.State.values:
                family.add_metric([health.site.key, health.site.tier, state], getattr(health, state))
        return family


def _split(readings: Iterable[GroupReading]) -> Iterator[tuple[dict[str, str], list[GroupReading]]]:
    """The readings together, then by site, tier, engine and model, each with its labels; merged, as every KPI asks them."""
    everything = list(readings)
    yield {"split": WHOLE}, by_engine(everything)
    for name, split in SPLITS.items():
        by_key: dict[str, list[GroupReading]] = {}
        for each in everything:
            by_key.setdefault(split.key(each.group), []).append(each)
        for key, of_key in sorted(by_key.items()):
            yield {"split": name, name: key}, by_engine(of_key)


def preferred(accepted: Iterable[str]) -> str:
    """The media type to answer with, for what is accepted, best first; versions and escapings do not matter to us."""
    for media_type in accepted:
        if media_type in {TEXT, "text/*"}:
            return TEXT
        if media_type in {OPENMETRICS, "application/*", "*/*"}:
            return OPENMETRICS
    return OPENMETRICS


def written(figures: FleetFigures, media_type: str) -> tuple[bytes, str]:
    """The exposition and its content type: the text of Prometheus for `text/plain`, else OpenMetrics. In English."""
    with translation.override("en"):
        if media_type == TEXT:
            return exposition.generate_latest(figures), exposition.CONTENT_TYPE_PLAIN_0_0_4
        # No name of ours needs escaping; told so, the encoder does not look for it in every label.
        return openmetrics.generate_latest(figures, openmetrics.ALLOWUTF8), openmetrics.CONTENT_TYPE_LATEST
