"""The figures of one chart of a node, for a spreadsheet."""

import csv
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from inference_kpis.fleet.models import Node
from tests.factories import NodeFactory
from tests.inference_kpis.dashboards.asking import busy_node
from tests.inference_kpis.pulls import START, at

pytestmark = pytest.mark.django_db


def ask(browser: Client, node: Node, key: str = "request_rate", **query: str) -> Any:
    return browser.get(reverse("kpis:node_csv", args=[node.uuid, key]), query)


def cells(response: Any) -> list[list[str]]:
    return list(csv.reader(response.content.decode().splitlines()))


def test_it_works(browser: Client) -> None:
    response = ask(browser, busy_node(name="Lyon 03"), window="15m")
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"] == 'attachment; filename="lyon-03-request_rate-15m.csv"'
    head, *rows = cells(response)
    assert head == ["start_utc", "node", "request_rate", "unit"]
    assert len(rows) == 15
    assert [START.isoformat(), "Lyon 03", "1", "req/s"] in rows
    assert rows[0] == [at(-600 + 60).isoformat(), "Lyon 03", "", "req/s"]


def test_what_the_engine_cannot_give_is_empty(browser: Client) -> None:
    _, *rows = cells(ask(browser, busy_node(), "mean_latency"))
    assert {row[2] for row in rows} == {""}


def test_a_name_is_no_formula(browser: Client) -> None:
    _, *rows = cells(ask(browser, busy_node(name="=1+1")))
    assert {row[1] for row in rows} == {"'=1+1"}


def test_what_is_not_there_is_not_found(browser: Client) -> None:
    node = busy_node()
    assert ask(browser, node, "no_such_kpi").status_code == 404
    assert browser.get(reverse("kpis:node_csv", args=[uuid4(), "request_rate"])).status_code == 404
    assert ask(browser, NodeFactory(retired_at=at(0))).status_code == 404
