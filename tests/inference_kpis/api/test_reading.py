"""What all endpoints that read have in common: who may, one shape of errors, caches, and what the schema says."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import OpenApiExample
from time_machine import TimeMachineFixture

from accounts.models import MachineKey
from inference_kpis.api import examples
from inference_kpis.fleet.health import count_health
from inference_kpis.fleet.models import Node, Site
from tests.factories import SiteFactory, UserFactory, machine_key
from tests.inference_kpis.api.asking import NOW, Ask, reader, small_fleet, store_minute

pytestmark = pytest.mark.django_db

ADDRESSES = [
    "kpis",
    "kpis/request_rate?window=15m",
    "nodes",
    "nodes/latest?kpi=request_rate",
    "nodes/{uuid}",
    "sites",
    "openmetrics",
]


@pytest.fixture
def ask(client: Client) -> Ask:
    return reader(client)


@pytest.fixture
def fleet() -> dict[str, Node]:
    return small_fleet()


@pytest.fixture(params=ADDRESSES)
def address(request: pytest.FixtureRequest, fleet: dict[str, Node]) -> str:
    return str(request.param).format(uuid=fleet["lyon-1"].uuid)


def test_people_and_machines_read_the_same(ask: Ask, address: str) -> None:
    person = Client()
    person.force_login(UserFactory())
    answers = [ask(address), person.get(f"/api/v1/{address}")]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].content == answers[1].content


def test_a_key_with_sites_reads_the_whole_fleet(client: Client, fleet: dict[str, Node]) -> None:
    _, text = machine_key(SiteFactory(), scopes=[MachineKey.Scope.READ_KPIS])
    answer = client.get("/api/v1/nodes", headers={"Authorization": f"Bearer {text}"})
    assert len(answer.json()["nodes"]) == 3


def test_without_a_sign_in_or_a_usable_key_nothing_is_read(client: Client, address: str) -> None:
    key, revoked = machine_key(scopes=[MachineKey.Scope.READ_KPIS])
    MachineKey.objects.filter(pk=key.pk).update(revoked_at=key.created_at)
    _, writer = machine_key()
    for text, status in (("", 401), ("vig_nope_nope", 401), (revoked, 401), (writer, 403)):
        answer = client.get(f"/api/v1/{address}", headers={"Authorization": f"Bearer {text}"} if text else {})
        assert (answer.status_code, answer.json().keys()) == (status, {"code", "message", "fields"})
        assert b"lyon" not in answer.content


def test_a_bad_key_is_not_rescued_by_a_session(client: Client, address: str) -> None:
    client.force_login(UserFactory())
    assert client.get(f"/api/v1/{address}", headers={"Authorization": "Bearer vig_nope_nope"}).status_code == 401


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_nothing_is_written(address: str, client: Client, method: str) -> None:
    _, text = machine_key(scopes=[MachineKey.Scope.READ_KPIS])
    answer = getattr(client, method)(f"/api/v1/{address}", headers={"Authorization": f"Bearer {text}"})
    # Nodes and KPIs are written with keys of another scope.
    is_written = address.startswith(("nodes", "kpis")) and "latest" not in address
    wanted = (403, "permission_denied") if is_written else (405, "method_not_allowed")
    assert (answer.status_code, answer.json()["code"]) == wanted


# --- Caches ----------------------------------------------------------------------------------------------------------


def test_caches_are_told_what_they_need(ask: Ask, address: str) -> None:
    answer = ask(address)
    assert {"private", "no-cache"} == set(answer["Cache-Control"].split(", "))
    assert {"Authorization", "Cookie", "Accept-Language"} <= set(answer["Vary"].split(", "))


def test_while_nothing_changed_nothing_is_sent_again(ask: Ask, address: str) -> None:
    tag = ask(address)["ETag"]
    again = ask(address, headers={"If-None-Match": tag})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", tag)
    assert "Authorization" in again["Vary"]
    assert "private" in again["Cache-Control"]


@pytest.mark.parametrize("address", ["kpis/request_rate?window=15m", "nodes/latest?kpi=request_rate"])
def test_304_costs_no_readings(ask: Ask, fleet: dict[str, Node], address: str) -> None:
    tag = ask(address)["ETag"]
    with CaptureQueriesContext(connection) as captured:
        ask(address, headers={"If-None-Match": tag})
    assert not [query for query in captured if "rollup_minute" in query["sql"]]


CHANGES: dict[str, Callable[[dict[str, Node]], object]] = {
    "a new reading": lambda fleet: store_minute(fleet["lyon-1"], 12, 600),
    "another minute": lambda fleet: None,
    "a site of another name": lambda fleet: Site.objects.update(name="Elsewhere"),
    "a node of another name": lambda fleet: Node.objects.filter(name="lyon-1").update(name="renamed"),
    "a node of another state": lambda fleet: Node.objects.filter(name="lyon-1").update(state="down"),
}
# What changes the answer of whom.
CONCERNS = {
    "kpis/request_rate?window=15m&split=site": {"a new reading", "another minute", "a site of another name"},
    "kpis/request_rate?window=15m&node={uuid}": {"a new reading", "another minute", "a node of another name"},
    "nodes/latest?kpi=request_rate": {
        *("a new reading", "another minute", "a node of another name", "a node of another state"),
    },
    "nodes": {"a site of another name", "a node of another name", "a node of another state"},
    "nodes/{uuid}": {"another minute", "a site of another name", "a node of another name", "a node of another state"},
    "sites": {"a site of another name"},
}


@pytest.mark.parametrize(
    ("address", "change"), [(address, each) for address in CONCERNS for each in sorted(CONCERNS[address])]
)
def test_what_changed_is_sent(
    ask: Ask, fleet: dict[str, Node], address: str, change: str, time_machine: TimeMachineFixture
) -> None:
    address = address.format(uuid=fleet["lyon-1"].uuid)
    tag = ask(address)["ETag"]
    CHANGES[change](fleet)
    if change == "another minute":
        time_machine.shift(60)
    answer = ask(address, headers={"If-None-Match": tag})
    assert answer.status_code == 200
    assert answer["ETag"] != tag


def test_another_language_is_another_answer(ask: Ask, address: str) -> None:
    """Even where it says the same: it says which language it is in."""
    tag = ask(address, headers={"Accept-Language": "en"})["ETag"]
    french = ask(address, headers={"Accept-Language": "fr", "If-None-Match": tag})
    assert french.status_code == 200


# --- The schema ------------------------------------------------------------------------------------------------------


# Those of the declaring side are tested there.
DECLARING = ("/api/v1/assessments", "/api/v1/bank", "/api/v1/company", "/api/v1/targets", "/api/v1/teams")


@pytest.fixture(scope="module")
def schema() -> Any:
    return SchemaGenerator().get_schema(request=None, public=True)


def test_the_schema_describes_every_endpoint_without_a_doubt(schema: Any) -> None:
    GENERATOR_STATS.reset()
    with GENERATOR_STATS.silence():
        paths = SchemaGenerator().get_schema(request=None, public=True)["paths"]
    read = {path for path, methods in paths.items() if "get" in methods}
    assert {path for path in read if not path.startswith(DECLARING)} == {
        "/api/v1/annotations",
        "/api/v1/mappings",
        "/api/v1/mappings/{id}",
        "/api/v1/http-sd",
        "/api/v1/kpis",
        "/api/v1/kpis/{key}",
        "/api/v1/nodes",
        "/api/v1/nodes/latest",
        "/api/v1/nodes/{uuid}",
        "/api/v1/openmetrics",
        "/api/v1/sites",
    }
    assert not GENERATOR_STATS


def shape(value: Any) -> Any:
    """The keys of an answer at every depth; of a list, those of its first item."""
    if isinstance(value, dict):
        return {key: shape(each) for key, each in value.items()}
    return [shape(value[0])] if isinstance(value, list) and value else None


@pytest.mark.parametrize(
    ("address", "example"),
    [
        ("kpis", examples.CATALOGUE),
        ("kpis/request_rate?split=site&tier=edge", examples.SERIES),
        ("nodes", examples.NODES),
        ("nodes/{uuid}", examples.NODE),
        ("nodes/latest?kpi=request_rate", examples.LATEST),
        ("sites", examples.SITES),
    ],
)
def test_examples_look_like_answers(ask: Ask, fleet: dict[str, Node], address: str, example: OpenApiExample) -> None:
    count_health(NOW)
    answer = ask(address.format(uuid=fleet["lyon-1"].uuid)).json()
    assert shape(answer) == shape(example.value)


def test_quantities_have_the_fields_that_the_schema_names(ask: Ask, fleet: dict[str, Node], schema: Any) -> None:
    (series,) = ask("kpis/request_rate").json()["series"]
    named = schema["components"]["schemas"]
    assert list(series["quantity"]) == list(named["QuantityOut"]["properties"])
    assert set(series["points"][0]) == set(named["PointOut"]["properties"])
    latest = ask("nodes/latest", kpi="request_rate").json()["nodes"][0]["kpis"][0]
    assert set(latest) == set(named["LatestOut"]["properties"])
