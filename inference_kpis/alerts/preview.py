"""What a rule would have done over the last hours: its own evaluation replayed over the minutes that were rolled up.

The state of a node is not kept over time; its pulls are, by the minute. A minute in which none succeeded counts as
down, and of a single node the share that failed as well, where that is long enough to fire.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from inference_kpis.alerts.burn_rates import NONE, Counts, add_up, burn_rate, burn_verdict, burns
from inference_kpis.alerts.measuring import MINUTE, judged, kpi_of_rule, lengths_of, place_of_group, slo_counts
from inference_kpis.alerts.models import AlertRule
from inference_kpis.alerts.states import QUIET, Happening, Observed, Verdict, advance
from inference_kpis.alerts.subjects import Subject, WatchedNode, nodes_in, subjects_of
from inference_kpis.catalogue import KPIS, Kpi
from inference_kpis.readings.algebra import EMPTY, Reading, merge_all
from inference_kpis.readings.queries import Window, exposed_by, exposures, group_readings, node_readings
from inference_kpis.readings.statistics import NO_DATA, NOT_EXPOSED, Quantity, gives, kpi_quantity

LENGTH = timedelta(hours=4)
# Longer stretches would be read by the hour.
LONGEST_READ = timedelta(hours=6)
MOST_SUBJECTS = 12
Kind = AlertRule.Kind
Minutes = dict[datetime, Reading]


@dataclass(frozen=True)
class Spell:
    """A time in which it would have fired; without an end it would do so now."""

    start: datetime
    end: datetime | None


@dataclass
class PreviewLine:
    """One subject: a value a minute (None: unknown), and when it would have fired."""

    label: str
    points: list[tuple[datetime, float | None]] = field(default_factory=list)
    spells: list[Spell] = field(default_factory=list)


@dataclass(frozen=True)
class Preview:
    """What the rule would have done, by subject; `left_out` is how many subjects were not looked at."""

    rule: AlertRule
    kpi: Kpi | None
    start: datetime
    end: datetime
    lines: Sequence[PreviewLine]
    left_out: int

    @property
    def fired(self) -> int:
        """How often it would have fired."""
        return sum(len(line.spells) for line in self.lines)

    @property
    def noisiest(self) -> list[PreviewLine]:
        """The subjects that would have fired, most often first."""
        return sorted((line for line in self.lines if line.spells), key=lambda line: -len(line.spells))


def preview(rule: AlertRule, nodes: Sequence[WatchedNode], site_names: dict[int, str], now: datetime) -> Preview:
    """Replay the rule over the last hours, the running minute included; a saved rule or one that is only thought of."""
    end = now.astimezone(UTC).replace(second=0, microsecond=0) + MINUTE
    start = end - LENGTH
    longest = max(lengths_of(rule), default=MINUTE)
    by_subject = _minutes(rule, nodes, start - longest, end, site_names)
    shown = dict(list(by_subject.items())[:MOST_SUBJECTS])
    lines = [_replayed(rule, subject, found, start, end) for subject, found in shown.items()]
    return Preview(rule, kpi_of_rule(rule), start, end, lines, len(by_subject) - len(shown))


# --- Reading ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Found:
    label: str
    minutes: Minutes
    is_exposed: bool
    is_node: bool = False


def _minutes(
    rule: AlertRule, nodes: Sequence[WatchedNode], start: datetime, end: datetime, site_names: dict[int, str]
) -> dict[Subject, _Found]:
    """The minutes of each subject, merged over its groups or models; nothing but the measures that the rule reads."""
    kpi = kpi_of_rule(rule) or KPIS["availability"]
    if rule.per == AlertRule.Per.NODE or rule.kind == Kind.STATE:
        return _minutes_of_nodes(rule, nodes, kpi, start, end, site_names)
    parts: dict[int, dict[datetime, list[Reading]]] = defaultdict(lambda: defaultdict(list))
    exposing: set[int] = set()
    for window in _windows(start, end):
        found_in_window = group_readings(window)
        for each, exposed in zip(found_in_window, exposures(found_in_window), strict=True):
            if not rule.area.holds(place_of_group(each.group)):
                continue
            parts[each.group.site_id].setdefault(each.bucket_at, [])
            if gives(kpi, exposed):
                exposing.add(each.group.site_id)
                parts[each.group.site_id][each.bucket_at].append(_only(each.reading, kpi))
    subjects = subjects_of(rule.area, rule.per, nodes, parts)
    found = {}
    for subject in subjects:
        sites = list(parts) if subject.key == "" else [subject.site_id or 0]
        merged: dict[datetime, list[Reading]] = defaultdict(list)
        for site in sites:
            for at, readings in parts[site].items():
                merged[at] += readings
        label = rule.area_label if subject.key == "" else site_names.get(subject.site_id or 0, "")
        minutes = {at: merge_all(readings) for at, readings in merged.items()}
        found[subject] = _Found(label, minutes, not sites or any(site in exposing for site in sites))
    return found


def _minutes_of_nodes(
    rule: AlertRule,
    nodes: Sequence[WatchedNode],
    kpi: Kpi,
    start: datetime,
    end: datetime,
    site_names: dict[int, str],
) -> dict[Subject, _Found]:
    subjects = subjects_of(rule.area, rule.per, nodes)[:MOST_SUBJECTS]
    chosen: dict[Subject, list[WatchedNode]] = {
        subject: [
            node
            for node in nodes_in(rule.area, nodes)
            if subject.key == ""
            or subject.node_id == node.id
            or (not subject.node_id and subject.site_id == node.site_id)
        ]
        for subject in subjects
    }
    by_node: dict[int, list[tuple[datetime, Reading]]] = defaultdict(list)
    for window in _windows(start, end):
        for node_id, readings in node_readings(sorted({n.id for of in chosen.values() for n in of}), window).items():
            by_node[node_id] += readings
    found = {}
    for subject, of_subject in chosen.items():
        merged: dict[datetime, list[Reading]] = defaultdict(list)
        for node in of_subject:
            for at, reading in by_node[node.id]:
                merged[at].append(_only(reading, kpi))
        is_node = subject.node_id is not None
        label = of_subject[0].name if is_node else site_names.get(subject.site_id or 0, rule.area_label)
        is_exposed = any(
            gives(kpi, exposed_by([node.engine], {key for _, reading in by_node[node.id] for key in reading.measures}))
            for node in of_subject
        )
        found[subject] = _Found(label, {at: merge_all(parts) for at, parts in merged.items()}, is_exposed, is_node)
    return found


def _windows(start: datetime, end: datetime) -> list[Window]:
    """The stretch in pieces that are read by the minute."""
    pieces = []
    while start < end:
        until = min(start + LONGEST_READ, end)
        pieces.append(Window(start, until, MINUTE))
        start = until
    return pieces


def _only(reading: Reading, kpi: Kpi) -> Reading:
    kept = {key: value for key, value in reading.measures.items() if key in kpi.measures}
    return Reading(reading.start_ms, reading.end_ms, kept)


# --- Replaying -------------------------------------------------------------------------------------------------------


def _replayed(rule: AlertRule, subject: Subject, found: _Found, start: datetime, end: datetime) -> PreviewLine:
    line = PreviewLine(found.label)
    counts = {at: slo_counts(rule, reading) for at, reading in found.minutes.items()} if rule.kind == Kind.BURN else {}
    state = QUIET
    at = start
    while at <= end:
        observed, quantity = _seen(rule, found, counts, at)
        state, happening = advance(rule.timing, state, observed, at)
        line.points.append((at, quantity.value))
        if happening is Happening.FIRED:
            line.spells.append(Spell(at, None))
        elif happening is Happening.RESOLVED:
            line.spells[-1] = Spell(line.spells[-1].start, at)
        at += MINUTE
    return line


def _seen(rule: AlertRule, found: _Found, counts: dict[datetime, Counts], at: datetime) -> tuple[Observed, Quantity]:
    """What an evaluation at the end of the minute before `at` would have observed."""
    match rule.kind:
        case Kind.BURN:
            return _burning(rule, counts, at)
        case Kind.STATE:
            share = kpi_quantity(KPIS["availability"], found.minutes.get(at - MINUTE, EMPTY))
            return _up_or_down(rule, share.value, at, is_node=found.is_node), share
    kpi = rule.measured_kpi
    if kpi is None or not found.is_exposed:
        return Observed(Verdict.UNKNOWN), NOT_EXPOSED
    merged = merge_all(found.minutes[each] for each in _before(at, rule.window) if each in found.minutes)
    quantity = kpi_quantity(kpi, merged)
    return judged(rule, quantity), quantity


def _up_or_down(rule: AlertRule, percent: float | None, at: datetime, *, is_node: bool) -> Observed:
    """What the share of pulls that succeeded in a minute says about the state of nodes."""
    if percent is None:
        return Observed(Verdict.UNKNOWN)
    down_for = MINUTE * (1 - percent / 100)
    is_long = is_node and percent < 100 and down_for >= rule.timing.raise_after
    if percent and not is_long:
        return Observed(Verdict.GOOD)
    return Observed(Verdict.BAD, at - down_for)


def _burning(rule: AlertRule, counts: dict[datetime, Counts], at: datetime) -> tuple[Observed, Quantity]:
    def over(length: timedelta) -> Counts:
        return add_up(counts.get(each, NONE) for each in _before(at, length))

    def is_burning(length: timedelta, factor: float) -> bool | None:
        return burns(over(length), rule.objective, factor, rule.minimum_samples)

    verdict = burn_verdict(
        (is_burning(pair.long, pair.factor), is_burning(pair.short, pair.factor)) for pair in rule.pairs
    )
    rate = burn_rate(over(rule.pairs[0].long), rule.objective)
    return Observed(verdict), NO_DATA if rate is None else Quantity(rate[0])


def _before(at: datetime, length: timedelta) -> Iterable[datetime]:
    """The starts of the whole minutes of this length before a moment."""
    return (at - step * MINUTE for step in range(length // MINUTE, 0, -1))
