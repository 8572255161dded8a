"""Taking a node out of service: gone from the fleet, kept in the figures."""

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEvent
from inference_kpis.fleet.models import Node
from inference_kpis.pull.schedule import claim_due
from tests.inference_kpis.dashboards.asking import busy_node, text_of
from tests.inference_kpis.pulls import at

pytestmark = pytest.mark.django_db


def retire(browser: Client, node: Node) -> Any:
    return browser.post(reverse("kpis:node_retire", args=[node.uuid]), follow=True)


def test_it_works(operator: Client) -> None:
    node = busy_node(name="lyon-03")
    page = retire(operator, node)
    assert page.redirect_chain == [(reverse("kpis:fleet"), 302)]
    assert "Node lyon-03 is out of service; its readings are kept." in text_of(page)
    assert "No node yet" in text_of(page)
    assert claim_due(at(1000)) == []
    assert AuditEvent.objects.get().verb == "node.retire"


def test_its_readings_stay_in_the_figures_of_the_company(operator: Client) -> None:
    retire(operator, busy_node())
    assert "Request rate 0.95 req/s" in text_of(operator.get(reverse("kpis:kpi_list")))


def test_twice_is_not_found(operator: Client) -> None:
    node = busy_node()
    retire(operator, node)
    assert retire(operator, node).status_code == 404
    assert AuditEvent.objects.count() == 1


def test_who_only_reads_is_refused(browser: Client) -> None:
    node = busy_node()
    assert retire(browser, node).status_code == 403
    assert Node.objects.in_service().exists()


def test_a_link_retires_nothing(operator: Client) -> None:
    node = busy_node()
    assert operator.get(reverse("kpis:node_retire", args=[node.uuid])).status_code == 405
    assert Node.objects.in_service().exists()


def test_an_unknown_node_is_not_found(operator: Client) -> None:
    assert operator.post(reverse("kpis:node_retire", args=[uuid4()])).status_code == 404
