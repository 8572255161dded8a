"""Silent nodes are noticed and every site is counted, whatever the size of the fleet."""

from datetime import datetime
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from inference_kpis.fleet.health import count_health, count_sites
from inference_kpis.fleet.models import Node, Site, SiteHealth
from inference_kpis.fleet.tasks import count_health as count_health_task
from inference_kpis.pull.models import PullState
from inference_kpis.readings import store
from tests.factories import NodeFactory, SiteFactory, scheduled
from tests.inference_kpis.pulls import START, at
from tests.inference_kpis.readings.storing import put, reading

pytestmark = pytest.mark.django_db
State = Node.State


def counts(site: Site) -> dict[str, int]:
    """The states that a site was counted to have."""
    health = SiteHealth.objects.get(site=site)
    names = ("up", "down", "silent", "waiting", "paused")
    return {name: getattr(health, name) for name in names if getattr(health, name)}


def heard(at_time: datetime, *, interval: int = 15, state: str = State.UP, **values: Any) -> Node:
    """A node whose last pull was at this moment."""
    node = NodeFactory(pull_interval_seconds=interval, state=state, severity=Node.SEVERITY[state], **values)
    scheduled(node, at_time)
    PullState.objects.filter(node=node).update(pulled_at=at_time)
    return node


def state_after(node: Node, seconds: float) -> str:
    count_health(at(seconds))
    node.refresh_from_db()
    return node.state


def test_it_works() -> None:
    site = SiteFactory()
    for state in (State.UP, State.UP, State.DOWN, State.WAITING, State.PAUSED, State.SILENT):
        NodeFactory(site=site, state=state)
    count_health(at(0))
    assert counts(site) == {"up": 2, "down": 1, "waiting": 1, "paused": 1, "silent": 1}
    assert SiteHealth.objects.get().counted_at == at(0)
    assert SiteHealth.objects.get().total == 6


@pytest.mark.parametrize(
    ("interval", "seconds", "state"),
    [(15, 45, State.UP), (15, 46, State.SILENT), (60, 180, State.UP), (60, 181, State.SILENT)],
)
def test_a_node_is_silent_after_three_of_its_intervals(interval: int, seconds: float, state: str) -> None:
    assert state_after(heard(START, interval=interval), seconds) == state


@pytest.mark.parametrize(("seconds", "state"), [(30, State.UP), (31, State.SILENT)])
def test_a_node_that_is_pulled_often_has_half_a_minute(seconds: float, state: str) -> None:
    assert state_after(heard(START, interval=1), seconds) == state


def test_a_node_that_pushes_is_heard_by_its_readings() -> None:
    node = NodeFactory(source="push", url="", state=State.UP)
    put(node, reading(15), model="a")
    put(node, reading(60), model="b")
    assert state_after(node, 105) == State.UP
    assert state_after(node, 106) == State.SILENT


def test_failed_pulls_are_heard_as_well() -> None:
    """Such a node is down and not silent: somebody asked, and the answer was bad."""
    assert state_after(heard(at(60), state=State.DOWN), 100) == State.DOWN


@pytest.mark.parametrize("state", [State.WAITING, State.PAUSED])
def test_nobody_waits_for_these(state: str) -> None:
    assert state_after(heard(START, state=state), 10_000) == state


def test_a_retired_node_is_neither_silent_nor_counted() -> None:
    node = heard(START, retired_at=at(1))
    assert state_after(node, 10_000) == State.UP
    assert counts(node.site) == {}


def test_falling_silent_is_told_with_its_moment_and_once() -> None:
    node = heard(START, state=State.DOWN, problem="timed_out")
    count_health(at(100))
    node.refresh_from_db()
    assert (node.state, node.severity, node.problem, node.state_since) == (State.SILENT, 1, "", at(100))
    count_health(at(200))
    node.refresh_from_db()
    assert node.state_since == at(100)


def test_live_pages_learn_of_it() -> None:
    """No reading comes from a silent node, so that no roll-up would tell them."""
    heard(START)
    count_health(at(10))
    assert store.version() == 0
    count_health(at(100))
    count_health(at(102))
    assert store.version() == 1


def test_an_empty_site_is_counted() -> None:
    site = SiteFactory()
    count_health(at(0))
    assert counts(site) == {}


def test_some_sites_can_be_counted_at_once() -> None:
    one, other = NodeFactory(), NodeFactory()
    count_health(at(0))
    Node.objects.update(state=State.UP)
    count_sites({one.site_id}, at(5))
    assert (counts(one.site), counts(other.site)) == ({"up": 1}, {"waiting": 1})


def test_a_bigger_fleet_costs_no_more_queries() -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            count_health(at(1000))
        return len(captured)

    heard(START)
    with_one = queries()
    for _ in range(19):
        heard(START)
    assert queries() == with_one


def test_the_background_work_counts() -> None:
    NodeFactory()
    with time_machine.travel(at(7), tick=False):
        count_health_task()
    assert SiteHealth.objects.get().counted_at == at(7)
