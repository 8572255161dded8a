"""One KPI over time, split by site, tier, engine or model."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext

from inference_kpis.catalogue import KPIS
from inference_kpis.fleet.models import Node
from tests.factories import NodeFactory, SiteFactory
from tests.inference_kpis.dashboards.asking import assert_is_live, busy_node, pulled, text_of
from tests.inference_kpis.expositions import vllm
from tests.pages import queries

pytestmark = pytest.mark.django_db


def ask(browser: Client, key: str = "request_rate", **query: str) -> Any:
    return browser.get(reverse("kpis:kpi_detail", args=[key]), query)


def table(response: Any) -> list[tuple[str, float | None]]:
    """The lines of the split with their value over the whole window."""
    return [(line.label, line.quantity.value) for line in response.context["lines"]]


def slow(requests: int) -> bytes:
    """All of them took between 0.3 s and 1 s."""
    name = "vllm:e2e_request_latency_seconds_bucket"
    buckets = "".join(
        f'{name}{{model_name="m",le="{le}"}} {n}\n' for le, n in (("0.3", 0), ("1", requests), ("+Inf", requests))
    )
    return f'vllm:request_success_total{{model_name="m"}} {requests}\n{buckets}'.encode()


def test_it_works(browser: Client) -> None:
    busy_node(site=SiteFactory(name="Lyon"))
    pulled(NodeFactory(site=SiteFactory(name="Paris")), bodies=[vllm(n) for n in (0, 200, 400, 580)])
    page = ask(browser)
    text = text_of(page)
    assert "Request rate 2.85 req/s" in text
    assert "Request rate: best at Paris, worst at Lyon" in text
    assert "Lyon 0.95 req/s 290 Paris 1.90 req/s 580" in text
    assert "Requests of all nodes in scope, divided by the seconds of the window." in text
    csv_url = f"{reverse('kpis:kpi_csv', args=['request_rate'])}?window=1h&amp;split=site"
    assert f'href="{csv_url}"' in page.content.decode()


def test_a_quotient_says_what_it_covers(browser: Client) -> None:
    pulled(NodeFactory(price_per_hour=2), NodeFactory())
    assert "Covers 50% of tokens; cost or energy of the others is unknown." in text_of(
        ask(browser, "cost_per_1m_tokens")
    )
    Node.objects.update(price_per_hour=2)
    assert "Covers" not in text_of(ask(browser, "edge_served_share"))


@pytest.mark.parametrize("key", KPIS)
def test_every_kpi_has_a_page(browser: Client, key: str) -> None:
    busy_node(power_watts=200, price_per_hour=2)
    page = ask(browser, key)
    assert page.status_code == 200
    assert str(KPIS[key].label) in text_of(page)
    assert str(KPIS[key].description) in text_of(page)


@pytest.mark.parametrize("key", KPIS)
def test_without_a_reading_every_page_says_so(browser: Client, key: str) -> None:
    page = text_of(ask(browser, key))
    assert f"{KPIS[key].label} no data" in page
    assert "No data in this window." in page


def test_a_latency_shows_its_percentiles_and_where_it_was_seen(browser: Client) -> None:
    pulled(NodeFactory(), bodies=[slow(n) for n in (0, 100, 200, 290)])
    page = text_of(ask(browser, "e2e_latency_p95"))
    assert "seen by the server" in page
    assert "End-to-end latency, median 650 ms" in page
    assert "End-to-end latency, p95 965 ms" in page
    assert "End-to-end latency, p99 993 ms" in page


@pytest.mark.parametrize(
    ("requests", "words"),
    [
        # All in the first bucket, and all above the last bound: the histogram knows no more.
        (b'vllm:e2e_request_latency_seconds_bucket{le="0.3"} %d\n', "≤ 300 ms"),
        (b'vllm:e2e_request_latency_seconds_bucket{le="0.3"} 0\n', "≥ 300 ms"),
    ],
)
def test_a_quantile_says_no_more_than_the_histogram_knows(browser: Client, requests: bytes, words: str) -> None:
    last = b'vllm:e2e_request_latency_seconds_bucket{le="+Inf"} %d\n'
    counts = (0, 100, 200, 290)
    pulled(NodeFactory(), bodies=[(requests % n if b"%d" in requests else requests) + last % n for n in counts])
    assert f"End-to-end latency, p95 {words}" in text_of(ask(browser, "e2e_latency_p95"))


@pytest.mark.parametrize(
    ("split", "labels"),
    [
        ("site", ["Lyon", "Paris"]),
        ("tier", ["Central", "Edge"]),
        ("engine", ["vLLM"]),
        ("model", ["llama", "mistral"]),
        ("colour", ["Lyon", "Paris"]),
        ("", ["Lyon", "Paris"]),
    ],
)
def test_splits(browser: Client, split: str, labels: list[str]) -> None:
    lyon = NodeFactory(site=SiteFactory(name="Lyon"))
    paris = NodeFactory(site=SiteFactory(name="Paris", tier="central"))
    pulled(lyon, bodies=[vllm(n, model="llama") for n in (0, 100, 200, 290)])
    pulled(paris, bodies=[vllm(n, model="mistral") for n in (0, 100, 200, 290)])
    assert [label for label, _ in table(ask(browser, split=split))] == labels


def test_what_belongs_to_the_node_is_named_so(browser: Client) -> None:
    busy_node()
    assert [label for label, _ in table(ask(browser, "availability", split="model"))] == ["the node itself"]


def test_an_engine_that_cannot_give_it_has_no_line(browser: Client) -> None:
    pulled(NodeFactory(engine="triton"), bodies=[b'nv_inference_request_success{model="m"} 5\n'] * 4)
    page = ask(browser, "e2e_latency_p95", split="engine")
    assert table(page) == []
    assert "End-to-end latency, p95 not exposed by this engine" in text_of(page)


@pytest.mark.parametrize("key", ["15m", "1h", "6h", "24h", "7d"])
def test_the_window_is_kept_where_it_leads(browser: Client, key: str) -> None:
    busy_node()
    page = ask(browser, window=key, split="tier").content.decode()
    assert f'window={key}&amp;split=tier"' in page or f'split=tier&amp;window={key}"' in page
    assert f'window={key}" aria-current' in page or f'window={key}&amp;split=tier" aria-current' in page


@pytest.mark.parametrize("key", ["no_such_kpi", "REQUEST_RATE", "requests"])
def test_an_unknown_kpi_is_not_found(browser: Client, key: str) -> None:
    assert ask(browser, key).status_code == 404


def test_it_keeps_itself_fresh(browser: Client) -> None:
    busy_node()
    assert_is_live(browser, reverse("kpis:kpi_detail", args=["success_ratio"]))


def test_in_french(browser: Client) -> None:
    busy_node()
    page = browser.get("/fr/kpis/success_ratio/")
    assert b'<html lang="fr">' in page.content
    with translation.override("fr"):
        assert f"{gettext('Success ratio')} 100 %" in text_of(page)
        assert gettext("Over the whole window") in text_of(page)


def test_names_from_outside_bring_no_markup(browser: Client) -> None:
    busy_node(site=SiteFactory(name="<script>alert(1)</script>"))
    assert b"<script>alert" not in ask(browser).content


def test_twenty_sites_cost_as_many_queries_as_one(browser: Client) -> None:
    busy_node()
    url = reverse("kpis:kpi_detail", args=["e2e_latency_p95"])
    with_one = queries(browser, url)
    pulled(*(NodeFactory(site=SiteFactory()) for _ in range(19)))
    assert queries(browser, url) == with_one
    assert len(table(browser.get(url))) == 20
