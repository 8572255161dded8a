"""Nodes that push unregistered: noted in the inbox, or registered by a key that may."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from accounts.models import AuditEvent, MachineKey
from inference_kpis.fleet.models import Node, Site
from inference_kpis.push import waiting
from inference_kpis.push.models import WaitingNode
from tests.factories import NodeFactory, SiteFactory, machine_key
from tests.inference_kpis.push.test_readings_api import NOW, batch, reading

pytestmark = pytest.mark.django_db
Send = Callable[..., Any]
REGISTERS = [MachineKey.Scope.WRITE_READINGS, MachineKey.Scope.WRITE_FLEET]


@pytest.fixture
def site() -> Site:
    return SiteFactory(key="lyon")


@pytest.fixture
def send(client: Client) -> Send:
    """Push readings of nodes of these names with a key."""

    def post(text: str, *names: str) -> Any:
        return client.post(
            "/api/v1/readings",
            batch(*(reading(node=name) for name in names)),
            content_type="application/json",
            headers={"Authorization": f"Bearer {text}"},
        )

    return post


def test_it_works(site: Site, send: Send) -> None:
    key, text = machine_key(site)
    assert send(text, "lyon-09", "lyon-09").json()["refused"][0]["code"] == "unknown_node"
    found = WaitingNode.objects.unregistered().get()
    assert (found.name, found.key, found.times) == ("lyon-09", key, 1)
    NodeFactory(name="lyon-09", site=site, source="push")
    assert not WaitingNode.objects.unregistered().exists()
    assert send(text, "lyon-09").json()["stored"] == 1


def test_a_flood_is_noted_once_a_minute(site: Site) -> None:
    key, _ = machine_key(site)
    for seconds in (0, 1, 59, 61):
        waiting.note_unknown({"a"}, key, NOW + timedelta(seconds=seconds))
    found = WaitingNode.objects.get()
    assert (found.times, found.last_at) == (2, NOW + timedelta(seconds=61))


def test_a_key_fills_its_own_place_only(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "MOST_PER_KEY", 2)
    key, _ = machine_key(site)
    other, _ = machine_key(site)
    for name in "abc":
        waiting.note_unknown({name}, key, NOW)
    waiting.note_unknown({"c"}, other, NOW)
    assert set(WaitingNode.objects.values_list("key", "name")) == {(key.pk, "a"), (key.pk, "b"), (other.pk, "c")}
    waiting.note_unknown({"a"}, key, NOW + timedelta(minutes=2))
    assert WaitingNode.objects.get(key=key, name="a").times == 2


def test_a_key_that_may_registers_what_it_pushes_for(site: Site, send: Send) -> None:
    _, text = machine_key(site, scopes=REGISTERS)
    assert send(text, "lyon-09").json() == {"stored": 1, "repeated": 0, "refused": []}
    node = Node.objects.get()
    assert (node.name, node.site, node.source, node.state) == ("lyon-09", site, "push", "up")
    assert AuditEvent.objects.get(verb="node.register").details["via"].startswith("key: ")
    assert not WaitingNode.objects.exists()


def test_with_two_sites_it_is_an_operator_who_decides(site: Site, send: Send) -> None:
    _, text = machine_key(site, SiteFactory(), scopes=REGISTERS)
    assert send(text, "lyon-09").json()["refused"][0]["code"] == "unknown_node"
    assert WaitingNode.objects.get().name == "lyon-09"


def test_a_name_that_is_taken_elsewhere_stays_unknown(site: Site, send: Send) -> None:
    _, text = machine_key(site, scopes=REGISTERS)
    NodeFactory(name="paris-01", source="push")
    answer = send(text, "paris-01", "lyon-09").json()
    assert (answer["stored"], [each["code"] for each in answer["refused"]]) == (1, ["unknown_node"])
    assert WaitingNode.objects.get().name == "paris-01"


def test_a_name_that_no_node_can_have_is_not_noted(site: Site, send: Send) -> None:
    _, text = machine_key(site)
    send(text, "x" * 121)
    assert not WaitingNode.objects.exists()


def test_what_is_silent_for_long_is_forgotten(site: Site) -> None:
    key, _ = machine_key(site)
    waiting.note_unknown({"old"}, key, NOW - timedelta(days=31))
    waiting.note_unknown({"new"}, key, NOW)
    waiting.forget_waiting(NOW)
    assert [each.name for each in WaitingNode.objects.all()] == ["new"]
