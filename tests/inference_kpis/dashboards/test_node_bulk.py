"""Acts on several chosen nodes, and taking them back."""

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEvent
from inference_kpis.dashboards.node_bulk import MOST_AT_ONCE
from inference_kpis.fleet.models import Node, SiteHealth
from inference_kpis.pull.models import PullState
from tests.factories import NodeFactory, SiteFactory
from tests.inference_kpis.dashboards.asking import text_of
from tests.inference_kpis.pulls import at

pytestmark = pytest.mark.django_db
URL = "/en/fleet/nodes/bulk/"
UNDO = "/en/fleet/nodes/undo/"
State = Node.State


def bulk(browser: Client, act: str, *nodes: Node, **values: Any) -> Any:
    return browser.post(URL, {"act": act, "node": [node.uuid for node in nodes], **values}, follow=True)


def undo(browser: Client, **values: Any) -> Any:
    return browser.post(UNDO, {"token": browser.session["undo"]["token"], **values}, follow=True)


def states() -> dict[str, str]:
    return dict(Node.objects.in_service().values_list("name", "state"))


@pytest.fixture
def nodes() -> list[Node]:
    site = SiteFactory(name="Lyon")
    return [NodeFactory(name=name, site=site, state=State.UP, severity=3) for name in ("a", "b", "c")]


def test_it_works(operator: Client, nodes: list[Node]) -> None:
    assert (reverse("kpis:node_bulk"), reverse("kpis:node_undo")) == (URL, UNDO)
    page = bulk(operator, "pause", *nodes[:2])
    assert "2 nodes are paused. Undo" in text_of(page)
    assert states() == {"a": "paused", "b": "paused", "c": "up"}
    assert SiteHealth.objects.get().paused == 2
    assert list(AuditEvent.objects.values_list("verb", "subject").order_by("pk")) == [
        ("node.pause", "a"),
        ("node.pause", "b"),
    ]


def test_a_pause_is_taken_back(operator: Client, nodes: list[Node]) -> None:
    bulk(operator, "pause", nodes[0])
    bulk(operator, "pause", *nodes)
    assert "Taken back." in text_of(undo(operator))
    # The first was paused before the act that was taken back, and stays so.
    assert states() == {"a": "paused", "b": "waiting", "c": "waiting"}


def test_going_on_is_taken_back(operator: Client, nodes: list[Node]) -> None:
    bulk(operator, "pause", *nodes)
    assert "3 nodes go on." in text_of(bulk(operator, "resume", *nodes))
    undo(operator)
    assert set(states().values()) == {"paused"}


def test_retiring_is_taken_back(operator: Client, nodes: list[Node]) -> None:
    page = bulk(operator, "retire", *nodes[:2])
    assert "2 nodes are out of service; their readings are kept." in text_of(page)
    assert states() == {"c": "up"}
    undo(operator)
    assert states() == {"a": "waiting", "b": "waiting", "c": "up"}
    assert PullState.objects.count() == 2
    assert SiteHealth.objects.get().waiting == 2


def test_a_name_that_was_taken_meanwhile_stays_taken(operator: Client, nodes: list[Node]) -> None:
    bulk(operator, "retire", *nodes[:2])
    NodeFactory(name="a", site=nodes[0].site)
    assert "a stays out of service: its name is taken by now." in text_of(undo(operator))
    assert states() == {"a": "waiting", "b": "waiting", "c": "up"}


def test_nothing_is_taken_back_twice_nor_by_somebody_else(operator: Client, browser: Client, nodes: list[Node]) -> None:
    bulk(operator, "pause", *nodes)
    token = operator.session["undo"]["token"]
    assert operator.post(UNDO, {"token": token}).status_code == 302
    bulk(operator, "pause", *nodes)
    page = operator.post(UNDO, {"token": token}, follow=True)
    assert "This can no longer be taken back here. Nothing was changed." in text_of(page)
    assert set(states().values()) == {"paused"}
    assert browser.post(UNDO, {"token": token}).status_code == 403


def test_all_of_the_page(operator: Client, nodes: list[Node]) -> None:
    operator.post(URL, {"act": "pause", "all": "1", "shown": [node.uuid for node in nodes]})
    assert set(states().values()) == {"paused"}


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"act": "explode"}, "Choose what to do with the nodes."),
        ({"node": []}, "Choose at least one node."),
        ({"node": ["no-uuid"]}, "Choose at least one node."),
        ({"node": [uuid4() for _ in range(MOST_AT_ONCE + 1)]}, "Choose at most 200 nodes at once."),
        ({"act": "resume"}, "The chosen nodes are so already, or are out of service."),
        ({"node": [uuid4()]}, "The chosen nodes are so already, or are out of service."),
    ],
    ids=["act", "none", "no uuid", "too many", "already so", "unknown"],
)
def test_what_cannot_be_done_is_said(
    operator: Client, nodes: list[Node], values: dict[str, Any], sentence: str
) -> None:
    page = operator.post(URL, {"act": "pause", "node": [nodes[0].uuid], **values}, follow=True)
    assert f"{sentence} Nothing was changed." in text_of(page)
    assert set(states().values()) == {"up"}
    assert "undo" not in operator.session


@pytest.mark.parametrize(
    ("asked", "there"),
    [
        ("/en/fleet/?site=lyon&page=2", "/en/fleet/?site=lyon&page=2"),
        ("//evil.example/", "/en/fleet/"),
        ("https://evil.example/", "/en/fleet/"),
        ("javascript:alert(1)", "/en/fleet/"),
    ],
)
def test_the_way_back_is_on_this_site(operator: Client, nodes: list[Node], asked: str, there: str) -> None:
    answer = operator.post(URL, {"act": "pause", "node": [nodes[0].uuid], "next": asked})
    assert answer["Location"] == there


def test_who_only_reads_is_refused_and_offered_nothing(browser: Client, nodes: list[Node]) -> None:
    assert browser.post(URL, {"act": "pause", "node": [nodes[0].uuid]}).status_code == 403
    assert set(states().values()) == {"up"}
    assert URL not in browser.get("/en/fleet/").content.decode()


def test_a_retired_node_is_passed_over(operator: Client, nodes: list[Node]) -> None:
    gone = NodeFactory(name="gone", retired_at=at(0))
    bulk(operator, "retire", gone)
    gone.refresh_from_db()
    assert gone.name == "gone"
