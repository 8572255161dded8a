"""Pausing a node and going on with it."""

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEvent
from inference_kpis.fleet.models import Node
from inference_kpis.pull.schedule import claim_due
from tests.factories import NodeFactory
from tests.inference_kpis.dashboards.asking import busy_node, text_of
from tests.inference_kpis.pulls import at

pytestmark = pytest.mark.django_db


def pause(browser: Client, node: Node, **options: Any) -> Any:
    return browser.post(reverse("kpis:node_pause", args=[node.uuid]), **options)


def test_it_works(operator: Client) -> None:
    node = busy_node()
    assert pause(operator, node)["Location"] == node.get_absolute_url()
    assert Node.objects.get().state == Node.State.PAUSED
    assert claim_due(at(1000)) == []
    page = text_of(operator.get(node.get_absolute_url()))
    # What it measured stays.
    assert "Paused" in page
    assert "Request rate 0.95 req/s" in page


def test_it_can_be_taken_back(operator: Client) -> None:
    page = pause(operator, busy_node(name="lyon-03"), follow=True)
    assert "Node lyon-03 is paused. Undo" in text_of(page)


def test_asking_again_goes_on(operator: Client) -> None:
    node = busy_node()
    pause(operator, node)
    page = text_of(pause(operator, node, follow=True))
    assert "Waiting" in page
    assert [claim.node_id for claim in claim_due(at(1000))] == [node.pk]
    assert [event.verb for event in AuditEvent.objects.order_by("id")] == ["node.pause", "node.resume"]


def test_who_only_reads_is_refused(browser: Client) -> None:
    node = busy_node()
    assert pause(browser, node).status_code == 403
    assert Node.objects.get().state == Node.State.UP


def test_a_link_pauses_nothing(operator: Client) -> None:
    node = busy_node()
    assert operator.get(reverse("kpis:node_pause", args=[node.uuid])).status_code == 405
    assert Node.objects.get().state == Node.State.UP


def test_a_retired_or_unknown_node_is_not_found(operator: Client) -> None:
    assert pause(operator, NodeFactory(retired_at=at(0))).status_code == 404
    assert operator.post(reverse("kpis:node_pause", args=[uuid4()])).status_code == 404
