"""The fleet page: all nodes, worst first, with what each is doing."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext

from inference_kpis.dashboards.models import NodeFigures
from inference_kpis.dashboards.node_figures import work_out_figures
from inference_kpis.dashboards.node_rows import NODES_PER_PAGE
from inference_kpis.dashboards.site_cells import SITES_PER_PAGE
from inference_kpis.fleet.health import count_health
from inference_kpis.fleet.models import Node
from tests.factories import NodeFactory, SiteFactory
from tests.inference_kpis.dashboards.asking import NOW, assert_is_live, busy_node, pulled, text_of
from tests.inference_kpis.expositions import vllm
from tests.inference_kpis.pulls import at
from tests.pages import queries

pytestmark = pytest.mark.django_db
URL = "/en/fleet/"
State = Node.State


def names(response: object) -> list[str]:
    """The nodes of the table, in its order."""
    return [row.node.name for row in response.context["rows"]]  # type: ignore[attr-defined]


def test_it_works(browser: Client) -> None:
    busy_node(name="lyon-03", site=SiteFactory(name="Lyon"))
    assert reverse("kpis:fleet") == URL
    page = text_of(browser.get(URL))
    assert "Fleet: 1 of 1 nodes up" in page
    assert "lyon-03 Lyon · Edge Up 10 s ago 1 req/s 100% ≥ 1,000 ms 0 requests" in page


def test_an_empty_fleet_says_what_to_do_next(browser: Client, operator: Client) -> None:
    assert "No node yet" in text_of(browser.get(URL))
    assert "Register a node" not in text_of(browser.get(URL))
    assert reverse("kpis:node_add") in operator.get(URL).content.decode()


def test_down_and_no_data_and_not_exposed_are_three_different_text_of(browser: Client) -> None:
    down, idle, triton = NodeFactory(name="a"), NodeFactory(name="b"), NodeFactory(name="c", engine="triton")
    pulled(down, bodies=["connection_failed"] * 4)
    pulled(idle, bodies=[b'vllm:num_requests_running{model_name="m"} 0\n'] * 4)
    pulled(triton, bodies=[b'nv_inference_request_success{model="m"} 5\n'] * 4)
    page = text_of(browser.get(URL))
    assert "Down 10 s ago no data no data no data no data" in page
    assert "Up 10 s ago no data no data no data no data" in page
    assert "Up 10 s ago 0 req/s no data not exposed by this engine no data" in page


def test_the_worst_come_first(browser: Client) -> None:
    states = {"a": State.UP, "b": State.WAITING, "c": State.DOWN, "d": State.SILENT, "e": State.PAUSED, "f": State.DOWN}
    for name, state in states.items():
        NodeFactory(name=name, state=state, severity=Node.SEVERITY[state])
    count_health(NOW)
    assert names(browser.get(URL)) == ["c", "f", "d", "b", "a", "e"]


def test_a_retired_node_is_gone(browser: Client) -> None:
    NodeFactory(name="kept")
    NodeFactory(name="gone", retired_at=at(0))
    count_health(NOW)
    assert names(browser.get(URL)) == ["kept"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"site": "lyon"}, ["a", "b-lyon"]),
        ({"state": "down"}, ["a"]),
        ({"engine": "triton"}, ["c"]),
        ({"tier": "region"}, ["c"]),
        ({"q": "LYON"}, ["b-lyon"]),
        ({"site": "lyon", "state": "down", "engine": "vllm", "q": "a"}, ["a"]),
        ({"state": "no-such-state"}, ["a", "b-lyon", "c"]),
        ({"page": "2"}, ["a", "b-lyon", "c"]),
        ({"page": "x"}, ["a", "b-lyon", "c"]),
        ({"q": "\0lyon\0"}, ["b-lyon"]),
        ({"site": "\0", "engine": "\0"}, ["a", "b-lyon", "c"]),
    ],
)
def test_filters(browser: Client, query: dict[str, str], found: list[str]) -> None:
    lyon = SiteFactory(key="lyon")
    NodeFactory(name="a", site=lyon, state=State.DOWN, severity=0)
    NodeFactory(name="b-lyon", site=lyon)
    NodeFactory(name="c", engine="triton", site=SiteFactory(tier="region"))
    count_health(NOW)
    assert names(browser.get(URL, query)) == found


@pytest.mark.parametrize("query", [{"site": "nowhere"}, {"engine": "none"}, {"q": "x" * 5000}])
def test_what_matches_nothing_leads_back(browser: Client, query: dict[str, str]) -> None:
    NodeFactory()
    count_health(NOW)
    page = browser.get(URL, query)
    assert names(page) == []
    assert f'href="{URL}"' in page.content.decode()


def test_a_filter_is_kept_in_its_form(browser: Client) -> None:
    busy_node(name="lyon-03")
    page = browser.get(URL, {"q": '"><script>', "state": "up"}).content.decode()
    assert 'value="&quot;&gt;&lt;script&gt;"' in page
    assert '<option value="up" selected>' in page


def test_many_nodes_come_in_pages(browser: Client) -> None:
    for number in range(NODES_PER_PAGE + 1):
        NodeFactory(name=f"n{number:03}")
    count_health(NOW)
    assert len(names(browser.get(URL))) == NODES_PER_PAGE
    assert names(browser.get(URL, {"page": 2})) == names(browser.get(URL, {"page": 999})) == [f"n{NODES_PER_PAGE:03}"]


def test_a_site_shows_what_is_not_well(browser: Client) -> None:
    site = SiteFactory(name="Lyon")
    for state in (State.UP, State.DOWN, State.SILENT):
        NodeFactory(site=site, state=state, severity=Node.SEVERITY[state])
    count_health(NOW)
    assert "Lyon Edge 1 down 1 silent 1 up" in text_of(browser.get(URL, {"view": "grid"}))


def test_old_counts_are_called_old(browser: Client) -> None:
    NodeFactory()
    count_health(at(0))
    assert "The background work stands still; these figures are old. 5 min ago" in text_of(browser.get(URL))
    count_health(NOW)
    assert "stands still" not in text_of(browser.get(URL))


def test_it_keeps_itself_fresh(browser: Client) -> None:
    busy_node()
    assert_is_live(browser, URL)


def test_a_node_that_falls_silent_is_a_change(browser: Client) -> None:
    node = busy_node()
    count_health(at(1000))
    node.refresh_from_db()
    assert node.state == State.SILENT
    answer = browser.get(URL, {"v": 1}, headers={"HX-Request": "true"})
    assert "0 of 1 nodes up" in text_of(answer)


def test_only_an_operator_is_offered_to_register(browser: Client, operator: Client) -> None:
    busy_node()
    assert "Register a node" in text_of(operator.get(URL))
    assert "Register a node" not in text_of(browser.get(URL))


def test_demo_nodes_are_marked(browser: Client) -> None:
    busy_node(name="lyon-03", is_demo=True)
    assert "lyon-03 demo" in text_of(browser.get(URL))


def test_in_french(browser: Client) -> None:
    busy_node()
    page = browser.get("/fr/fleet/")
    assert b'<html lang="fr">' in page.content
    with translation.override("fr"):
        assert gettext("Nodes, worst first") in text_of(page)
    # A narrow space between thousands, a wide one before the percent sign.
    assert "100 %" in text_of(page)
    assert "1\u202f000" in page.content.decode()


def test_twenty_nodes_cost_as_many_queries_as_one(browser: Client) -> None:
    site = SiteFactory()
    busy_node(site=site)
    with_one = queries(browser, URL)
    pulled(*(NodeFactory(site=site) for _ in range(19)))
    assert queries(browser, URL) == with_one
    assert len(names(browser.get(URL))) == 20


def test_it_is_read_only(browser: Client) -> None:
    assert browser.post(URL).status_code == 405


@pytest.mark.parametrize(
    ("state", "is_expected"), [("up", True), ("down", True), ("paused", False), ("waiting", False)]
)
def test_figures_grow_old_only_where_newer_ones_are_expected(browser: Client, state: str, is_expected: bool) -> None:
    NodeFactory(state=state, severity=Node.SEVERITY[state])
    count_health(NOW)
    assert ("data-live-at=" in browser.get(URL).content.decode()) is is_expected


# --- Models, order, counts ---------------------------------------------------------------------------------------------


def test_nodes_of_a_model(browser: Client) -> None:
    busy_node(name="a")
    pulled(NodeFactory(name="b"), bodies=[vllm(n, model="x/y") for n in (0, 1, 2, 3)])
    assert names(browser.get(URL, {"model": "x/y"})) == ["b"]
    assert names(browser.get(URL, {"model": "m"})) == ["a"]
    assert names(browser.get(URL, {"model": "unknown"})) == []
    assert '<option value="unknown" selected>' in browser.get(URL, {"model": "unknown"}).content.decode()


@pytest.mark.parametrize(
    ("sort", "found"),
    [
        ("name", ["a", "b", "c"]),
        ("-name", ["c", "b", "a"]),
        ("site", ["b", "c", "a"]),
        ("state", ["c", "a", "b"]),
        ("-request_rate", ["b", "a", "c"]),
        ("request_rate", ["a", "b", "c"]),
        ("age", ["b", "a", "c"]),
        ("-age", ["a", "b", "c"]),
        ("no_such_column", ["c", "a", "b"]),
    ],
)
def test_order(browser: Client, sort: str, found: list[str]) -> None:
    """What has no value comes last, whichever way."""
    z = SiteFactory(name="Z")
    a, b = NodeFactory(name="a", site=z), NodeFactory(name="b", site=SiteFactory(name="A"))
    NodeFactory(name="c", site=SiteFactory(name="M"), state=State.DOWN, severity=0)
    pulled(a, bodies=[vllm(n) for n in (0, 1, 2, 3)])
    pulled(b)
    NodeFigures.objects.all().delete()
    work_out_figures(NOW)
    NodeFigures.objects.filter(node=a).update(heard_at=at(200))
    assert names(browser.get(URL, {"sort": sort})) == found


def test_a_click_on_a_column_turns_its_order(browser: Client) -> None:
    busy_node()
    page = browser.get(URL, {"site": "", "sort": "-request_rate", "page": "1"}).content.decode()
    assert '<th scope="col" aria-sort="descending"><a href="/en/fleet/?site=&amp;sort=request_rate">' in page
    assert '<option value="-request_rate" selected>' in page


def test_states_are_counted_and_lead_to_their_nodes(browser: Client) -> None:
    busy_node(name="a")
    NodeFactory(name="b", state=State.DOWN, severity=0)
    count_health(NOW)
    page = browser.get(URL, {"q": "", "page": "1"})
    assert "1 down 1 up" in text_of(page)
    assert "/en/fleet/?q=&amp;state=down" in page.content.decode()
    # Counted among what the text finds, whatever state is chosen.
    assert "1 up" in text_of(browser.get(URL, {"q": "a", "state": "down"}))
    assert browser.get(URL, {"q": "a", "state": "up"}).context["page"].paginator.count == 1


# --- The grid ----------------------------------------------------------------------------------------------------------


def test_the_grid_puts_sites_with_trouble_first(browser: Client) -> None:
    for name, state in (("A", State.UP), ("B", State.SILENT), ("C", State.DOWN)):
        NodeFactory(site=SiteFactory(name=name), state=state, severity=Node.SEVERITY[state])
    SiteFactory(name="Empty")
    count_health(NOW)
    page = browser.get(URL, {"view": "grid"})
    assert [each.site.name for each in page.context["page"]] == ["C", "B", "A"]
    assert 'aria-label="C: 1 down"' in page.content.decode()
    assert [each.site.name for each in browser.get(URL, {"view": "grid", "state": "up"}).context["page"]] == ["A"]
    assert [each.site.name for each in browser.get(URL, {"view": "grid", "engine": "vllm"}).context["page"]] == [
        *("C", "B", "A")
    ]
    assert "No node matches." in text_of(browser.get(URL, {"view": "grid", "q": "nothing"}))


def test_many_sites_come_in_pages_and_a_large_one_is_cut(browser: Client) -> None:
    for _ in range(SITES_PER_PAGE + 1):
        NodeFactory(state=State.UP, severity=3)
    NodeFactory.create_batch(300, site=SiteFactory(name="Large"), state=State.DOWN, severity=0)
    count_health(NOW)
    page = browser.get(URL, {"view": "grid"})
    assert "Large Edge and 60 more 300 down" in text_of(page)
    assert len(page.context["page"]) == SITES_PER_PAGE
    assert len(browser.get(URL, {"view": "grid", "page": 2}).context["page"]) == 2


@pytest.mark.parametrize("query", ["?view=grid", "?view=grid&engine=vllm", "?sort=-request_rate", "?model=m&state=up"])
def test_more_nodes_and_sites_cost_no_more_queries(browser: Client, query: str) -> None:
    busy_node()
    with_one = queries(browser, URL + query)
    pulled(*(NodeFactory() for _ in range(19)))
    assert queries(browser, URL + query) == with_one
