"""The fleet as a target list for Prometheus, and for Vigie itself."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import MachineKey
from inference_kpis.fleet.models import Node, Site
from tests.factories import NodeFactory, SiteFactory, machine_key
from tests.inference_kpis.discovery.registry import Registry, refresh, source_of
from tests.pages import queries

pytestmark = pytest.mark.django_db
URL = "/api/v1/http-sd"


def ask(scope: str = MachineKey.Scope.READ_KPIS) -> Any:
    _, text = machine_key(scopes=[scope])
    return Client().get(URL, headers={"Authorization": f"Bearer {text}"})


def test_it_works() -> None:
    node = NodeFactory(
        name="lyon-03", site=SiteFactory(key="lyon", tier="region"), url="https://10.0.0.1:8443/m?format=prometheus"
    )
    answer = ask()
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")
    assert answer.json() == [
        {
            "targets": ["10.0.0.1:8443"],
            "labels": {
                "__scheme__": "https",
                "__metrics_path__": "/m",
                "__param_format": "prometheus",
                "__scrape_interval__": "15s",
                "__scrape_timeout__": "10s",
                "__meta_vigie_site": "lyon",
                "__meta_vigie_uuid": str(node.uuid),
                "site": "lyon",
                "tier": "region",
                "engine": "vllm",
                "vigie_node": "lyon-03",
            },
        }
    ]


def test_an_empty_fleet_is_an_empty_list() -> None:
    assert ask().content == b"[]"


def test_only_what_is_pulled_and_in_service_is_listed() -> None:
    NodeFactory(source="push", url="")
    NodeFactory(retired_at=datetime.now(UTC))
    assert ask().json() == []


def test_credentials_stay_inside() -> None:
    node = NodeFactory(credential_kind="bearer")
    node.set_credential("s3cret")
    node.save()
    assert b"s3cret" not in ask().content


def test_another_scope_is_refused() -> None:
    assert ask(MachineKey.Scope.WRITE_READINGS).status_code == 403


def test_somebody_signed_in_may_read_it(browser: Client) -> None:
    assert browser.get(URL).status_code == 200
    assert Client().get(URL).status_code == 401
    assert browser.post(URL).status_code in {403, 405}


def test_it_costs_the_same_however_many(browser: Client) -> None:
    NodeFactory()
    one = queries(browser, URL)
    NodeFactory.create_batch(19)
    assert queries(browser, URL) == one


def test_a_source_that_reads_it_finds_the_same_nodes(registry: Registry) -> None:
    """There and back: Vigie's own list changes nothing, whoever registered the nodes."""
    registry.lists_nodes(3)
    refresh(source_of(registry), datetime.now(UTC))
    NodeFactory(url="https://[fd00::1]/x?a=1&b=2", engine="")
    NodeFactory(url="http://10.0.3.3")
    before = list(Node.objects.order_by("pk").values()), Site.objects.count()
    registry.body = ask().content
    for _ in range(2):
        reading = refresh(source_of(registry, name=f"Vigie {_}"), datetime.now(UTC))
        assert (reading.problem, reading.discovered.count()) == ("", 0)
    assert (list(Node.objects.order_by("pk").values()), Site.objects.count()) == before


def test_another_vigie_finds_them_by_name(registry: Registry) -> None:
    node = NodeFactory(
        name="lyon-03", site__key="lyon", url="http://10.0.0.1:8000/metrics?x=1", pull_interval_seconds=30
    )
    registry.body = json.dumps(ask().json()).encode()
    Node.objects.all().delete()
    Site.objects.all().delete()
    refresh(source_of(registry, name_labels="vigie_node"), datetime.now(UTC))
    found = Node.objects.select_related("site").get()
    assert (found.name, found.url, found.engine, found.site.key) == ("lyon-03", node.url, "vllm", "lyon")
    assert found.pull_interval_seconds == 30
    assert reverse("kpis:node_detail", args=[found.uuid])
