"""The figures of one chart of a site, for a spreadsheet."""

import csv

import pytest
from django.test import Client

from tests.factories import SiteFactory
from tests.inference_kpis.dashboards.asking import busy_node

pytestmark = pytest.mark.django_db


def test_it_works(browser: Client) -> None:
    busy_node(site=SiteFactory(key="lyon", name="Lyon"))
    busy_node()
    response = browser.get("/en/fleet/sites/lyon/request_rate.csv", {"window": "15m"})
    assert response["Content-Disposition"] == 'attachment; filename="lyon-request_rate-15m.csv"'
    heading, *rows = csv.reader(response.content.decode().splitlines())
    assert heading == ["start_utc", "site", "request_rate", "unit"]
    assert {row[1] for row in rows} == {"Lyon"}
    assert {row[2] for row in rows if row[2]} >= {"1"}
    assert len(rows) == 15


@pytest.mark.parametrize("path", ["lyon/no_such_kpi.csv", "nowhere/request_rate.csv"])
def test_what_there_is_not_is_not_found(browser: Client, path: str) -> None:
    SiteFactory(key="lyon")
    assert browser.get(f"/en/fleet/sites/{path}").status_code == 404
