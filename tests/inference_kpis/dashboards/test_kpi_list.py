"""All KPIs of the whole fleet, the twelve defaults first."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext

from inference_kpis.catalogue import DEFAULT_KPIS, KPIS
from tests.factories import NodeFactory, SiteFactory
from tests.inference_kpis.dashboards.asking import assert_is_live, busy_node, pulled, text_of
from tests.pages import queries

pytestmark = pytest.mark.django_db
URL = "/en/kpis/"
TRITON = [
    f'nv_inference_request_success{{model="m"}} {n}\nnv_inference_request_duration_us{{model="m"}} {n * 5000}\n'.encode()
    for n in (0, 100, 200, 290)
]


def test_it_works(browser: Client) -> None:
    busy_node()
    assert reverse("kpis:kpi_list") == URL
    page = browser.get(URL)
    assert [kpi for kpi, _, _ in page.context["rows"]][:12] == list(DEFAULT_KPIS)
    assert {kpi.key for kpi, _, _ in page.context["rows"]} == KPIS.keys()
    text = text_of(page)
    for words in ("Request rate 0.95 req/s", "Success ratio 100%", "Edge-served share 100%", "Availability 100%"):
        assert words in text
    assert page.content.count(b"<polyline") + page.content.count(b"<path") > 0


def test_before_the_first_reading_nothing_is_made_up(browser: Client) -> None:
    page = browser.get(URL)
    assert {quantity.value for _, quantity, _ in page.context["rows"]} == {None}
    assert text_of(page).count("no data") >= len(KPIS)
    assert "Trends start with the first reading; nothing is made up before it." in text_of(page)


def test_no_data_and_not_exposed_are_two_words(browser: Client) -> None:
    pulled(NodeFactory(engine="triton"), bodies=TRITON)
    page = text_of(browser.get(URL))
    assert "End-to-end latency, p95 not exposed by this engine" in page
    assert "Queue depth no data" in page
    assert "Mean latency 5 ms" in page


def test_what_was_neither_measured_nor_declared_is_not_free(browser: Client) -> None:
    busy_node()
    page = text_of(browser.get(URL))
    assert "Cost per million tokens no data" in page
    assert "Energy per 1,000 tokens no data" in page


def test_different_engines_are_brought_together(browser: Client) -> None:
    """What only one of them gives comes from that one alone."""
    busy_node()
    pulled(NodeFactory(engine="triton"), bodies=TRITON)
    page = text_of(browser.get(URL))
    assert "Request rate 1.90 req/s" in page
    assert "Mean latency 5 ms" in page


@pytest.mark.parametrize("key", ["15m", "1h", "6h", "24h", "7d"])
def test_every_window_shows_the_same_requests(browser: Client, key: str) -> None:
    busy_node()
    page = browser.get(URL, {"window": key})
    assert "Request rate 0.95 req/s" in text_of(page)
    assert f'window={key}" aria-current="true"' in page.content.decode()
    assert f"{reverse('kpis:kpi_detail', args=['availability'])}?window={key}" in page.content.decode()


def test_an_unknown_window_is_the_usual_one(browser: Client) -> None:
    assert browser.get(URL, {"window": "\0"}).context["window_key"] == "1h"


def test_it_keeps_itself_fresh(browser: Client) -> None:
    busy_node()
    assert_is_live(browser, URL)


def test_in_french(browser: Client) -> None:
    busy_node()
    page = browser.get("/fr/kpis/")
    assert b'<html lang="fr">' in page.content
    with translation.override("fr"):
        assert f"{gettext('Request rate')} 0,95 req/s" in text_of(page)
        assert gettext("KPIs of the whole fleet") in text_of(page)


def test_twenty_nodes_and_sites_cost_as_many_queries_as_one(browser: Client) -> None:
    busy_node()
    with_one = queries(browser, URL)
    pulled(*(NodeFactory(site=SiteFactory()) for _ in range(19)))
    assert queries(browser, URL) == with_one
