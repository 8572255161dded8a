"""The evaluation of all rules: observe, advance, move what moved by compare-and-set, and write who has to be told.

Everything an evaluation decides is committed at once: the new state, the line of history, and the message. Of two
workers that see the same flip, the version of the alert's row lets one move it; the other one writes nothing.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from django.db import connection, transaction
from django.db.models import F

from inference_kpis.alerts import outbox
from inference_kpis.alerts.areas import Area, AreaKind, Place
from inference_kpis.alerts.measuring import Measurements, measure, watched_nodes
from inference_kpis.alerts.models import Alert, AlertEvent, AlertRule, AlertWatch, Silence
from inference_kpis.alerts.states import QUIET, Happening, Phase, State, advance
from inference_kpis.alerts.subjects import Subject, WatchedNode, subjects_of
from inference_kpis.readings.queries import groups
from inference_kpis.readings.statistics import NO_DATA, Quantity

# When nobody evaluated for longer than this, what was seen before proves nothing about the time between.
LONGEST_GAP = timedelta(seconds=60)
EventKind = AlertEvent.Kind
KINDS = {Happening.FIRED: EventKind.FIRED, Happening.RESOLVED: EventKind.RESOLVED}

MOVE = """
UPDATE inference_kpis_alert a SET phase = m.phase, since = m.since, good_since = m.good_since,
    unknown_since = m.unknown_since, is_told = m.is_told, value = coalesce(m.value, a.value),
    bound = CASE WHEN m.value IS NULL THEN a.bound ELSE m.bound END, changed_at = %(now)s, version = a.version + 1,
    acknowledged_at = CASE WHEN m.phase = 'firing' THEN a.acknowledged_at END,
    acknowledged_by_id = CASE WHEN m.phase = 'firing' THEN a.acknowledged_by_id END,
    acknowledgement = CASE WHEN m.phase = 'firing' THEN a.acknowledgement ELSE '' END
FROM unnest(%(ids)s::bigint[], %(versions)s::int[], %(phases)s::text[], %(since)s::timestamptz[],
    %(good_since)s::timestamptz[], %(unknown_since)s::timestamptz[], %(told)s::bool[], %(values)s::float8[],
    %(bounds)s::text[]) AS m (id, version, phase, since, good_since, unknown_since, is_told, value, bound)
WHERE a.id = m.id AND a.version = m.version AND a.changed_at <= %(now)s
RETURNING a.id
"""


@dataclass
class Move:
    """One alert on its way to its next state, with what happened if anything did; `alert` is None the first time."""

    rule: AlertRule
    subject: Subject
    place: Place
    next: State
    quantity: Quantity
    alert: Alert | None = None
    kind: EventKind | None = None
    silence: Silence | None = None
    is_told: bool = False

    @property
    def tells(self) -> bool:
        """Whether somebody is told: of what fired unless it is silenced, of its end if they were told that it began."""
        was_told = self.alert is not None and self.alert.is_told
        begins = self.kind in {EventKind.FIRED, EventKind.STILL_FIRING}
        return self.kind is not None and self.silence is None and (begins or was_told)


def evaluate_rules(now: datetime) -> int:
    """Evaluate every rule; the number of events that were written."""
    watched_since = _watched_since(now)
    rules = list(AlertRule.objects.active().whole())
    awake = list(Alert.objects.awake().whole())
    nodes = watched_nodes()
    moves = _moves(rules, awake, measure(rules, nodes, now), now, watched_since)
    moves += _still_firing(awake, moves)
    if not moves:
        return 0
    silences = list(Silence.objects.filter(starts_at__lte=now, ends_at__gt=now))
    for move in moves:
        move.silence = next((each for each in silences if each.covers(move.rule.pk, move.place, now)), None)
    with transaction.atomic():
        return _write([move for move in moves if _is_worth_it(move)], now, _dead_sites(nodes))


def bump_version() -> None:
    """Tell live pages that something about alerts changed."""
    AlertWatch.objects.filter(pk=1).update(version=F("version") + 1)


def _watched_since(now: datetime) -> datetime:
    """Write down that somebody watches now; since when without a gap."""
    with transaction.atomic():
        AlertWatch.objects.bulk_create([AlertWatch(pk=1)], ignore_conflicts=True)
        watch = AlertWatch.objects.select_for_update().get(pk=1)
        if watch.evaluated_at is None or watch.watched_since is None or now - watch.evaluated_at > LONGEST_GAP:
            watch.watched_since = now
        watch.evaluated_at = max(now, watch.evaluated_at or now)
        watch.save(update_fields=["evaluated_at", "watched_since"])
        return watch.watched_since


# --- Deciding --------------------------------------------------------------------------------------------------------


def _moves(
    rules: Sequence[AlertRule], awake: Sequence[Alert], measured: Measurements, now: datetime, watched_since: datetime
) -> list[Move]:
    """What moves, rule by rule, and at the end what nobody watches any more."""
    known = {(alert.rule_id, alert.key): alert for alert in awake}
    sites_of_model = _sites_of_models(rules)
    moves: list[Move] = []

    @cache
    def subjects(area: Area, per: str) -> list[Subject]:
        return subjects_of(area, per, measured.nodes, sites_of_model.get(str(area.value), ()))

    for rule in rules:
        for subject in subjects(rule.area, rule.per):
            alert = known.pop((rule.pk, subject.key), None)
            seen = measured.observe(rule, subject)
            previous = alert.state if alert else QUIET
            following, happening = advance(rule.timing, previous, seen.observed, now, watched_since=watched_since)
            if following != previous:
                kind = KINDS[happening] if happening else None
                place = measured.place_of(rule, subject)
                moves.append(Move(rule, subject, place, following, seen.quantity, alert, kind))
    return moves + [_closing(alert) for alert in known.values()]


def _closing(alert: Alert) -> Move:
    """The end of an alert whose rule, node or site is gone. That is no good news, so it is not called resolved."""
    kind = EventKind.CLOSED if alert.phase == Phase.FIRING else None
    subject = Subject(alert.key, alert.site_id, alert.node_id)
    return Move(alert.rule, subject, alert.place, QUIET, NO_DATA, alert, kind)


def _still_firing(awake: Sequence[Alert], moves: Sequence[Move]) -> list[Move]:
    """Alerts that fired in a silence: once it is over somebody has to be told."""
    moving = {move.alert.pk for move in moves if move.alert}
    return [
        Move(
            alert.rule,
            Subject(alert.key, alert.site_id, alert.node_id),
            alert.place,
            alert.state,
            alert.quantity,
            alert,
            EventKind.STILL_FIRING,
        )
        for alert in awake
        if alert.phase == Phase.FIRING and not alert.is_told and alert.pk not in moving
    ]


def _is_worth_it(move: Move) -> bool:
    return not (move.kind is EventKind.STILL_FIRING and move.silence)


def _sites_of_models(rules: Iterable[AlertRule]) -> dict[str, set[int]]:
    """The sites at which each model of the rules was ever seen; one query, or none where no rule asks for a model."""
    wanted = {rule.model for rule in rules if rule.area.kind is AreaKind.MODEL}
    sites: dict[str, set[int]] = {model: set() for model in wanted}
    for group in groups().values() if wanted else ():
        if group.model in wanted:
            sites[group.model].add(group.site_id)
    return sites


def _dead_sites(nodes: Iterable[WatchedNode]) -> dict[int, int]:
    """The sites without a node that is up, with how many are down or silent; waiting and paused ones do not count."""
    lost = Counter(node.site_id for node in nodes if node.state in {"down", "silent"})
    alive = {node.site_id for node in nodes if node.state == "up"}
    return {site_id: count for site_id, count in lost.items() if site_id not in alive}


# --- Writing ---------------------------------------------------------------------------------------------------------


def _write(moves: Sequence[Move], now: datetime, dead_sites: dict[int, int]) -> int:
    """Move what still stands as it was seen, and write history and messages about it; the number of events."""
    moves = _with_rows(moves, now)
    for move in moves:
        # A silence hides the beginning until it is over; once told, an alert stays told until it ends.
        move.is_told = move.next.phase is Phase.FIRING and (move.tells or (move.kind is None and _was_told(move)))
    moved = _compare_and_set(moves, now)
    happened = [(move, _event(move, now)) for move in moves if move.alert and move.alert.pk in moved and move.kind]
    outbox.enqueue([event for move, event in happened if move.tells], now, dead_sites)
    AlertEvent.objects.bulk_create([event for _, event in happened])
    if moved:
        bump_version()
    return len(happened)


def _was_told(move: Move) -> bool:
    return move.alert is not None and move.alert.is_told


def _with_rows(moves: Sequence[Move], now: datetime) -> list[Move]:
    """The moves, each with its row; those whose row was opened by somebody else meanwhile are left out."""
    new = sorted((m for m in moves if m.alert is None), key=lambda m: (m.rule.pk, m.subject.key))
    if not new:
        return list(moves)
    Alert.objects.bulk_create(
        (
            Alert(rule=m.rule, key=m.subject.key, site_id=m.subject.site_id, node_id=m.subject.node_id, changed_at=now)
            for m in new
        ),
        ignore_conflicts=True,
    )
    rules, keys = {m.rule.pk for m in new}, {m.subject.key for m in new}
    rows = {
        (alert.rule_id, alert.key): alert
        for alert in Alert.objects.filter(rule__in=rules, key__in=keys, phase=Phase.OK)
    }
    for move in new:
        move.alert = rows.get((move.rule.pk, move.subject.key))
    return [move for move in moves if move.alert]


def _compare_and_set(moves: Sequence[Move], now: datetime) -> set[int]:
    """Move the rows that nobody moved since they were read; their ids. Rows are locked in one order by everybody."""
    alerts = [move.alert for move in moves if move.alert]
    ids = [alert.pk for alert in alerts]
    values: dict[str, Any] = {
        "now": now,
        "ids": ids,
        "versions": [alert.version for alert in alerts],
        "phases": [move.next.phase.value for move in moves],
        "since": [move.next.since for move in moves],
        "good_since": [move.next.good_since for move in moves],
        "unknown_since": [move.next.unknown_since for move in moves],
        "told": [move.is_told for move in moves],
        "values": [move.quantity.value for move in moves],
        "bounds": [move.quantity.bound.value for move in moves],
    }
    with connection.cursor() as cursor:
        cursor.execute("SELECT FROM inference_kpis_alert WHERE id = ANY(%(ids)s) ORDER BY id FOR UPDATE", {"ids": ids})
        cursor.execute(MOVE, values)
        return {row[0] for row in cursor.fetchall()}


def _event(move: Move, now: datetime) -> AlertEvent:
    alert, kind = move.alert, move.kind
    if alert is None or kind is None:
        raise ValueError("an event needs its alert and what happened to it")
    alert.rule = move.rule
    return AlertEvent(
        alert=alert,
        at=now,
        kind=kind,
        value=move.quantity.value,
        bound=move.quantity.bound.value,
        threshold=move.rule.threshold_shown,
        silence=move.silence,
    )
