"""The figures of a KPI page, for a spreadsheet."""

import csv
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests.factories import NodeFactory, SiteFactory
from tests.inference_kpis.dashboards.asking import busy_node, pulled
from tests.inference_kpis.expositions import vllm
from tests.inference_kpis.pulls import START, at
from tests.pages import queries

pytestmark = pytest.mark.django_db


def ask(browser: Client, key: str = "request_rate", **query: str) -> Any:
    return browser.get(reverse("kpis:kpi_csv", args=[key]), query)


def cells(response: Any) -> list[list[str]]:
    return list(csv.reader(response.content.decode().splitlines()))


def test_it_works(browser: Client) -> None:
    busy_node(site=SiteFactory(name="Lyon"))
    response = ask(browser, window="15m")
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"] == 'attachment; filename="request_rate-15m.csv"'
    head, *rows = cells(response)
    assert head == ["start_utc", "site", "request_rate", "unit"]
    assert [row[0] for row in rows] == [at(60 * minute).isoformat() for minute in range(-9, 6)]
    assert [START.isoformat(), "Lyon", "1", "req/s"] in rows
    assert rows[0] == [at(-540).isoformat(), "Lyon", "", "req/s"]


def test_numbers_are_plain_in_every_language(browser: Client) -> None:
    node = NodeFactory()
    pulled(node, bodies=[vllm(3 * n, failed=n) for n in (0, 100, 200, 290)])
    english = cells(ask(browser, "success_ratio"))
    french = cells(browser.get("/fr/kpis/success_ratio.csv"))
    assert french == english
    assert {row[2] for row in english[1:]} == {"", "66.6667"}
    assert {row[3] for row in english[1:]} == {"%"}


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_name_is_no_formula(browser: Client, name: str) -> None:
    busy_node(site=SiteFactory(name=name))
    body = ask(browser).content.decode()
    (label,) = {row[1] for row in list(csv.reader(body.splitlines(keepends=True)))[1:]}
    assert label == f"'{name}"


@pytest.mark.parametrize("name", ['Lyon, "1"', "Lyon;2", "l'Île", "Lyon=1"])
def test_other_names_stay_as_they_are(browser: Client, name: str) -> None:
    busy_node(site=SiteFactory(name=name))
    assert {row[1] for row in cells(ask(browser))[1:]} == {name}


@pytest.mark.parametrize(("split", "label"), [("tier", "Edge"), ("engine", "vLLM"), ("model", "m"), ("x", "Lyon")])
def test_splits(browser: Client, split: str, label: str) -> None:
    busy_node(site=SiteFactory(name="Lyon"))
    head, *rows = cells(ask(browser, split=split))
    assert head[1] == ("site" if split == "x" else split)
    assert {row[1] for row in rows} == {label}


def test_without_a_reading_there_is_only_the_head(browser: Client) -> None:
    assert cells(ask(browser)) == [["start_utc", "site", "request_rate", "unit"]]


def test_an_unknown_kpi_is_not_found(browser: Client) -> None:
    assert ask(browser, "no_such_kpi").status_code == 404


def test_it_is_read_only(browser: Client) -> None:
    assert browser.post(reverse("kpis:kpi_csv", args=["request_rate"])).status_code == 405


def test_twenty_sites_cost_as_many_queries_as_one(browser: Client) -> None:
    busy_node()
    url = reverse("kpis:kpi_csv", args=["request_rate"])
    with_one = queries(browser, url)
    pulled(*(NodeFactory(site=SiteFactory()) for _ in range(19)))
    assert queries(browser, url) == with_one
