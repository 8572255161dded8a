"""The page of one model."""

import pytest
from django.test import Client
from django.urls import reverse

from inference_kpis.engines import ENGINES
from inference_kpis.fleet.models import ServedModel
from tests.factories import NodeFactory, SiteFactory
from tests.inference_kpis.dashboards.asking import busy_node, pulled, text_of
from tests.inference_kpis.expositions import vllm
from tests.pages import queries

pytestmark = pytest.mark.django_db
URL = "/en/fleet/models/detail/"


def test_it_works(browser: Client) -> None:
    assert reverse("kpis:model_detail") == URL
    busy_node(name="lyon-03", site=SiteFactory(name="Lyon"), power_watts=100, price_per_hour=1)
    text = text_of(browser.get(URL, {"name": "m"}))
    assert "Served by 1 node " in text
    assert "Request rate 1 req/s before: no data" in text
    assert "Requests 290 Prompt tokens 1,450 Output tokens 2,900 Cost €0.08 Energy" in text
    assert "Lyon 100.0% 1 req/s" in text
    assert "lyon-03 Lyon · Edge Up 10 s ago 1 req/s" in text


@pytest.mark.parametrize(
    "name",
    [
        "meta-llama/Llama-3.1-8B",
        "../../etc/passwd",
        "a//b/",
        "?name=x&window=7d#top",
        '"><script>alert(1)</script>',
        "%2e%2e%2f",
        "模型 🙂",
        "=1+1",
        "a+b c",
    ],
)
def test_names_are_whatever_a_server_says(browser: Client, name: str) -> None:
    model = ServedModel.objects.create(name=name)
    page = browser.get(model.get_absolute_url())
    assert page.status_code == 200
    assert page.context["model"] == model
    assert "<script>alert" not in page.content.decode()
    assert model.get_absolute_url().replace("&", "&amp;") in browser.get("/en/fleet/models/").content.decode()


@pytest.mark.parametrize("query", [{}, {"name": ""}, {"name": "unknown"}, {"name": "\0"}, {"name": "M"}])
def test_an_unknown_model_is_not_found(browser: Client, query: dict[str, str]) -> None:
    busy_node()
    assert browser.get(URL, query).status_code == 404


def test_sites_and_engines_are_compared(browser: Client) -> None:
    busy_node(site=SiteFactory(name="Lyon"))
    triton = NodeFactory(site=SiteFactory(name="Nice"), engine="triton")
    pulled(triton, bodies=[f'nv_inference_request_success{{model="m"}} {n}\n'.encode() for n in (0, 100, 200, 290)])
    by_site = text_of(browser.get(URL, {"name": "m"}))
    assert "Request rate" in by_site
    assert by_site.index("Lyon 50.0%") < by_site.index("Nice 50.0%")
    by_engine = text_of(browser.get(URL, {"name": "m", "split": "engine"}))
    assert "vLLM 50.0%" in by_engine
    assert f"{ENGINES['triton'].label} 50.0%" in by_engine
    assert "not exposed by this engine" in by_engine
    assert browser.get(URL, {"name": "m", "split": "no-such"}).context["split"] == "site"


def test_other_models_of_the_nodes_do_not_count(browser: Client) -> None:
    node = NodeFactory()
    bodies = [vllm(n) + vllm(n // 2, model="other") for n in (0, 100, 200, 290)]
    pulled(node, bodies=bodies)
    assert "Requests 290 " in text_of(browser.get(URL, {"name": "m"}))
    assert "Requests 145 " in text_of(browser.get(URL, {"name": "other"}))


def test_a_model_that_nobody_serves_any_more(browser: Client) -> None:
    node = busy_node()
    node.retired_at = node.registered_at
    node.save()
    text = text_of(browser.get(URL, {"name": "m"}))
    assert "Served by 0 nodes" in text
    assert "No node in service serves it." in text


def test_it_keeps_itself_fresh(browser: Client) -> None:
    busy_node()
    whole = f"{URL}?name=m"
    assert "data-live-version" in browser.get(whole).content.decode()
    assert browser.get(whole, headers={"HX-Request": "true"}).content.strip().startswith(b'<div id="model"')


def test_twenty_sites_cost_as_many_queries_as_one(browser: Client) -> None:
    busy_node()
    with_one = queries(browser, f"{URL}?name=m")
    pulled(*(NodeFactory() for _ in range(19)))
    assert queries(browser, f"{URL}?name=m") == with_one
