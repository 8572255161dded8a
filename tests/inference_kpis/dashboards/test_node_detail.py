"""The page of one node: its KPIs, how it is measured, and what is wrong with it."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext

from inference_kpis.catalogue import DEFAULT_KPIS
from inference_kpis.fleet.models import Node
from inference_kpis.pull.models import PullTls
from inference_kpis.pull.problems import sentence
from inference_kpis.push.models import PushState
from tests.factories import NodeFactory, SiteFactory
from tests.inference_kpis.dashboards.asking import NOW, assert_is_live, busy_node, pulled, text_of
from tests.inference_kpis.expositions import vllm
from tests.inference_kpis.pulls import at, pull
from tests.pages import queries

pytestmark = pytest.mark.django_db


def test_it_works(browser: Client) -> None:
    node = busy_node(name="lyon-03", site=SiteFactory(name="Lyon"), power_watts=200, price_per_hour="3.6")
    assert node.get_absolute_url() == f"/en/fleet/nodes/{node.uuid}/"
    page = text_of(browser.get(node.get_absolute_url()))
    assert "lyon-03 Up Lyon · Edge · vLLM · m" in page
    for words in (
        # 290 requests, and the first pull stands for an interval of 15 s before it.
        "Request rate 0.95 req/s",
        "Success ratio 100%",
        "End-to-end latency, p95 ≥ 1,000 ms",
        "Output tokens per second 9.5 tok/s",
        "Availability 100%",
        "Edge-served share 100%",
        "Time to first token, p95 no data",
        "Last pull 10 s ago · 3 ms · 9 samples",
        "Declared power 200.00 W",
    ):
        assert words in page


def test_every_default_kpi_has_a_tile(browser: Client) -> None:
    page = browser.get(busy_node().get_absolute_url())
    assert [kpi for kpi, _ in page.context["quantities"]] == list(DEFAULT_KPIS)
    for kpi in DEFAULT_KPIS:
        assert f'href="{reverse("kpis:kpi_detail", args=[kpi.key])}"' in page.content.decode()


def test_what_the_engine_cannot_give_says_so(browser: Client) -> None:
    node = NodeFactory(engine="triton")
    pulled(node, bodies=[b'nv_inference_request_success{model="m"} 5\n'] * 4)
    page = text_of(browser.get(node.get_absolute_url()))
    assert "End-to-end latency, p95 not exposed by this engine" in page
    assert "Queue depth no data" in page
    assert "Success ratio no data" in page


@pytest.mark.parametrize(
    ("problem", "sentence"),
    [
        ("connection_failed", "No server answered at this address."),
        ("timed_out", "No complete answer arrived within the time-out."),
        ("no_such_code", "no_such_code"),
    ],
)
def test_a_node_that_is_down_says_why(browser: Client, problem: str, sentence: str) -> None:
    node = NodeFactory()
    pulled(node, bodies=[vllm(0), vllm(5), vllm(9), problem])
    page = text_of(browser.get(node.get_absolute_url()))
    assert f"{node.name} Down" in page
    assert f"{sentence} 10 s ago" in page
    assert "Availability 75%" in page


def test_what_was_dropped_is_named(browser: Client) -> None:
    node = NodeFactory()
    pulled(node, bodies=[vllm(0) + b'vllm:num_requests_running{model_name="m"} NaN\n'] * 4)
    assert "Dropped A gauge with an impossible value was left out." in text_of(browser.get(node.get_absolute_url()))


def test_a_new_node_was_never_heard(browser: Client) -> None:
    page = text_of(browser.get(NodeFactory().get_absolute_url()))
    assert "Waiting" in page
    assert "Last reading never" in page
    assert "Request rate no data" in page
    assert "Last pull" not in page


@pytest.mark.parametrize("engine", ["gone", ""])
def test_an_engine_that_is_no_longer_known_breaks_nothing(browser: Client, engine: str) -> None:
    assert browser.get(NodeFactory(engine=engine).get_absolute_url()).status_code == 200


def test_several_models_are_told_apart(browser: Client) -> None:
    node = NodeFactory(power_watts=200, price_per_hour="3.6")
    both = [vllm(n, model="llama") + vllm(3 * n, model="mistral") for n in (0, 100, 200, 290)]
    pulled(node, bodies=both)
    page = text_of(browser.get(node.get_absolute_url()))
    models = page[page.index(" Models ") :]
    assert "llama Request rate 1 req/s" in models
    assert "mistral Request rate 3 req/s" in models
    # Power and price belong to the node, and nobody knows which model used them.
    assert models.count("Energy per 1,000 tokens no data") == 2
    assert "Request rate 3.80 req/s" in page[: page.index(" Models ")]


@pytest.mark.parametrize(("key", "chosen"), [("15m", "15m"), ("6h", "6h"), ("7d", "7d"), ("", "1h"), ("1000y", "1h")])
def test_the_window_can_be_chosen(browser: Client, key: str, chosen: str) -> None:
    page = browser.get(busy_node().get_absolute_url(), {"window": key})
    assert page.context["window_key"] == chosen
    assert f'window={chosen}" aria-current="true"' in page.content.decode()
    assert "Request rate 0.95 req/s" in text_of(page)


def test_only_who_writes_the_fleet_sees_the_address_and_the_buttons(browser: Client, operator: Client) -> None:
    node = busy_node(url="http://10.9.8.7:8000/metrics")
    for person, sees in ((browser, False), (operator, True)):
        page = person.get(node.get_absolute_url()).content.decode()
        assert ("10.9.8.7" in page) is sees
        assert (reverse("kpis:node_retire", args=[node.uuid]) in page) is sees


def test_a_paused_node_can_go_on(operator: Client) -> None:
    node = NodeFactory(state=Node.State.PAUSED)
    page = text_of(operator.get(node.get_absolute_url()))
    assert "Paused" in page
    assert "Go on pulling" in page


def test_a_retired_or_unknown_node_is_not_found(browser: Client) -> None:
    retired = NodeFactory(retired_at=at(0))
    for uuid in (retired.uuid, uuid4()):
        assert browser.get(reverse("kpis:node_detail", args=[uuid])).status_code == 404


def test_it_keeps_itself_fresh(browser: Client) -> None:
    assert_is_live(browser, busy_node().get_absolute_url())


def test_in_french(browser: Client) -> None:
    url = busy_node().get_absolute_url().replace("/en/", "/fr/")
    page = browser.get(url)
    assert b'<html lang="fr">' in page.content
    with translation.override("fr"):
        assert f"{gettext('Success ratio')} 100 %" in text_of(page)
        assert gettext("How it is measured") in text_of(page)


def test_many_models_cost_as_many_queries_as_one(browser: Client) -> None:
    one, many = busy_node(), NodeFactory()
    body = [b"".join(vllm(n, model=f"m{number}") for number in range(20)) for n in (0, 100, 200, 290)]
    pulled(many, bodies=body)
    assert queries(browser, many.get_absolute_url()) == queries(browser, one.get_absolute_url())


def test_names_from_outside_bring_no_markup(browser: Client) -> None:
    node = NodeFactory(name="<script>alert(1)</script>")
    pulled(node, bodies=[vllm(n, model="<img src=x>") for n in (0, 100, 200, 290)])
    page = browser.get(node.get_absolute_url()).content
    assert b"<script>alert" not in page
    assert b"<img" not in page


def test_what_happened_in_the_last_day_is_told_in_words(browser: Client) -> None:
    node = NodeFactory()
    pulled(node, bodies=[vllm(50), "timed_out", vllm(9), "timed_out"])
    page = text_of(browser.get(node.get_absolute_url()))
    happened = page[page.index("The last 24 hours") :]
    assert "No complete answer arrived within the time-out. 2 times 3 min ago 10 s ago" in happened
    assert "The server restarted, or some of its counters did; they were counted on from zero. 1 time" in happened
    assert "Last good pull 1 min ago" in page


def test_a_node_without_a_good_pull_says_so(browser: Client) -> None:
    node = NodeFactory()
    pulled(node, bodies=["status"] * 4)
    assert "Last good pull none yet" in text_of(browser.get(node.get_absolute_url()))


def test_a_node_without_trouble_shows_none(browser: Client) -> None:
    page = text_of(browser.get(busy_node().get_absolute_url()))
    assert "The last 24 hours" not in page
    assert "Last good pull 10 s ago" in page


def test_what_is_out_of_order_is_told(browser: Client) -> None:
    node = busy_node()
    pull({node: vllm(300)}, 280)
    page = text_of(browser.get(node.get_absolute_url()))
    assert "The clock went backwards; the pull was set aside. 1 time 20 s ago" in page


@pytest.mark.parametrize(
    ("days", "words"),
    [(-1, "The client certificate expired on"), (29, "Enter a new one before then."), (31, "")],
)
def test_a_certificate_that_expires_is_asked_for_in_time(browser: Client, days: int, words: str) -> None:
    node = busy_node()
    PullTls.objects.create(node=node, client_name="vigie", client_expires_at=NOW + timedelta(days=days, hours=1))
    page = text_of(browser.get(node.get_absolute_url()))
    assert ("The client certificate" in page) is bool(words)
    assert words in page


def test_what_was_refused_of_a_pushing_node_is_said(browser: Client) -> None:
    node = NodeFactory(source="push", url="")
    PushState.objects.create(
        node=node, stream="vllm/a", engine="vllm", problems=["bad_histogram", "odd"], settled_at=NOW
    )
    PushState.objects.create(node=node, stream="", engine="vllm", problems=["too_many_models"])
    page = text_of(browser.get(node.get_absolute_url()))
    assert "Pushed as vllm/a 0 s ago Refused of what was pushed" in page
    assert str(sentence("bad_histogram")) in page
    assert "Refused of what was pushed odd" in page
    assert "Pushed without a job never Refused of what was pushed This node reports more models than the limit." in page


def test_its_site_and_models_have_pages(browser: Client) -> None:
    node = busy_node(site=SiteFactory(key="lyon"))
    page = browser.get(node.get_absolute_url()).content.decode()
    assert 'href="/en/fleet/sites/lyon/"' in page
    assert 'href="/en/fleet/models/detail/?name=m"' in page
