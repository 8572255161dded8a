"""The wall screen: big figures, states in words, and a loud sign when nothing newer comes in."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from inference_kpis.alerts.models import Alert, AlertRule, Channel
from inference_kpis.catalogue import KPIS
from inference_kpis.dashboards.wall import MOST_SITES, USUAL_KPIS
from inference_kpis.fleet.health import count_health
from inference_kpis.fleet.models import Node
from tests.factories import NodeFactory, SiteFactory
from tests.inference_kpis.dashboards.asking import NOW, busy_node, pulled, text_of
from tests.inference_kpis.expositions import vllm
from tests.inference_kpis.pulls import at
from tests.pages import queries

pytestmark = pytest.mark.django_db
URL = "kpis:wall_screen"


def ask(browser: Client, **query: Any) -> Any:
    return browser.get(reverse(URL), query)


def rule(kpi: str = "request_rate", **values: Any) -> AlertRule:
    return AlertRule.objects.create(
        **{
            "name": "Few requests",
            "kind": "kpi",
            "kpi": kpi,
            "side": "below",
            "threshold": 9,
            "clear_threshold": 9,
            "channel": Channel.objects.create(name="Operators"),
            **values,
        }
    )


def two_sites() -> None:
    busy_node(site=SiteFactory(name="Lyon", key="lyon"))
    pulled(NodeFactory(site=SiteFactory(name="Paris", key="paris")), bodies=[vllm(n) for n in (0, 200, 400, 580)])


def test_it_works(browser: Client) -> None:
    two_sites()
    page = ask(browser)
    text = text_of(page)
    assert "Request rate 2.85 req/s No rule watches it" in text
    assert "Lyon 1 of 1 up" in text
    assert "No alert firing" in text
    assert f"figures from {timezone.localtime(at(290)):%H:%M:%S}" in text
    assert [tile.kpi.key for tile in page.context["wall"].tiles] == [*USUAL_KPIS]
    assert "OLD FIGURES: nothing newer" not in text


def test_a_site_shows_its_own_figures(browser: Client) -> None:
    two_sites()
    page = ask(browser, site="lyon", kpi="request_rate")
    assert "Lyon" in text_of(page)
    assert "Request rate 0.95 req/s" in text_of(page)


def test_states_are_words(browser: Client) -> None:
    two_sites()
    watched = rule()
    assert "Request rate 2.85 req/s Within its limits" in text_of(ask(browser))
    Alert.objects.create(rule=watched, phase="firing", since=NOW, changed_at=NOW)
    text = text_of(ask(browser))
    assert "Request rate 2.85 req/s Alert" in text
    assert "1 alert firing Few requests Whole fleet" in text


def test_an_alert_of_another_site_is_not_this_ones(browser: Client) -> None:
    two_sites()
    paris = Node.objects.get(site__key="paris").site
    Alert.objects.create(rule=rule(scope="site", site=paris), site=paris, phase="firing", since=NOW, changed_at=NOW)
    assert ask(browser, site="lyon").context["wall"].alert_count == 0
    assert ask(browser, site="paris").context["wall"].alert_count == 1


def test_fleet_and_sites_take_turns(browser: Client) -> None:
    two_sites()
    seen = set()
    for seconds in (0, 15, 30):
        with time_machine.travel(NOW + timedelta(seconds=seconds), tick=False):
            site = ask(browser, rotate="15").context["wall"].site
        seen.add(site.name if site else None)
    assert seen == {None, "Lyon", "Paris"}


def test_a_poll_brings_nothing_until_something_changes(browser: Client) -> None:
    two_sites()
    version = ask(browser).context["version"]

    def poll() -> Any:
        return browser.get(reverse(URL), {"v": version}, headers={"HX-Request": "true"})

    assert (poll().status_code, poll().content) == (204, b"")
    with time_machine.travel(NOW + timedelta(minutes=1), tick=False):
        later = poll()
    assert later.status_code == 200
    assert later.content.strip().startswith(b'<main id="wall"')


def test_old_figures_are_said_without_scripts_too(browser: Client) -> None:
    two_sites()
    with time_machine.travel(NOW + timedelta(minutes=3), tick=False):
        page = ask(browser)
    assert "OLD FIGURES: nothing newer has come in." in text_of(page)
    assert '<noscript><meta http-equiv="refresh" content="30"></noscript>' in page.content.decode()


def test_an_empty_installation_has_no_old_figures(browser: Client) -> None:
    text = text_of(ask(browser))
    assert "OLD FIGURES: nothing newer" not in text
    assert "no figures yet" in text
    assert "No site yet." in text


@pytest.mark.parametrize(
    "query",
    [{"kpi": ["no_such"]}, {"kpi": list(KPIS)[:9]}, {"site": "nowhere"}, {"rotate": "1"}, {"window": "366d"}],
)
def test_what_cannot_be_is_said(browser: Client, query: dict[str, Any]) -> None:
    page = ask(browser, **query)
    assert page.status_code == 200
    assert "This screen cannot be shown" in text_of(page)


def test_many_sites_cost_as_many_queries_as_one(browser: Client) -> None:
    busy_node()
    with_one = queries(browser, reverse(URL))
    pulled(*(NodeFactory(site=SiteFactory()) for _ in range(19)))
    assert queries(browser, reverse(URL)) == with_one
    page = ask(browser)
    assert f"and {20 - MOST_SITES} more sites" in text_of(page)


def test_sites_in_trouble_come_first(browser: Client) -> None:
    two_sites()
    Node.objects.filter(site__key="paris").update(state="down", severity=0)
    count_health(NOW)
    assert [health.site.name for health, _ in ask(browser).context["sites"]] == ["Paris", "Lyon"]
