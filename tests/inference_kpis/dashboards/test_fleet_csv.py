"""The nodes of a list as a file, with their figures."""

import csv

import pytest
from django.test import Client
from django.urls import reverse

from inference_kpis.dashboards.node_figures import work_out_figures
from tests.factories import NodeFactory, SiteFactory
from tests.inference_kpis.dashboards.asking import NOW, busy_node
from tests.pages import queries

pytestmark = pytest.mark.django_db
URL = "/en/fleet/list.csv"


def rows(browser: Client, **query: str) -> list[dict[str, str]]:
    response = browser.get(URL, query)
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(response.content.decode().splitlines()))


def test_it_works(browser: Client) -> None:
    assert reverse("kpis:fleet_csv") == URL
    node = busy_node(name="lyon-03", site=SiteFactory(name="Lyon"))
    work_out_figures(NOW)
    (row,) = rows(browser)
    assert (row["node"], row["site"], row["state"], row["uuid"]) == ("lyon-03", "Lyon", "up", str(node.uuid))
    assert float(row["request_rate (req/s)"]) == 1
    assert row["kpis_at_utc"] == NOW.isoformat()


def test_it_is_the_list_of_the_page(browser: Client) -> None:
    for name in ("a1", "b1", "a2"):
        NodeFactory(name=name)
    assert [row["node"] for row in rows(browser, q="a", sort="-name")] == ["a2", "a1"]
    assert rows(browser, q="a")[0]["request_rate (req/s)"] == ""


def test_a_name_is_no_formula(browser: Client) -> None:
    NodeFactory(name="=cmd()")
    assert rows(browser)[0]["node"] == "'=cmd()"


def test_what_is_not_known_is_empty(browser: Client) -> None:
    NodeFactory(engine="")
    assert rows(browser)[0]["engine"] == ""


def test_twenty_nodes_cost_as_many_queries_as_one(browser: Client) -> None:
    NodeFactory()
    with_one = queries(browser, URL)
    NodeFactory.create_batch(19)
    assert queries(browser, URL) == with_one
