"""The list of sites with their headline figures."""

import pytest
from django.test import Client
from django.urls import reverse

from inference_kpis.fleet.health import count_health
from tests.factories import NodeFactory, SiteFactory
from tests.inference_kpis.dashboards.asking import NOW, assert_is_live, busy_node, pulled, text_of
from tests.inference_kpis.pulls import at
from tests.pages import queries

pytestmark = pytest.mark.django_db
URL = "/en/fleet/sites/"


def test_it_works(browser: Client) -> None:
    assert reverse("kpis:site_list") == URL
    site = SiteFactory(name="Lyon", region="Rhône")
    busy_node(site=site)
    response = browser.get(URL)
    assert "Lyon Edge · Rhône 1 up 1 req/s 100% ≥ 1,000 ms 10 tok/s 0 requests" in text_of(response)
    assert site.get_absolute_url() in response.content.decode()


def test_without_a_site_it_says_what_to_do_next(browser: Client, operator: Client) -> None:
    assert "No site yet" in text_of(browser.get(URL))
    assert reverse("kpis:site_add") not in browser.get(URL).content.decode()
    assert reverse("kpis:site_add") in operator.get(URL).content.decode()


def test_an_empty_site_and_a_retired_one(browser: Client) -> None:
    SiteFactory(name="Empty")
    SiteFactory(name="Gone", retired_at=at(0))
    count_health(NOW)
    page = text_of(browser.get(URL))
    assert "Empty Edge no node no data" in page
    assert "Out of service Gone" in page


def test_it_keeps_itself_fresh(browser: Client) -> None:
    busy_node()
    assert_is_live(browser, URL)


def test_twenty_sites_cost_as_many_queries_as_one(browser: Client) -> None:
    busy_node()
    with_one = queries(browser, URL)
    pulled(*(NodeFactory() for _ in range(19)))
    assert queries(browser, URL) == with_one
