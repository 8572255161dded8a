"""The explorer: what it is asked, what it answers, in the page, the file and the API."""

import csv
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import plotly.graph_objects as go
import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from inference_kpis.catalogue import KPIS
from inference_kpis.dashboards.exploring import Panel, shifted
from inference_kpis.dashboards.figures import line_figure
from inference_kpis.fleet.models import Node
from inference_kpis.readings.queries import DAY, Window
from tests.factories import NodeFactory, SiteFactory
from tests.inference_kpis.api.asking import NOW as STORED
from tests.inference_kpis.api.asking import minute, store_minutes
from tests.inference_kpis.dashboards.asking import NOW, busy_node, pulled, text_of
from tests.inference_kpis.dashboards.test_charts import PARIS
from tests.inference_kpis.expositions import vllm
from tests.pages import queries

pytestmark = pytest.mark.django_db
URL = "kpis:kpi_explore"


def ask(browser: Client, **query: Any) -> Any:
    return browser.get(reverse(URL), query)


def local(**ago: int) -> str:
    """A moment before now, as the form takes it."""
    return f"{timezone.localtime(NOW - timedelta(**ago)):%Y-%m-%dT%H:%M}"


def panel(response: Any) -> Panel:
    (only,) = response.context["explored"].panels
    return only  # type: ignore[no-any-return]


def labels(response: Any) -> list[str]:
    return [row.line.label for row in panel(response).rows]


def two_sites() -> tuple[Node, Node]:
    """Lyon serves one request a second, Paris two."""
    lyon = busy_node(site=SiteFactory(name="Lyon", key="lyon"), name="lyon-1")
    paris = NodeFactory(site=SiteFactory(name="Paris", key="paris", tier="central"), name="paris-1")
    pulled(paris, bodies=[vllm(n) for n in (0, 200, 400, 580)])
    return lyon, paris


def test_it_works(browser: Client) -> None:
    two_sites()
    page = ask(browser)
    text = text_of(page)
    assert "all together 2.85 req/s" in text
    assert "Lyon 0.95 req/s 290 Paris 1.90 req/s 580" in text
    assert "one point every 1 min" in text
    assert "data-explore-now" in page.content.decode()


def test_several_kpis_have_a_chart_each(browser: Client) -> None:
    two_sites()
    page = ask(browser, kpi=["request_rate", "e2e_latency_p95", "availability"])
    panels = page.context["explored"].panels
    assert [each.kpi.key for each in panels] == ["request_rate", "e2e_latency_p95", "availability"]
    for each in panels:
        go.Figure(line_figure(each.chart, zone=PARIS, language="en"))


@pytest.mark.parametrize(
    ("split", "expected"),
    [
        ("none", ["all together"]),
        ("site", ["Lyon", "Paris"]),
        ("tier", ["Central", "Edge"]),
        ("engine", ["vLLM"]),
        ("node", ["lyon-1", "paris-1"]),
    ],
)
def test_splits(browser: Client, split: str, expected: list[str]) -> None:
    two_sites()
    assert labels(ask(browser, split=split)) == expected


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"site": "lyon"}, ["Lyon"]),
        ({"tier": "central"}, ["Paris"]),
        ({"engine": "vllm"}, ["Lyon", "Paris"]),
        ({"engine": "triton"}, []),
        ({"model": "m"}, ["Lyon", "Paris"]),
        ({"site": "lyon", "tier": "central"}, []),
        ({"node": "paris-1", "split": "none"}, ["all together"]),
        ({"site": "lyon", "split": "node"}, ["lyon-1"]),
    ],
)
def test_filters(browser: Client, filters: dict[str, str], expected: list[str]) -> None:
    two_sites()
    assert labels(ask(browser, **filters)) == expected


def test_lines_with_less_traffic_are_in_the_rest(browser: Client) -> None:
    two_sites()
    for number in range(5):
        node = NodeFactory(site=SiteFactory(name=f"Small {number}"))
        pulled(node, bodies=[vllm(n) for n in (0, 1, 2, 3)])
    page = ask(browser, top="4")
    assert labels(page) == ["Lyon", "Paris", "Small 0", "Small 1", "the rest (3)"]
    assert "3 lines with less traffic are in the rest" in text_of(page)
    rows = panel(page).rows
    assert sum(row.line.quantity.samples for row in rows) == panel(page).whole.line.quantity.samples


def test_a_rest_of_one_is_shown_instead(browser: Client) -> None:
    two_sites()
    for number in range(3):
        pulled(NodeFactory(site=SiteFactory(name=f"Small {number}")), bodies=[vllm(n) for n in (0, 1, 2, 3)])
    assert len(labels(ask(browser, top="4"))) == 5


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"kpi": ["no_such"]}, "Select a valid choice."),
        ({"kpi": [kpi for kpi in list(KPIS)[:5]]}, "At most four KPIs at once."),
        ({"split": "colour"}, "Select a valid choice."),
        ({"site": "nowhere"}, "Select a valid choice."),
        ({"node": "nobody"}, "There is no node of this name."),
        ({"node": "lyon-1", "tier": "edge"}, "A node is a part of its own"),
        ({"split": "node", "model": "m"}, "A node’s figures hold all its models"),
        ({"window": ""}, "Write when the window begins."),
        ({"start": "yesterday"}, "Enter a valid date/time."),
        ({"start": local(hours=1), "end": local(hours=2)}, "The start has to be before the end."),
        ({"start": "1999-11-22T10:00"}, "Nothing is as old as that."),
        ({"start": local(days=400)}, "A window is at most 366 days long."),
        ({"compare": "date"}, "Write the date to compare with."),
        ({"compare": "date", "compare_on": local(days=-2)[:10]}, "The compared window begins before this one"),
    ],
)
def test_what_cannot_be_is_said(browser: Client, query: dict[str, Any], sentence: str) -> None:
    two_sites()
    page = ask(browser, **query)
    assert page.status_code == 200
    assert sentence in text_of(page)
    assert page.context["explored"] is None


def test_a_node_name_with_nul_is_refused(browser: Client) -> None:
    assert "Null characters are not allowed." in text_of(ask(browser, node="a\0b"))


def test_times_are_those_of_the_company(browser: Client) -> None:
    two_sites()
    window = ask(browser, start=local(hours=3), end=local(hours=2)).context["explored"].window
    assert (window.start, window.end) == (NOW - timedelta(hours=3), NOW - timedelta(hours=2))


def test_an_earlier_window_is_a_thin_line_and_a_difference(browser: Client) -> None:
    node = NodeFactory(site=SiteFactory(name="Lyon"))
    today = (STORED - timedelta(minutes=5)).astimezone(UTC)
    day = 24 * 60
    store_minutes(
        *(minute(node, ago, 120) for ago in range(4, 8)), *(minute(node, day + ago, 60) for ago in range(4, 8))
    )
    start, end = ((today + timedelta(minutes=m)).astimezone(PARIS).strftime("%Y-%m-%dT%H:%M") for m in (-10, 5))
    page = ask(browser, start=start, end=end, compare="day")
    row = panel(page).rows[0]
    assert row.change
    assert row.change.share == pytest.approx(1.0)
    assert "(+100%)" in text_of(page)
    before = [series for series in panel(page).chart.series if series.is_before]
    assert [each.label for each in before] == ["Lyon, 1 day before"]
    assert 'class="before line-1 dash-1"' in page.content.decode()


@pytest.mark.parametrize(
    ("start", "step", "days", "expected"),
    [
        (datetime(2026, 11, 20, 8, tzinfo=UTC), timedelta(minutes=1), 1, datetime(2026, 11, 19, 8, tzinfo=UTC)),
        # Clocks were put back on 25 October: the same time of day is an hour earlier in UTC.
        (datetime(2026, 10, 26, 8, tzinfo=UTC), timedelta(minutes=1), 7, datetime(2026, 10, 19, 7, tzinfo=UTC)),
        (datetime(2026, 10, 26, 6, tzinfo=UTC), timedelta(hours=3), 7, datetime(2026, 10, 19, 6, tzinfo=UTC)),
        (datetime(2026, 10, 31, 23, tzinfo=UTC), DAY, 30, datetime(2026, 10, 1, 22, tzinfo=UTC)),
    ],
)
def test_the_same_window_earlier(start: datetime, step: timedelta, days: int, expected: datetime) -> None:
    with timezone.override(PARIS):
        earlier = shifted(Window(start, start + timedelta(hours=6), step), days)
    assert earlier.start == expected
    assert earlier.end - earlier.start == timedelta(hours=6)


def test_the_file_is_what_the_page_shows(browser: Client) -> None:
    two_sites()
    query = {"kpi": ["request_rate", "availability"], "window": "15m", "compare": "day"}
    page = ask(browser, **query)
    assert 'href="/en/kpis/explore.csv?kpi=request_rate&amp;kpi=availability' in page.content.decode()
    answer = browser.get(reverse("kpis:kpi_explore_csv"), query)
    rows = list(csv.DictReader(answer.content.decode().splitlines()))
    assert {row["kpi"] for row in rows} == {"request_rate", "availability"}
    drawn = page.context["explored"].panels[0].drawn
    points = [f"{value:.6g}" for row in drawn for _, value in row.line.points if value is not None]
    assert [row["value"] for row in rows if row["kpi"] == "request_rate" and row["value"]] == points
    assert rows[0]["before_start_utc"] < rows[0]["start_utc"]
    assert rows[0]["unit"] == "req/s"


def test_a_file_of_what_cannot_be_leads_to_the_sentence(browser: Client) -> None:
    answer = browser.get(reverse("kpis:kpi_explore_csv"), {"kpi": "no_such"})
    assert answer.status_code == 302
    assert answer["Location"] == "/en/kpis/explore/?kpi=no_such"


@pytest.mark.parametrize(
    "query",
    [
        {"window": "15m", "split": "tier"},
        {"window": "7d", "site": "lyon", "split": "model"},
        {"node": "lyon-1", "split": "model"},
        {"start": local(hours=27), "end": local(hours=0)},
    ],
)
def test_the_request_to_the_api_gives_the_same(browser: Client, query: dict[str, str]) -> None:
    two_sites()
    shown = panel(ask(browser, **query))
    answer = browser.get(shown.api_url)
    assert answer.status_code == 200, answer.content
    body = json.loads(answer.content)
    assert body["quantity"]["value"] == shown.whole.line.quantity.value
    series = {each["key"]: [point["value"] for point in each["points"]] for each in body["series"]}
    assert series == {row.line.key: [value for _, value in row.line.points] for row in shown.rows}


def test_it_keeps_itself_fresh_up_to_now(browser: Client) -> None:
    busy_node()
    page = ask(browser).content.decode()
    assert 'id="explored" class="stack" data-live-url=' in page
    assert "data-live-url" not in ask(browser, start=local(hours=2)).content.decode()


def test_a_poll_brings_the_answer_alone(browser: Client) -> None:
    busy_node()
    answer = browser.get(reverse(URL), {"v": 0}, headers={"HX-Request": "true"})
    assert answer.content.strip().startswith(b'<div id="explored"')


def test_without_a_reading_it_says_so(browser: Client) -> None:
    assert "No data in this window." in text_of(ask(browser))


@pytest.mark.parametrize("split", ["site", "node"])
def test_twenty_sites_cost_as_many_queries_as_one(browser: Client, split: str) -> None:
    busy_node()
    url = f"{reverse(URL)}?split={split}&compare=day&kpi=request_rate&kpi=availability"
    with_one = queries(browser, url)
    pulled(*(NodeFactory(site=SiteFactory()) for _ in range(19)))
    assert queries(browser, url) == with_one


def test_more_than_a_hundred_nodes_are_not_split(browser: Client) -> None:
    site = SiteFactory()
    Node.objects.bulk_create(Node(name=f"n{i}", site=site, source="push") for i in range(101))
    assert "These are more than 100 nodes" in text_of(ask(browser, split="node"))
