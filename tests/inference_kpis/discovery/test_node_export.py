"""All nodes as a table."""

import csv
import io

import pytest
from django.test import Client
from django.urls import reverse

from tests.factories import NodeFactory, SiteFactory
from tests.pages import queries

pytestmark = pytest.mark.django_db


def test_it_works(browser: Client) -> None:
    node = NodeFactory(name="lyon-03", site=SiteFactory(key="lyon"), price_per_hour="2.5000")
    response = browser.get(reverse("kpis:node_export"))
    assert response["Content-Disposition"] == 'attachment; filename="nodes.csv"'
    [exported] = csv.DictReader(io.StringIO(response.content.decode()))
    assert exported == {
        "uuid": str(node.uuid),
        "name": "lyon-03",
        "site": "lyon",
        "engine": "vllm",
        "source": "pull",
        "url": "http://10.0.0.1:8000/metrics",
        "pull_interval_seconds": "15",
        "pull_timeout_seconds": "10",
        "price_per_hour": "2.5000",
        "power_watts": "",
    }


def test_credentials_and_retired_nodes_stay_inside(browser: Client) -> None:
    node = NodeFactory(credential_kind="bearer")
    node.set_credential("s3cret")
    node.save()
    NodeFactory(name="gone", retired_at="2026-01-01T00:00:00Z")
    text = browser.get(reverse("kpis:node_export")).content.decode()
    assert "s3cret" not in text
    assert "gone" not in text


def test_a_formula_is_exported_as_text(browser: Client) -> None:
    NodeFactory(name="=HYPERLINK(1)")
    assert ",'=HYPERLINK(1)," in browser.get(reverse("kpis:node_export")).content.decode()


def test_it_costs_the_same_however_many(browser: Client) -> None:
    NodeFactory()
    one = queries(browser, reverse("kpis:node_export"))
    NodeFactory.create_batch(19)
    assert queries(browser, reverse("kpis:node_export")) == one
