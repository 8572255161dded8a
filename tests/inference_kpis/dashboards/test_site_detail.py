"""The page of one site."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from inference_kpis.alerts.models import Alert, AlertRule, Channel, Silence
from inference_kpis.catalogue import KPIS
from inference_kpis.dashboards.breakdown import Compared
from inference_kpis.fleet.health import count_health
from inference_kpis.fleet.models import Node
from inference_kpis.pull.models import PullState
from inference_kpis.readings.statistics import NO_DATA, Quantity
from tests.factories import NodeFactory, SiteFactory, scheduled
from tests.inference_kpis.dashboards.asking import NOW, assert_is_live, busy_node, pulled, text_of
from tests.inference_kpis.expositions import vllm
from tests.inference_kpis.pulls import at
from tests.pages import queries

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def url(key: str = "lyon") -> str:
    return f"/en/fleet/sites/{key}/"


def test_it_works(browser: Client) -> None:
    site = SiteFactory(key="lyon", name="Lyon")
    assert site.get_absolute_url() == reverse("kpis:site_detail", args=["lyon"]) == url()
    busy_node(name="lyon-03", site=site)
    page = browser.get(url())
    text = text_of(page)
    assert "Request rate 0.95 req/s before: no data" in text
    assert "vLLM 100.0% 0.95 req/s" in text
    assert "m 100.0% 0.95 req/s" in text
    assert "lyon-03 Lyon · Edge Up 10 s ago 1 req/s" in text
    assert f"{url()}e2e_latency_p95.csv?window=1h" in page.content.decode()


def test_the_rates_of_the_parts_add_up_to_the_whole(browser: Client) -> None:
    site = SiteFactory(key="lyon")
    busy_node(site=site)
    pulled(NodeFactory(site=site), bodies=("", "", vllm(0, model="late"), vllm(90, model="late")))
    context = browser.get(url()).context
    whole = next(each.quantity.value for each in context["compared"] if each.kpi.key == "request_rate")
    for of_split in (context["by_engine"], context["by_model"]):
        rates = [quantity.value for part in of_split for kpi, quantity in part.quantities if kpi.key == "request_rate"]
        assert sum(rates) == pytest.approx(whole)


def test_only_what_happened_there_counts(browser: Client) -> None:
    busy_node(site=SiteFactory(key="lyon"))
    busy_node(name="elsewhere")
    text = text_of(browser.get(url()))
    assert "Request rate 0.95 req/s" in text
    assert "elsewhere" not in text


@pytest.mark.parametrize(
    ("key", "now", "before", "note"),
    [
        ("request_rate", 3.0, 2.0, "before: 2 req/s (+50%)"),
        ("request_rate", 1.0, 2.0, "before: 2 req/s (−50%)"),
        ("request_rate", 1.0, 0.0, "before: 0 req/s"),
        ("success_ratio", 99.0, 98.0, "before: 98.00%"),
        ("request_rate", 1.0, None, "before: no data"),
        ("request_rate", None, 1.0, "before: 1 req/s"),
    ],
)
def test_the_window_before(key: str, now: float | None, before: float | None, note: str) -> None:
    quantities = [NO_DATA if value is None else Quantity(value) for value in (now, before)]
    assert Compared(KPIS[key], *quantities).note.replace("\u00a0", " ") == note


def test_alerts_silences_and_maintenance_of_the_site(browser: Client, operator: Client) -> None:
    site, other = SiteFactory(key="lyon", name="Lyon"), SiteFactory(name="Nice")
    channel = Channel.objects.create(name="Operators")
    rule = AlertRule.objects.create(name="Down", kind="state", bad_state="down", channel=channel, per="site")
    for place in (site, other):
        Alert.objects.create(rule=rule, key=f"site:{place.pk}", site=place, phase="firing", since=NOW, changed_at=NOW)
    Silence.objects.create(scope="site", site=site, starts_at=NOW, ends_at=NOW + HOUR, reason="New racks")
    Silence.objects.create(
        scope="tier", tier="edge", kind="maintenance", starts_at=NOW + HOUR, ends_at=NOW + 2 * HOUR, reason="Power"
    )
    Silence.objects.create(scope="site", site=other, starts_at=NOW, ends_at=NOW + HOUR, reason="Elsewhere")
    text = text_of(browser.get(url()))
    assert "Down · Lyon Firing" in text
    assert "Down · Nice" not in text
    assert text.index("Silences in force") < text.index("New racks") < text.index("Planned maintenance")
    assert text.index("Planned maintenance") < text.index("Power")
    assert "Elsewhere" not in text
    assert "End now" not in text
    assert "End now" in text_of(operator.get(url()))


def test_a_region_without_workers_is_said(browser: Client) -> None:
    left = SiteFactory(key="lyon", worker_region="rhone")
    scheduled(NodeFactory(site=left), datetime.now(UTC))
    assert "takes from the queue of rhone" not in text_of(browser.get(url()))
    Node.objects.update(registered_at=datetime.now(UTC) - HOUR)
    text = text_of(browser.get(url()))
    assert "pulled from rhone" in text
    assert "Check that a worker takes from the queue of rhone." in text
    PullState.objects.update(pulled_at=datetime.now(UTC))
    assert "takes from the queue of rhone" not in text_of(browser.get(url()))


def test_an_empty_site_says_what_to_do_next(browser: Client, operator: Client) -> None:
    site = SiteFactory(key="lyon")
    assert "This site hosts no node." in text_of(browser.get(url()))
    page = operator.get(url()).content.decode()
    assert f"{reverse('kpis:node_add')}?site={site.pk}" in page
    assert reverse("kpis:site_retire", args=["lyon"]) in page


def test_no_data_and_not_exposed_are_told_apart(browser: Client) -> None:
    node = NodeFactory(site=SiteFactory(key="lyon"), engine="triton")
    pulled(node, bodies=[b'nv_inference_request_success{model="m"} 5\n'] * 4)
    text = text_of(browser.get(url()))
    assert "Success ratio no data" in text
    assert "End-to-end latency, p95 not exposed by this engine" in text


def test_a_retired_site_keeps_its_page(browser: Client) -> None:
    SiteFactory(key="lyon", retired_at=at(0))
    assert "Out of service since" in text_of(browser.get(url()))


@pytest.mark.parametrize("key", ["nowhere", "lyon-2"])
def test_an_unknown_site_is_not_found(browser: Client, key: str) -> None:
    SiteFactory(key="lyon")
    assert browser.get(url(key)).status_code == 404


def test_it_keeps_itself_fresh(browser: Client) -> None:
    busy_node(site=SiteFactory(key="lyon"))
    assert_is_live(browser, url())


def test_its_nodes_are_sorted_as_asked(browser: Client) -> None:
    site = SiteFactory(key="lyon")
    for name in ("a", "b"):
        NodeFactory(name=name, site=site)
    count_health(NOW)
    rows = browser.get(url(), {"sort": "-name", "q": "a", "site": "elsewhere"}).context["rows"]
    assert [row.node.name for row in rows] == ["b", "a"]


def test_twenty_nodes_cost_as_many_queries_as_one(browser: Client) -> None:
    site = SiteFactory(key="lyon")
    busy_node(site=site)
    with_one = queries(browser, url())
    pulled(*(NodeFactory(site=site) for _ in range(19)), bodies=[vllm(n, model="other") for n in (0, 100, 200, 290)])
    assert queries(browser, url()) == with_one


def test_it_is_read_only(browser: Client) -> None:
    SiteFactory(key="lyon")
    assert browser.post(url()).status_code == 405
