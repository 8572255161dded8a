"""Registering and changing nodes with a machine key: only on its sites, by the rules of the form."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import AuditEvent, MachineKey
from inference_kpis.fleet.models import Node, Site
from inference_kpis.pull.models import PullState
from tests.factories import NodeFactory, SiteFactory, UserFactory, machine_key, signed_in

pytestmark = pytest.mark.django_db
URL = "/api/v1/nodes"
BODY = {"name": "lyon-03", "site": "lyon", "url": "http://10.0.0.1:8000/metrics"}


@pytest.fixture
def site() -> Site:
    return SiteFactory(key="lyon")


@pytest.fixture
def key(site: Site) -> str:
    return machine_key(site, scopes=[MachineKey.Scope.WRITE_FLEET])[1]


def ask(key: str, method: str, body: object = None, node: Node | None = None) -> Any:
    url = f"{URL}/{node.uuid}" if node else URL
    return getattr(Client(), method)(
        url, body, content_type="application/json", headers={"Authorization": f"Bearer {key}"}
    )


def test_it_works(site: Site, key: str) -> None:
    answer = ask(key, "post", {**BODY, "credential_kind": "bearer", "credential": "s3cret", "price_per_hour": 2.5})
    node = Node.objects.get()
    assert answer.status_code == 201
    assert answer.json() == {
        **BODY,
        "uuid": str(node.uuid),
        "engine": "",
        "source": "pull",
        "credential_kind": "bearer",
        "pull_interval_seconds": 15,
        "pull_timeout_seconds": 10,
        "price_per_hour": "2.5000",
        "power_watts": None,
        "state": "waiting",
    }
    assert node.credential() == "s3cret"
    assert PullState.objects.get().node == node
    event = AuditEvent.objects.get()
    assert (event.verb, event.actor) == ("node.register", None)
    assert event.details["via"].startswith("key: test (vig_")


def test_a_change_changes_what_it_names(site: Site, key: str) -> None:
    node = NodeFactory(site=site, credential_kind="bearer")
    node.set_credential("s3cret")
    node.save()
    answer = ask(key, "patch", {"power_watts": "300", "pull_interval_seconds": 20}, node)
    assert answer.status_code == 200
    changed = Node.objects.get()
    assert (changed.power_watts, changed.pull_interval_seconds, changed.name) == (300, 20, node.name)
    assert changed.credential() == "s3cret"


def test_the_same_change_twice_is_one(site: Site, key: str) -> None:
    node = NodeFactory(site=site)
    for _ in range(2):
        assert ask(key, "patch", {"power_watts": 300}, node).status_code == 200
    assert AuditEvent.objects.count() == 1


def test_a_node_is_taken_out_of_service_once(site: Site, key: str) -> None:
    node = NodeFactory(site=site)
    assert ask(key, "delete", node=node).status_code == 204
    assert ask(key, "delete", node=node).status_code == 404
    assert Node.objects.get().retired_at is not None


def test_another_site_might_as_well_not_exist(key: str) -> None:
    node = NodeFactory(site__key="paris")
    assert ask(key, "patch", {"name": "x"}, node).status_code == 404
    assert ask(key, "delete", node=node).status_code == 404
    answer = ask(key, "post", {**BODY, "site": "paris"})
    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["site"])
    assert Node.objects.get().retired_at is None


def test_a_node_cannot_be_moved_to_another_site(site: Site, key: str) -> None:
    SiteFactory(key="paris")
    node = NodeFactory(site=site)
    assert ask(key, "patch", {"site": "paris"}, node).status_code == 400
    node.refresh_from_db()
    assert node.site == site


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": None}, "name"),
        ({"name": ["x"]}, "name"),
        ({"name": "a\0b"}, "name"),
        ({"site": ""}, "site"),
        ({"site": 1}, "site"),
        ({"url": ""}, "url"),
        ({"url": "http://u:p@a.example/"}, "url"),
        ({"engine": "steam"}, "engine"),
        ({"pull_interval_seconds": 0}, "pull_interval_seconds"),
        ({"pull_interval_seconds": True}, "pull_interval_seconds"),
        ({"pull_interval_seconds": 5}, "pull_timeout_seconds"),
        ({"price_per_hour": -1}, "price_per_hour"),
        ({"credential_kind": "bearer"}, "credential"),
        ({"state": "up"}, "state"),
    ],
)
def test_a_wrong_value_is_refused_by_name(key: str, values: dict[str, object], field: str) -> None:
    answer = ask(key, "post", {**BODY, **values})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert list(answer.json()["fields"]) == [field]
    assert Node.objects.count() == 0


def test_a_name_that_is_taken_is_refused(site: Site, key: str) -> None:
    NodeFactory(name="lyon-03")
    assert list(ask(key, "post", BODY).json()["fields"]) == ["name"]


def test_credentials_do_not_follow_to_another_server(site: Site, key: str) -> None:
    node = NodeFactory(site=site, credential_kind="bearer", url="http://10.0.0.1:8000/metrics")
    node.set_credential("s3cret")
    node.save()
    elsewhere = {"url": "http://10.6.6.6:8000/metrics"}
    assert list(ask(key, "patch", elsewhere, node).json()["fields"]) == ["credential"]
    assert ask(key, "patch", {"url": "http://10.0.0.1:8000/m"}, node).status_code == 200
    assert ask(key, "patch", {**elsewhere, "credential": "other"}, node).status_code == 200
    assert Node.objects.get().credential() == "other"


@pytest.mark.parametrize("body", ["[]", '"x"', "null", "{", ""])
def test_what_is_no_object_is_refused(key: str, body: str) -> None:
    assert ask(key, "post", body).status_code == 400


@pytest.mark.parametrize("scope", [MachineKey.Scope.WRITE_READINGS, MachineKey.Scope.READ_KPIS])
def test_another_scope_is_refused(site: Site, scope: str) -> None:
    _, text = machine_key(site, scopes=[scope])
    node = NodeFactory(site=site)
    assert ask(text, "post", BODY).status_code == 403
    assert ask(text, "patch", {"name": "x"}, node).status_code == 403
    assert ask(text, "delete", node=node).status_code == 403


def test_nobody_and_people_are_refused() -> None:
    assert Client().post(URL, BODY, content_type="application/json").status_code == 401
    person = signed_in(UserFactory(role="operator"))
    assert person.post(URL, BODY, content_type="application/json").status_code == 403
