"""Channels, rules and time lines for the tests of alerts."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from inference_kpis.alerts.evaluation import evaluate_rules
from inference_kpis.alerts.models import AlertEvent, AlertRule, Channel, Notification
from inference_kpis.fleet.models import Node
from inference_kpis.readings.rollups import roll_up_touched
from tests.factories import NodeFactory, SiteFactory
from tests.inference_kpis.expositions import vllm
from tests.inference_kpis.pulls import at, pull

WATCHING_EVERY = 5


def channel(name: str = "Operations", kind: str = Channel.Kind.APP, **values: Any) -> Channel:
    found = Channel.objects.filter(name=name).first()
    return found or Channel.objects.create(name=name, kind=kind, **values)


def state_rule(**values: Any) -> AlertRule:
    """Every node that is down for thirty seconds, unless said otherwise."""
    given = {
        "name": "Node down",
        "kind": AlertRule.Kind.STATE,
        "per": AlertRule.Per.NODE,
        "bad_state": AlertRule.BadState.DOWN,
        "raise_after_seconds": 30,
        "clear_after_seconds": 0,
        **values,
    }
    return AlertRule.objects.create(**{"channel": channel(), **given} if "channel" not in given else given)


def kpi_rule(**values: Any) -> AlertRule:
    """p95 above 500 ms for thirty seconds over one minute, unless said otherwise."""
    given = {
        "name": "Slow",
        "kind": AlertRule.Kind.KPI,
        "kpi": "e2e_latency_p95",
        "side": AlertRule.Side.ABOVE,
        "threshold": 500.0,
        "clear_threshold": 450.0,
        "window_seconds": 60,
        "raise_after_seconds": 30,
        "clear_after_seconds": 0,
        **values,
    }
    return AlertRule.objects.create(**{"channel": channel(), **given} if "channel" not in given else given)


def nodes_up(count: int = 1, since: float = 0, **values: Any) -> list[Node]:
    """Nodes of one site that are up."""
    site = values.pop("site", None) or SiteFactory()
    return [NodeFactory(site=site, state=Node.State.UP, state_since=at(since), **values) for _ in range(count)]


def enter(node: Node, state: str, seconds: float) -> None:
    """The node takes a state at a moment."""
    node.enter(state, at(seconds))
    node.save()


def watch(until: float, *, start: float = 0, every: float = WATCHING_EVERY) -> None:
    """Evaluate every few seconds from `start` up to and with `until`."""
    seconds = start
    while seconds <= until:
        evaluate_rules(at(seconds))
        seconds += every


def history() -> list[tuple[float, str]]:
    """What happened, with its second."""
    return [((event.at - at(0)).total_seconds(), event.kind) for event in AlertEvent.objects.order_by("at", "pk")]


def told() -> list[list[str]]:
    """The messages there are, in order, each as what it tells."""
    notifications = Notification.objects.exclude(kind=Notification.Kind.TEST).order_by("pk")
    return [list(each.events.order_by("at", "pk").values_list("kind", flat=True)) for each in notifications]


def measured(node: Node, requests: Sequence[int], *, every: float = 15, start: float = 0, **values: Any) -> None:
    """Pull the node so that its request counter shows these numbers, and roll up."""
    for step, count in enumerate(requests):
        pull({node: vllm(count, **values)}, start + every * step)
    roll_up_touched(at(0))


def changed(rule: AlertRule, values: Mapping[str, Any]) -> AlertRule:
    AlertRule.objects.filter(pk=rule.pk).update(**values)
    rule.refresh_from_db()
    return rule


def within(seconds: float) -> tuple[datetime, datetime]:
    """From now, for so long."""
    return at(seconds), at(seconds) + timedelta(hours=1)
