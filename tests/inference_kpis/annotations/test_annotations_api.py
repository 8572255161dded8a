"""Annotations over the API: a pipeline posts a release, and posts it again."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import AuditEvent, MachineKey
from inference_kpis.annotations.models import Annotation
from tests.factories import NodeFactory, SiteFactory, machine_key

pytestmark = pytest.mark.django_db
URL = "/api/v1/annotations"
RELEASE = {"title": "llama-3.1 v2", "start": "2026-11-22T10:00:00Z", "link": "https://ci.example/1"}


def post(body: object, scopes: Any = (MachineKey.Scope.WRITE_ANNOTATIONS,)) -> Any:
    _, text = machine_key(scopes=list(scopes))
    return Client().post(URL, body, content_type="application/json", headers={"Authorization": f"Bearer {text}"})


def read(**query: str) -> Any:
    _, text = machine_key(scopes=[MachineKey.Scope.READ_KPIS])
    return Client().get(URL, query, headers={"Authorization": f"Bearer {text}"})


def test_it_works() -> None:
    SiteFactory(key="lyon")
    answer = post({**RELEASE, "site": "lyon"})
    assert answer.status_code == 201
    body = answer.json()
    assert (body["kind"], body["scope"], body["site"], body["end"]) == ("release", "site", "lyon", None)
    assert body["author"].startswith("test (vig_")
    assert read().json()["annotations"] == [body]
    assert AuditEvent.objects.get(verb="annotation.add").details["via"] == body["author"]


def test_the_same_reference_changes_the_same_one() -> None:
    first = post({**RELEASE, "reference": "deploy-7", "kind": "incident"})
    second = post({**RELEASE, "reference": "deploy-7", "kind": "incident", "end": "2026-11-22T10:20:00Z"})
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["id"] == second.json()["id"]
    assert Annotation.objects.get().ends_at is not None


def test_what_a_person_removed_stays_removed() -> None:
    post({**RELEASE, "reference": "deploy-7"})
    Annotation.objects.update(removed_at="2026-11-22T11:00:00Z")
    assert post({**RELEASE, "reference": "deploy-7"}).json()["removed"] is True
    assert read().json() == {"annotations": []}


def test_a_window_holds_what_touches_it() -> None:
    post(RELEASE)
    post({**RELEASE, "title": "Work", "kind": "maintenance", "end": "2026-11-22T12:00:00Z"})
    post({**RELEASE, "title": "Down", "kind": "incident"})
    found = read(start="2026-11-22T11:00:00Z", end="2026-11-22T13:00:00Z").json()["annotations"]
    assert {each["title"] for each in found} == {"Work", "Down"}
    assert read(end="2026-11-22T10:00:00Z").json() == {"annotations": []}
    assert [each["title"] for each in read(kind="incident").json()["annotations"]] == ["Down"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": "x" * 121}, "title"),
        ({"title": "a\0b"}, "title"),
        ({"kind": "party"}, "kind"),
        ({"start": "yesterday"}, "start"),
        ({"end": "2026-11-22T09:00:00Z"}, "end"),
        ({"end": "2028-11-22T09:00:00Z"}, "end"),
        ({"link": "javascript:alert(1)"}, "link"),
        ({"site": "nowhere"}, "site"),
        ({"tier": "edge", "engine": "vllm"}, "tier"),
        ({"colour": "red"}, "colour"),
        ({"text": "x" * 1001}, "text"),
    ],
)
def test_what_is_odd_is_refused_by_name(change: dict[str, str], field: str) -> None:
    answer = post({**RELEASE, **change})
    assert answer.status_code == 400
    assert field in answer.json()["fields"]
    assert not Annotation.objects.exists()


@pytest.mark.parametrize("body", [[], "text", 3])
def test_a_body_is_an_object(body: object) -> None:
    assert post(body).status_code == 400


@pytest.mark.parametrize("scope", [MachineKey.Scope.READ_KPIS, MachineKey.Scope.WRITE_READINGS])
def test_another_scope_writes_nothing(scope: str) -> None:
    assert post(RELEASE, [scope]).status_code == 403
    assert not Annotation.objects.exists()


def test_a_node_is_named_by_its_name() -> None:
    NodeFactory(name="lyon-03")
    assert post({**RELEASE, "node": "lyon-03"}).json()["node"] == "lyon-03"
