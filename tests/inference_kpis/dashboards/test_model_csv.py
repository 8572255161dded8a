"""The figures of one chart of a model, for a spreadsheet."""

import csv

import pytest
from django.test import Client

from tests.factories import SiteFactory
from tests.inference_kpis.dashboards.asking import busy_node

pytestmark = pytest.mark.django_db
URL = "/en/fleet/models/request_rate.csv"


@pytest.mark.parametrize(("split", "label"), [("site", "Lyon"), ("engine", "vLLM")])
def test_it_works(browser: Client, split: str, label: str) -> None:
    busy_node(site=SiteFactory(name="Lyon"))
    response = browser.get(URL, {"name": "m", "window": "15m", "split": split})
    assert response["Content-Disposition"] == 'attachment; filename="m-request_rate-15m.csv"'
    heading, *rows = csv.reader(response.content.decode().splitlines())
    assert heading == ["start_utc", split, "request_rate", "unit"]
    assert {row[1] for row in rows} == {label}


@pytest.mark.parametrize("query", [{}, {"name": "unknown"}])
def test_an_unknown_model_is_not_found(browser: Client, query: dict[str, str]) -> None:
    assert browser.get(URL, query).status_code == 404
