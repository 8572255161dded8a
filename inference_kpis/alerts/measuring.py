"""Asking roll-ups and node states what they say about the rules: as many queries for a thousand rules as for one."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from inference_kpis.alerts import burn_rates
from inference_kpis.alerts.areas import Area, Place
from inference_kpis.alerts.burn_rates import Counts, add_up, burn_rate, burn_verdict, burns
from inference_kpis.alerts.models import AlertRule
from inference_kpis.alerts.states import Observed
from inference_kpis.alerts.subjects import Subject, WatchedNode, nodes_in
from inference_kpis.alerts.verdicts import Side, absence_verdict, nodes_verdict, threshold_verdict
from inference_kpis.catalogue import KPIS, Kpi
from inference_kpis.fleet.models import Node
from inference_kpis.readings.algebra import EMPTY, Reading, merge_all
from inference_kpis.readings.queries import (
    Group,
    GroupReading,
    Window,
    exposed_by,
    giving,
    group_readings,
    kpi_of,
    node_readings,
)
from inference_kpis.readings.statistics import NO_DATA, Quantity, gives, kpi_quantity

MINUTE = timedelta(minutes=1)
Kind, Per = AlertRule.Kind, AlertRule.Per


@dataclass(frozen=True, slots=True)
class Measured:
    """What was observed of one subject, and the number behind it if there is one."""

    observed: Observed
    quantity: Quantity = NO_DATA


def watched_nodes() -> list[WatchedNode]:
    """Every node in service; one query."""
    rows = Node.objects.in_service().order_by("site__name", "name")
    fields = ("pk", "name", "site_id", "site__tier", "engine", "state", "state_since")
    return [WatchedNode(*row) for row in rows.values_list(*fields)]


def window_up_to(now: datetime, length: timedelta) -> Window:
    """The last whole minutes of this length, and the running one: a verdict is never older than its newest reading."""
    minute = now.astimezone(UTC).replace(second=0, microsecond=0)
    return Window(minute - length, minute + MINUTE, MINUTE)


def kpi_of_rule(rule: AlertRule) -> Kpi | None:
    """The KPI behind a rule: whoever gives it counts. None for states of nodes."""
    if rule.kind == Kind.BURN:
        is_success = rule.indicator == AlertRule.Indicator.SUCCESS
        return KPIS["success_ratio" if is_success else f"{rule.indicator}_p95"]
    return rule.measured_kpi


def lengths_of(rule: AlertRule) -> set[timedelta]:
    """The lengths of the windows that a rule looks at."""
    if rule.kind == Kind.BURN:
        return {length for pair in rule.pairs for length in (pair.long, pair.short)}
    return {rule.window} if rule.kind in {Kind.KPI, Kind.ABSENCE} else set()


@dataclass
class Measurements:
    """Everything read for one evaluation: readings by length of window, merged by group and by node."""

    now: datetime
    nodes: Sequence[WatchedNode]
    of_groups: dict[timedelta, list[GroupReading]] = field(default_factory=dict)
    of_nodes: dict[timedelta, dict[int, Reading]] = field(default_factory=dict)
    in_areas: dict[tuple[Area, timedelta], dict[int, list[GroupReading]]] = field(default_factory=dict)
    by_id: dict[int, WatchedNode] = field(init=False)
    by_site: dict[int, list[WatchedNode]] = field(init=False)

    def __post_init__(self) -> None:
        self.by_id = {node.id: node for node in self.nodes}
        self.by_site = defaultdict(list)
        for node in self.nodes:
            self.by_site[node.site_id].append(node)

    def observe(self, rule: AlertRule, subject: Subject) -> Measured:
        """What the rule's subject shows now."""
        match rule.kind:
            case Kind.STATE:
                found = self._nodes_of(rule, subject)
                return Measured(nodes_verdict([(node.state, node.state_since) for node in found], rule.bad_states))
            case Kind.BURN:
                return self._burning(rule, subject)
        quantity = self._quantity(rule, subject)
        return Measured(judged(rule, quantity), quantity)

    def _quantity(self, rule: AlertRule, subject: Subject) -> Quantity:
        kpi = rule.measured_kpi
        if kpi is None:
            return NO_DATA
        if subject.node_id is None:
            return kpi_of(kpi, self._groups(rule, subject, rule.window))
        reading = self.of_nodes[rule.window].get(subject.node_id, EMPTY)
        return kpi_quantity(kpi, reading, exposed=exposed_by([self.by_id[subject.node_id].engine], reading.measures))

    def _burning(self, rule: AlertRule, subject: Subject) -> Measured:
        def counts(length: timedelta) -> Counts:
            return add_up(slo_counts(rule, reading) for reading in self._readings(rule, subject, length))

        pairs = rule.pairs
        verdict = burn_verdict(
            (
                burns(counts(pair.long), rule.objective, pair.factor, rule.minimum_samples),
                burns(counts(pair.short), rule.objective, pair.factor, rule.minimum_samples),
            )
            for pair in pairs
        )
        rate = burn_rate(counts(pairs[0].long), rule.objective)
        return Measured(Observed(verdict), NO_DATA if rate is None else Quantity(rate[0]))

    def _readings(self, rule: AlertRule, subject: Subject, length: timedelta) -> list[Reading]:
        kpi = kpi_of_rule(rule)
        if subject.node_id is None:
            groups = self._groups(rule, subject, length)
            return [each.reading for each in (giving(kpi, groups) if kpi else groups)]
        reading = self.of_nodes[length].get(subject.node_id)
        exposed = exposed_by([self.by_id[subject.node_id].engine], reading.measures if reading else ())
        return [reading] if reading and kpi and gives(kpi, exposed) else []

    def place_of(self, rule: AlertRule, subject: Subject) -> Place:
        """Where the subject is, as silences see it."""
        if subject.node_id is not None:
            return replace(self.by_id[subject.node_id].place, model=rule.model or None)
        if subject.site_id is not None:
            tier = next((node.tier for node in self.by_site[subject.site_id]), None)
            return Place(tier, subject.site_id, rule.engine or None, rule.model or None)
        return rule.place

    def _nodes_of(self, rule: AlertRule, subject: Subject) -> Sequence[WatchedNode]:
        if subject.node_id is not None:
            return [self.by_id[subject.node_id]]
        return nodes_in(rule.area, self.nodes if subject.key == "" else self.by_site[subject.site_id or 0])

    def _groups(self, rule: AlertRule, subject: Subject, length: timedelta) -> list[GroupReading]:
        by_site = self._groups_by_site(rule.area, length)
        if subject.key == "":
            return [each for of_site in by_site.values() for each in of_site]
        return by_site.get(subject.site_id or 0, [])

    def _groups_by_site(self, area: Area, length: timedelta) -> dict[int, list[GroupReading]]:
        """The groups of an area by site; sorted out once, for all the rules and sites that ask."""
        if (area, length) not in self.in_areas:
            by_site: dict[int, list[GroupReading]] = defaultdict(list)
            for each in self.of_groups[length]:
                if area.holds(place_of_group(each.group)):
                    by_site[each.group.site_id].append(each)
            self.in_areas[area, length] = by_site
        return self.in_areas[area, length]


def judged(rule: AlertRule, quantity: Quantity) -> Observed:
    """What a KPI's quantity says about a rule with a threshold, or about one that misses data."""
    if rule.kind == Kind.ABSENCE:
        return Observed(absence_verdict(quantity))
    threshold = rule.threshold or 0.0
    clear = threshold if rule.clear_threshold is None else rule.clear_threshold
    return Observed(threshold_verdict(quantity, Side(rule.side), threshold, clear, rule.minimum_samples))


def slo_counts(rule: AlertRule, reading: Reading) -> Counts:
    """The good and all requests of a reading, by the rule's objective."""
    if rule.indicator == AlertRule.Indicator.SUCCESS:
        return burn_rates.success_counts(reading)
    return burn_rates.latency_counts(reading, rule.indicator, rule.bound_seconds)


def place_of_group(group: Group) -> Place:
    return Place(group.tier, group.site_id, group.engine, group.model)


# --- Reading ---------------------------------------------------------------------------------------------------------


def measure(rules: Sequence[AlertRule], nodes: Sequence[WatchedNode], now: datetime) -> Measurements:
    """Read what these rules need: groups once for windows up to an hour and once for longer ones, nodes likewise."""
    found = Measurements(now, nodes)
    by_node = [rule for rule in rules if rule.per == Per.NODE]
    by_group = [rule for rule in rules if rule.per != Per.NODE]
    for lengths in _read_together(by_group):
        window = window_up_to(now, max(lengths))
        readings = [_narrowed(each, _measures(by_group)) for each in group_readings(window)]
        for length in lengths:
            found.of_groups[length] = _merged_groups(readings, window_up_to(now, length).start)
    node_ids = sorted({node.id for rule in by_node if lengths_of(rule) for node in nodes_in(rule.area, nodes)})
    for lengths in _read_together(by_node):
        of_nodes = node_readings(node_ids, window_up_to(now, max(lengths)))
        wanted = _measures(by_node)
        for length in lengths:
            start = window_up_to(now, length).start
            found.of_nodes[length] = {
                node_id: merge_all(_only(reading, wanted) for _, reading in readings if _reaches_into(reading, start))
                for node_id, readings in of_nodes.items()
            }
    return found


def _read_together(rules: Iterable[AlertRule]) -> list[set[timedelta]]:
    """Lengths of windows, those up to an hour apart from longer ones, which are read by the hour."""
    lengths = {length for rule in rules for length in lengths_of(rule)}
    hour = timedelta(hours=1)
    halves = ({each for each in lengths if each <= hour}, {each for each in lengths if each > hour})
    return [half for half in halves if half]


def _measures(rules: Iterable[AlertRule]) -> frozenset[str]:
    return frozenset().union(*(kpi.measures for rule in rules if (kpi := kpi_of_rule(rule))))


def _only(reading: Reading, wanted: frozenset[str]) -> Reading:
    kept = {key: value for key, value in reading.measures.items() if key in wanted}
    return Reading(reading.start_ms, reading.end_ms, kept)


def _narrowed(each: GroupReading, wanted: frozenset[str]) -> GroupReading:
    return GroupReading(each.group, each.bucket_at, _only(each.reading, wanted))


def _merged_groups(readings: Iterable[GroupReading], start: datetime) -> list[GroupReading]:
    """One reading a group, of what begins at or after `start`."""
    by_group: dict[Group, list[Reading]] = defaultdict(list)
    for each in readings:
        if _reaches_into(each.reading, start):
            by_group[each.group].append(each.reading)
    return [GroupReading(group, start, merge_all(parts)) for group, parts in by_group.items()]


def _reaches_into(reading: Reading, start: datetime) -> bool:
    """Whether any of it lies after `start`: of a long window the first hour counts whole."""
    return reading.end_ms > start.timestamp() * 1000
