"""Mappings over the API: read, written as a page exports them, and given to nodes."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import AuditEvent, MachineKey
from inference_kpis.engines.generic import GENERIC
from inference_kpis.fleet.models import Node
from inference_kpis.mappings.models import NodeMapping, SeriesMapping
from tests.factories import NodeFactory, SiteFactory, machine_key
from tests.inference_kpis.mappings.makers import a_mapping, mapped_node

pytestmark = pytest.mark.django_db
BODY = {
    "name": "Acme",
    "rows": [{"measure": "requests", "series": "acme_requests_total", "kind": "counter", "unit": "count"}],
}
Call = Any


@pytest.fixture
def node() -> Node:
    found: Node = NodeFactory(site=SiteFactory(key="lyon"), engine=GENERIC.key)
    return found


@pytest.fixture
def call(client: Client, node: Node) -> Call:
    """Ask with a key that reads and writes on the site of `node`."""
    scopes = [MachineKey.Scope.WRITE_FLEET, MachineKey.Scope.READ_KPIS]
    _, text = machine_key(node.site, scopes=scopes)

    def send(method: str, address: str = "", body: object = None) -> Any:
        headers = {"Authorization": f"Bearer {text}"}
        return getattr(client, method)(
            f"/api/v1/mappings{address}", body, content_type="application/json", headers=headers
        )

    return send


def test_it_works(call: Call) -> None:
    made = call("post", body=BODY)
    assert made.status_code == 201
    address = f"/{made.json()['id']}"
    assert (made.json()["version"], made.json()["nodes"], made.json()["model_labels"]) == (1, 0, [])
    read = call("get", address).json()
    assert read == made.json()
    changed = call("put", address, {**BODY, "note": "New", "version": 1})
    assert (changed.json()["version"], changed.json()["note"]) == (2, "New")
    assert [each["name"] for each in call("get").json()["mappings"]] == ["Acme"]
    assert AuditEvent.objects.get(verb="mapping.change").details["via"].startswith("key: ")
    assert call("delete", address).status_code == 204
    assert not SeriesMapping.objects.exists()


def test_what_is_read_can_be_sent_back(call: Call) -> None:
    mapping = a_mapping()
    read = call("get", f"/{mapping.pk}").json()
    body = {name: read[name] for name in ("name", "note", "version", "rows", "model_labels")}
    again = call("put", f"/{mapping.pk}", body).json()
    assert again == {**read, "version": 2}


def test_a_node_is_given_a_mapping_and_back(call: Call, node: Node) -> None:
    mapping = a_mapping()
    address = f"/{mapping.pk}/nodes/{node.uuid}"
    assert call("put", address).status_code == 204
    assert NodeMapping.objects.get(node=node).mapping == mapping
    assert call("get", f"/{mapping.pk}").json()["nodes"] == 1
    assert call("delete", address).status_code == 204
    assert call("delete", address).status_code == 404


def test_a_stale_version_is_refused(call: Call) -> None:
    mapping = a_mapping()
    answer = call("put", f"/{mapping.pk}", {**BODY, "name": mapping.name, "version": 0})
    assert (answer.status_code, answer.json()["code"]) == (409, "changed_meanwhile")
    mapping.refresh_from_db()
    assert mapping.version == 1


def test_a_mapping_in_use_is_not_removed(call: Call, node: Node) -> None:
    mapping = a_mapping()
    NodeMapping.objects.create(node=node, mapping=mapping)
    answer = call("delete", f"/{mapping.pk}")
    assert (answer.status_code, answer.json()["code"]) == (409, "mapping_in_use")


def test_a_node_of_another_engine_is_refused(call: Call, node: Node) -> None:
    Node.objects.filter(pk=node.pk).update(engine="vllm")
    answer = call("put", f"/{a_mapping().pk}/nodes/{node.uuid}")
    assert (answer.status_code, answer.json()["code"]) == (409, "not_generic")


def test_a_node_on_another_site_might_as_well_not_exist(call: Call) -> None:
    elsewhere = NodeFactory(engine=GENERIC.key)
    assert call("put", f"/{a_mapping().pk}/nodes/{elsewhere.uuid}").status_code == 404


def test_a_mapping_that_reads_other_sites_is_not_changed(call: Call) -> None:
    mapping = a_mapping()
    mapped_node(mapping)
    answer = call("put", f"/{mapping.pk}", {**BODY, "version": 1})
    assert (answer.status_code, answer.json()["code"]) == (403, "not_on_sites_of_key")
    mapping.refresh_from_db()
    assert mapping.version == 1


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"rows": []}, "Map at least one series."),
        ({"rows": [{"measure": "requests", "series": "a b", "kind": "counter", "unit": "count"}]}, "Row 1: "),
        ({"rows": 3}, ""),
        ({"name": ""}, "Give the mapping a name"),
        ({"unknown": 1}, "This is no exported mapping."),
        ({"version": "1"}, ""),
    ],
)
def test_what_is_wrong_is_said_and_nothing_saved(call: Call, changes: dict[str, Any], says: str) -> None:
    mapping = a_mapping()
    answer = call("put", f"/{mapping.pk}", {**BODY, "version": 1, **changes})
    assert answer.status_code == 400
    assert says in answer.content.decode()
    mapping.refresh_from_db()
    assert mapping.version == 1


def test_a_taken_name_is_said(call: Call) -> None:
    a_mapping("Acme")
    assert "Another mapping has this name." in call("post", body=BODY).content.decode()


@pytest.mark.parametrize("body", [[], "text", None])
def test_a_body_that_is_no_mapping(call: Call, body: object) -> None:
    assert call("post", body=body).status_code == 400


def test_a_key_that_only_reads_writes_nothing(client: Client) -> None:
    _, text = machine_key(scopes=[MachineKey.Scope.READ_KPIS])
    headers = {"Authorization": f"Bearer {text}"}
    answer = client.post("/api/v1/mappings", BODY, content_type="application/json", headers=headers)
    assert answer.status_code == 403
    assert not SeriesMapping.objects.exists()
