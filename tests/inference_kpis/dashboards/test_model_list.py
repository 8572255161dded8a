"""The list of models with their headline figures."""

import pytest
from django.test import Client
from django.urls import reverse

from tests.factories import NodeFactory
from tests.inference_kpis.dashboards.asking import assert_is_live, busy_node, pulled, text_of
from tests.inference_kpis.expositions import vllm
from tests.pages import queries

pytestmark = pytest.mark.django_db
URL = "/en/fleet/models/"


def test_it_works(browser: Client) -> None:
    assert reverse("kpis:model_list") == URL
    busy_node()
    response = browser.get(URL)
    assert "m vLLM 1 1 req/s 100% ≥ 1,000 ms 10 tok/s 0 requests" in text_of(response)
    assert "/en/fleet/models/detail/?name=m" in response.content.decode()


def test_without_a_model_it_says_what_to_do_next(browser: Client) -> None:
    assert "No model yet" in text_of(browser.get(URL))


def test_it_keeps_itself_fresh(browser: Client) -> None:
    busy_node()
    assert_is_live(browser, URL)


def test_twenty_models_cost_as_many_queries_as_one(browser: Client) -> None:
    busy_node()
    with_one = queries(browser, URL)
    for number in range(19):
        pulled(NodeFactory(), bodies=[vllm(n, model=f"m{number}") for n in (0, 100, 200, 290)])
    assert queries(browser, URL) == with_one
    assert len(browser.get(URL).context["rows"]) == 20
