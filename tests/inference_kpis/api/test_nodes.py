"""`GET /api/v1/nodes`, `/nodes/latest`, `/nodes/<uuid>` and `/sites`: the fleet page, for machines."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from inference_kpis.catalogue import DEFAULT_KPIS
from inference_kpis.fleet.health import count_health
from inference_kpis.fleet.models import Node, Site
from tests.factories import NodeFactory, SiteFactory, UserFactory
from tests.inference_kpis.api.asking import NOW, Ask, minute, reader, small_fleet, store_minutes

pytestmark = pytest.mark.django_db


@pytest.fixture
def ask(client: Client) -> Ask:
    return reader(client)


@pytest.fixture
def fleet() -> dict[str, Node]:
    return small_fleet()


def names(answer: Any) -> list[str]:
    return [node["name"] for node in answer.json()["nodes"]]


def pages(ask: Ask, address: str, **parameters: Any) -> list[Any]:
    """All pages, followed by their `next`."""
    found = [ask(address, **parameters).json()]
    while found[-1]["next"]:
        found.append(ask(found[-1]["next"]).json())
    return found


def test_it_works(ask: Ask, fleet: dict[str, Node]) -> None:
    Node.objects.filter(name="lyon-2").update(state="down", severity=0, problem="timed_out")
    answer = ask("nodes").json()
    assert answer["next"] is None
    first, second, _ = answer["nodes"]
    assert (first["uuid"], first["name"], first["site"], first["tier"], first["engine"], first["state"]) == (
        *(str(fleet["lyon-1"].uuid), "lyon-1", "lyon", "edge", "vllm"),
        "waiting",
    )
    assert first["last_reading_at"] == f"{NOW:%Y-%m-%dT%H:%M:%SZ}"
    assert (second["state"], second["problem"]) == ("down", "timed_out")
    assert second["problem_message"]


def test_a_node_that_was_never_heard_has_no_last_reading(ask: Ask) -> None:
    NodeFactory()
    assert ask("nodes").json()["nodes"][0]["last_reading_at"] is None


def test_a_node_out_of_service_is_not_listed(ask: Ask, fleet: dict[str, Node]) -> None:
    Node.objects.filter(name="lyon-1").update(retired_at=NOW)
    assert names(ask("nodes")) == ["lyon-2", "paris-1"]
    assert ask(f"nodes/{fleet['lyon-1'].uuid}").status_code == 404


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"site": "lyon"}, ["lyon-1", "lyon-2"]),
        ({"engine": "vllm"}, ["lyon-1", "paris-1"]),
        ({"state": "down"}, ["paris-1"]),
        ({"q": "ON-2"}, ["lyon-2"]),
        ({"site": "lyon", "engine": "vllm"}, ["lyon-1"]),
        ({"q": "%"}, []),
        ({"site": "", "q": ""}, ["lyon-1", "lyon-2", "paris-1"]),
    ],
)
def test_filters_are_those_of_the_fleet_page(
    ask: Ask, fleet: dict[str, Node], client: Client, filters: dict[str, str], found: list[str]
) -> None:
    Node.objects.filter(name="paris-1").update(state="down", severity=0)
    count_health(NOW)
    assert names(ask("nodes", **filters)) == found
    client.force_login(UserFactory())
    page = client.get(reverse("kpis:fleet"), filters)
    assert sorted(row.node.name for row in page.context["rows"]) == found


@pytest.mark.parametrize("address", ["nodes", "nodes/latest"])
def test_pages_hold_every_node_once_whatever_comes_and_goes(ask: Ask, address: str) -> None:
    site = SiteFactory()
    for number in range(7):
        NodeFactory(name=f"n{number}", site=site)
    parameters = {"limit": 3, **({"kpi": "request_rate"} if address != "nodes" else {})}
    first = ask(address, **parameters).json()
    NodeFactory(name="a-new-one", site=site)
    Node.objects.filter(name="n2").update(retired_at=NOW, name="n2 (gone)")
    Node.objects.filter(name="n6").update(severity=0, state="down")
    rest = pages(ask, first["next"])
    found = [[node["name"] for node in page["nodes"]] for page in (first, *rest)]
    assert found == [["n0", "n1", "n2"], ["n3", "n4", "n5"], ["n6", "a-new-one"]]


def test_the_next_page_keeps_the_question(ask: Ask, fleet: dict[str, Node]) -> None:
    found = pages(ask, "nodes", limit=1, site="lyon")
    assert [page["nodes"][0]["name"] for page in found] == ["lyon-1", "lyon-2"]


def test_one_node_has_all_default_kpis(ask: Ask, fleet: dict[str, Node]) -> None:
    answer = ask(f"nodes/{fleet['lyon-1'].uuid}").json()
    assert [kpi["key"] for kpi in answer["kpis"]] == [kpi.key for kpi in DEFAULT_KPIS]
    kpis = {kpi["key"]: kpi for kpi in answer["kpis"]}
    assert kpis["request_rate"]["value"] == pytest.approx((1 + 2 + 3 + 4) / 4 + 0.5)
    assert kpis["success_ratio"]["value"] == pytest.approx(90)
    assert kpis["time_to_first_token_p95"]["reason"] == "no_data"
    assert answer["node"]["name"] == "lyon-1"
    triton = ask(f"nodes/{fleet['lyon-2'].uuid}").json()["kpis"]
    assert {kpi["key"]: kpi["reason"] for kpi in triton}["inter_token_latency_p95"] == "not_exposed"


def test_latest_values_are_those_of_the_fleet_page(ask: Ask, fleet: dict[str, Node], client: Client) -> None:
    answer = ask("nodes/latest", kpi=["e2e_latency_p95", "request_rate"]).json()
    count_health(NOW)
    client.force_login(UserFactory())
    rows = {row.node.name: row for row in client.get(reverse("kpis:fleet")).context["rows"]}
    for node in answer["nodes"]:
        shown = {kpi.key: quantity.value for kpi, quantity in rows[node["name"]].quantities}
        assert [kpi["key"] for kpi in node["kpis"]] == ["e2e_latency_p95", "request_rate"]
        assert all(kpi["value"] == shown[kpi["key"]] for kpi in node["kpis"])
    detail = ask(f"nodes/{fleet['lyon-1'].uuid}").json()
    assert answer["nodes"][0]["kpis"][1] == next(kpi for kpi in detail["kpis"] if kpi["key"] == "request_rate")


def test_a_thousand_nodes_fit_into_one_answer(ask: Ask) -> None:
    site = SiteFactory()
    Node.objects.bulk_create(
        Node(name=f"n{number}", site=site, engine="vllm", url="http://10.0.0.1/metrics") for number in range(1001)
    )
    answer = ask("nodes/latest", kpi="request_rate").json()
    assert len(answer["nodes"]) == 1000
    assert len(ask(answer["next"]).json()["nodes"]) == 1


@pytest.mark.parametrize(
    "address", ["nodes", "nodes/latest?kpi=request_rate&kpi=e2e_latency_p95", "sites", "nodes/{uuid}"]
)
def test_twenty_cost_as_many_queries_as_one(ask: Ask, address: str) -> None:
    def queries(count: int) -> int:
        nodes = [NodeFactory(site=SiteFactory()) for _ in range(count)]
        store_minutes(*(minute(node, 1, 60) for node in nodes))
        count_health(NOW)
        with CaptureQueriesContext(connection) as captured:
            assert ask(address.format(uuid=nodes[0].uuid)).status_code == 200
        return len(captured)

    ask("kpis")
    assert queries(1) == queries(20)


# --- Sites -----------------------------------------------------------------------------------------------------------


def test_sites_come_with_their_nodes_counted(ask: Ask, fleet: dict[str, Node]) -> None:
    Node.objects.filter(name="paris-1").update(state="up")
    count_health(NOW + timedelta(seconds=1))
    SiteFactory(key="new", name="New")
    sites = ask("sites").json()["sites"]
    assert [(site["key"], site["tier"]) for site in sites] == [
        ("lyon", "edge"),
        ("new", "edge"),
        ("paris", "central"),
    ]
    assert sites[0]["nodes"] == {"up": 0, "down": 0, "silent": 0, "waiting": 2, "paused": 0}
    assert sites[1]["nodes"] is None
    assert sites[2]["nodes"]["up"] == 1


def test_sites_are_paged_by_their_keys(ask: Ask) -> None:
    for key in ("c", "a", "b"):
        SiteFactory(key=key)
    found = pages(ask, "sites", limit=2)
    assert [[site["key"] for site in page["sites"]] for page in found] == [["a", "b"], ["c"]]
    assert Site.objects.count() == 3


# --- Refusals --------------------------------------------------------------------------------------------------------

WRONG: list[tuple[str, dict[str, str], str]] = [
    ("nodes", {"site": "nowhere"}, "site"),
    ("nodes", {"state": "tired"}, "state"),
    ("nodes", {"engine": "steam"}, "engine"),
    ("nodes", {"q": "x" * 101}, "q"),
    ("nodes", {"q": "a\x00"}, "q"),
    ("nodes", {"limit": "0"}, "limit"),
    ("nodes", {"limit": "501"}, "limit"),
    ("nodes", {"limit": "many"}, "limit"),
    ("nodes", {"limit": "9" * 5000}, "limit"),
    ("nodes", {"cursor": "2"}, "cursor"),
    ("nodes", {"cursor": "00000000-0000-0000-0000-000000000000"}, "cursor"),
    ("nodes", {"page": "2"}, "page"),
    ("nodes/latest", {}, "kpi"),
    ("nodes/latest", {"kpi": "happiness"}, "kpi"),
    ("nodes/latest", {"kpi": ""}, "kpi"),
    ("nodes/latest", {"kpi": "request_rate", "limit": "1001"}, "limit"),
    ("nodes/latest", {"kpi": "request_rate", "window": "1h"}, "window"),
    ("sites", {"limit": "1001"}, "limit"),
    ("sites", {"cursor": "a b"}, "cursor"),
    ("sites", {"q": "x"}, "q"),
]


@pytest.mark.parametrize(("address", "parameters", "name"), WRONG)
def test_a_wrong_parameter_is_refused_by_its_name(
    ask: Ask, address: str, parameters: dict[str, str], name: str
) -> None:
    answer = ask(address, **parameters)
    assert (answer.status_code, answer.json()["code"], list(answer.json()["fields"])) == (400, "invalid", [name])


def test_a_node_takes_no_parameters_and_has_to_be_there(ask: Ask, fleet: dict[str, Node]) -> None:
    assert list(ask(f"nodes/{fleet['lyon-1'].uuid}", kpi="x").json()["fields"]) == ["kpi"]
    answer = ask("nodes/00000000-0000-0000-0000-000000000000")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert ask("nodes/seventeen").json()["code"] == "not_found"
