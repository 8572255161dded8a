"""Alive, ready, and the product's own metrics: for supervisors, which sign in nowhere."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import InterfaceError, OperationalError, connection
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from inference_kpis.fleet.health import count_health
from inference_kpis.fleet.models import Node
from inference_kpis.readings import store
from tests.factories import NodeFactory, scheduled
from tests.inference_kpis.pulls import START
from tests.readiness.measurements import FAST, serve


@pytest.fixture
def no_database(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """A database that does not answer."""

    def refuse(*_: object) -> None:
        raise getattr(request, "param", OperationalError)("connection refused")

    monkeypatch.setattr(connection, "cursor", refuse)


def samples(client: Client, **headers: str) -> dict[tuple[str, str], float]:
    """Each sample of `/metrics`, by name and its one label."""
    response = client.get("/metrics", headers=headers)
    assert response.status_code == 200
    families = text_string_to_metric_families(response.content.decode())
    return {
        (sample.name, next(iter(sample.labels.values()), "")): sample.value
        for family in families
        for sample in family.samples
    }


@pytest.mark.django_db
def test_it_works(client: Client) -> None:
    serve(NodeFactory(), START, FAST)
    assert client.get("/healthz").content == b"ok\n"
    for address in ("/readyz", "/readyz?kpis=1"):
        response = client.get(address)
        assert (response.status_code, response.json()) == (200, {"database": True, "kpis": True})


@pytest.mark.django_db
def test_before_the_first_roll_up_it_is_ready_without_kpis(client: Client) -> None:
    expected = {"database": True, "kpis": False}
    assert store.version() == 0
    for address, status in (("/readyz", 200), ("/readyz?kpis=1", 503), ("/readyz?kpis=", 200)):
        response = client.get(address)
        assert (response.status_code, response.json()) == (status, expected)


def test_without_a_database_it_is_alive(client: Client, no_database: None) -> None:
    assert client.get("/healthz").status_code == 200


@pytest.mark.parametrize("no_database", [OperationalError, InterfaceError], indirect=True)
def test_without_a_database_it_is_not_ready(client: Client, no_database: None) -> None:
    for address in ("/readyz", "/readyz?kpis=1"):
        response = client.get(address)
        assert response.status_code == 503
        assert response.json() == {"database": False, "message": "The database does not answer."}


@pytest.mark.parametrize("address", ["/healthz", "/readyz", "/metrics"])
def test_other_methods_are_refused(client: Client, address: str) -> None:
    assert client.post(address).status_code == 405


# --- Metrics -------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_metrics_say_how_the_nodes_are(client: Client) -> None:
    for state in ("up", "up", "down", "waiting", "paused"):
        NodeFactory(state=state, severity=Node.SEVERITY[state])
    NodeFactory(retired_at=START)
    count_health(datetime.now(UTC))
    found = samples(client)
    states = {state: number for (name, state), number in found.items() if name == "vigie_nodes"}
    assert states == {"up": 2, "down": 1, "silent": 0, "waiting": 1, "paused": 1}


@pytest.mark.django_db
def test_the_metrics_say_how_late_pulls_are(client: Client) -> None:
    assert samples(client)["vigie_pull_overdue_seconds", ""] == 0
    scheduled(NodeFactory(state="paused"), START)
    assert samples(client)["vigie_pull_overdue_seconds", ""] == 0
    scheduled(NodeFactory(), START)
    late = (datetime.now(UTC) - START).total_seconds()
    assert samples(client)["vigie_pull_overdue_seconds", ""] == pytest.approx(late, abs=60)


@pytest.mark.django_db
def test_the_metrics_count_roll_ups_and_refusals(client: Client) -> None:
    before = samples(client)
    assert ("vigie_rollup_age_seconds", "") not in before
    serve(NodeFactory(), START, FAST)
    store.count("conflict", 3)
    found = samples(client)
    assert found["vigie_rollups_total", ""] == before["vigie_rollups_total", ""] + 1
    assert found["vigie_ingest_items_total", "conflict"] == 3
    assert found["vigie_rollup_age_seconds", ""] > 0


@pytest.mark.django_db
def test_a_prometheus_that_asks_for_openmetrics_gets_it(client: Client) -> None:
    asked: dict[str, Any] = {"Accept": "application/openmetrics-text; version=1.0.0"}
    response = client.get("/metrics", headers=asked)
    assert response["Content-Type"].startswith("application/openmetrics-text")
    assert response.content.endswith(b"# EOF\n")
