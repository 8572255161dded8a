"""The page on which a mapping is written: the node's own series, suggestions, a preview at every row, two editors."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from pytest_django import Settings
from redis.exceptions import ConnectionError as RedisGone

from inference_kpis.engines.mapping import Content
from inference_kpis.fleet.models import Node
from inference_kpis.mappings.models import NodeMapping, SeriesMapping, SeriesMappingVersion
from inference_kpis.mappings.reading import content_of
from tests.factories import NodeFactory
from tests.inference_kpis.dashboards.asking import NOW, text_of
from tests.inference_kpis.dashboards.mapping_forms import mapping_data
from tests.inference_kpis.expositions import recorded
from tests.inference_kpis.mappings.makers import ACME, FAILED, LATENCY, QUEUE, REQUESTS, a_mapping, acme, changed
from tests.inference_kpis.pull.hostile import PATHS, Server, serving

pytestmark = pytest.mark.django_db
ADD = "/en/fleet/mappings/new/"


def edit_url(mapping: SeriesMapping) -> str:
    return reverse("kpis:mapping_edit", args=[mapping.pk])


@pytest.fixture
def server(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setitem(PATHS, "acme", lambda to: to.answer(acme(to.requests)))
    monkeypatch.setitem(PATHS, "unknown", lambda to: to.answer(recorded("unknown")))
    with serving() as server:
        settings.DEMO_ENDPOINTS = frozenset({f"127.0.0.1:{server.port}"})
        yield server


@pytest.fixture
def node(server: Server) -> Node:
    node: Node = NodeFactory(name="lyon-07", engine="generic", url=f"http://127.0.0.1:{server.port}/acme")
    return node


def test_it_works(operator: Client) -> None:
    page = operator.post(ADD, mapping_data(REQUESTS, FAILED, LATENCY, QUEUE))
    mapping = SeriesMapping.objects.get()
    assert page["Location"] == mapping.get_absolute_url()
    assert content_of(mapping.pk, 1) == ACME
    assert "Change a mapping" in text_of(operator.get(edit_url(mapping)))


def test_the_series_of_the_node_stand_beside_it(operator: Client, node: Node, server: Server) -> None:
    node.url = node.url.replace("acme", "unknown")
    node.save()
    words = text_of(operator.get(ADD, {"node": node.uuid}))
    for found in (
        "acme_served_requests_total Use counter · 3 series · model llama, mistral · status 200, 503",
        "Requests that the server answered.",
        "acme_board_power_watts Use gauge · 41.5",
        "acme_uptime Use no kind said · 7,200",
        "The node does not say what kind it is.",
        "Requests ← acme_served_requests_total",
        "The node shows the label model.",
    ):
        assert found in words


def test_a_preview_tells_what_grew_between_two_looks(operator: Client, node: Node, server: Server) -> None:
    server.requests = 50
    with time_machine.travel(NOW, tick=False) as now:
        form = mapping_data(REQUESTS, LATENCY, QUEUE, preview="1", node=node.uuid)
        first = text_of(operator.post(ADD, form))
        assert "50 requests so far. Look again in a few seconds to see it grow." in first
        assert "6 requests" in first
        server.requests = 62
        now.shift(timedelta(seconds=5))
        second = text_of(operator.post(ADD, form))
    assert "llama +12 requests in 5 s" in second
    assert "llama +12 values in 5 s, on average 200 ms" in second
    assert not SeriesMapping.objects.exists()


def test_each_keystroke_does_not_fetch(operator: Client, node: Node, server: Server) -> None:
    form = mapping_data(preview="1", node=node.uuid)
    server.requests = 50
    operator.post(ADD, form)
    server.requests = 99
    assert "50 requests so far" in text_of(operator.post(ADD, form))


def test_only_the_preview_comes_back_with_each_row_in_its_place(operator: Client, node: Node) -> None:
    form = mapping_data(REQUESTS, replace(QUEUE, series="nowhere"), preview="1", node=node.uuid)
    page = operator.post(ADD, form, headers={"HX-Request": "true"})
    body = page.content.decode()
    assert "<html" not in body
    assert 'id="reads-1" hx-swap-oob="true"' in body
    assert "The node does not show this series." in body
    assert "HX-Request" in page["Vary"]


def test_only_the_series_come_back_when_one_is_looked_for(operator: Client, node: Node) -> None:
    page = operator.post(ADD, mapping_data(series="1", q="QUEUE", node=node.uuid), headers={"HX-Request": "true"})
    assert "<html" not in page.content.decode()
    words = text_of(page)
    assert "acme_queue_length" in words
    assert "acme_request_latency_milliseconds" not in words


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (replace(REQUESTS, kind="gauge"), "This measure is counted: it needs a counter, a summary or a histogram."),
        (replace(LATENCY, unit="watt"), "This unit makes no sense for this measure."),
        ({"measure": "requests", "series": ""}, "This field is required."),
        ({"measure": "requests", "series": "a", "conditions": "status"}, "Write conditions as label=value"),
        ({"measure": "nonsense", "series": "a"}, "Select a valid choice."),
    ],
)
def test_what_is_wrong_is_said_at_the_row_and_changes_nothing(operator: Client, row: object, words: str) -> None:
    page = operator.post(ADD, mapping_data(REQUESTS, row))  # type: ignore[arg-type]
    assert words in text_of(page)
    assert "Some rows are not in order" in text_of(page)
    assert not SeriesMapping.objects.exists()


def test_two_rows_that_count_the_same_are_refused(operator: Client) -> None:
    page = operator.post(ADD, mapping_data(REQUESTS, {}, REQUESTS))
    assert "Row 1 counts the same series" in text_of(page)
    assert not SeriesMapping.objects.exists()


def test_an_empty_mapping_is_refused(operator: Client) -> None:
    assert "Map at least one series." in text_of(operator.post(ADD, mapping_data({})))


def test_a_name_is_taken_once(operator: Client) -> None:
    a_mapping("Acme")
    assert "already exists" in text_of(operator.post(ADD, mapping_data()))


def test_suggestions_are_taken_with_one_click(operator: Client, node: Node) -> None:
    one = operator.post(ADD, mapping_data({}, take="requests", node=node.uuid, model_labels=""))
    assert 'value="acme_served_requests_total"' in one.content.decode()
    assert 'name="model_labels" value="model"' in one.content.decode()
    everything = operator.post(ADD, mapping_data(REQUESTS, take="all", node=node.uuid))
    body = everything.content.decode()
    assert 'value="acme_request_latency_milliseconds"' in body
    assert body.count("<legend>") == body.count('class="card stack mapping-row"') > 2
    assert not SeriesMapping.objects.exists()


def test_a_series_is_used_with_one_click(operator: Client, node: Node) -> None:
    page = operator.post(ADD, mapping_data(REQUESTS, use="acme_queue_length", node=node.uuid))
    body = page.content.decode()
    assert 'name="row-1-series" value="acme_queue_length"' in body
    assert '<option value="queue_depth" selected>' in body


def test_rows_are_added_and_removed(operator: Client) -> None:
    body = operator.post(ADD, mapping_data(REQUESTS, add="1")).content.decode()
    assert 'name="rows" value="2"' in body
    body = operator.post(ADD, mapping_data(REQUESTS, LATENCY, remove="0")).content.decode()
    assert 'name="rows" value="1"' in body
    assert "acme_served_requests_total" not in body


def test_a_pasted_page_stands_in_for_a_node(operator: Client) -> None:
    page = operator.post(ADD, mapping_data(preview="1", pasted=acme(50).decode()))
    assert "50 requests so far" in text_of(page)


def test_hostile_names_are_shown_and_do_nothing(operator: Client) -> None:
    hostile = (
        '# HELP evil_total <script>alert(1)</script>\n# TYPE evil_total counter\nevil_total{model="<img src=x>"} 1\n'
    )
    body = operator.post(ADD, mapping_data(look="1", pasted=hostile)).content.decode()
    assert "evil_total" in body
    assert "<script>alert" not in body
    assert "<img" not in body
    refused = operator.post(ADD, mapping_data({"measure": "requests", "series": '"><script>x'}))
    assert b"<script>x" not in refused.content


def test_a_thousand_series_are_cut_with_a_word(operator: Client) -> None:
    pasted = "".join(f"series_{number}_total 1\n" for number in range(1000))
    page = operator.post(ADD, mapping_data(look="1", pasted=pasted))
    words = text_of(page)
    assert "1,000 series under 1,000 names." in words
    assert "The first 200 names are listed, 800 more are not" in words
    assert page.content.decode().count('name="use"') == 200
    found = operator.post(ADD, mapping_data(series="1", q="series_777", pasted=pasted))
    assert "series_777_total" in text_of(found)


def test_what_cannot_be_read_is_said(operator: Client, node: Node) -> None:
    node.url = node.url.replace("acme", "html")
    node.save()
    assert "The answer is no metrics page." in text_of(operator.get(ADD, {"node": node.uuid}))
    assert "The exposition is malformed" in text_of(operator.post(ADD, mapping_data(look="1", pasted="a{ 1\n")))


def test_a_lost_cache_costs_a_fetch(operator: Client, node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_args: object, **_kwargs: object) -> None:
        raise RedisGone

    monkeypatch.setattr("inference_kpis.pull.sampling.cache.set", gone)
    monkeypatch.setattr("inference_kpis.pull.sampling.cache.get", gone)
    assert "acme_queue_length" in text_of(operator.get(ADD, {"node": node.uuid}))


def test_a_pushed_node_is_told_to_paste(operator: Client) -> None:
    node = NodeFactory(engine="generic", source="push", url="")
    assert "paste the metrics page of its server" in text_of(operator.get(ADD, {"node": node.uuid}))


def test_saving_gives_it_to_the_node_it_was_written_for(operator: Client) -> None:
    node = NodeFactory(engine="generic")
    operator.post(f"{ADD}?node={node.uuid}&give=1", mapping_data())
    assert NodeMapping.objects.get().node == node


def test_a_node_of_another_engine_is_given_none(operator: Client) -> None:
    page = operator.post(f"{ADD}?node={NodeFactory().uuid}&give=1", mapping_data())
    assert "Only nodes of the engine Prometheus are read with a mapping." in text_of(page)
    assert not SeriesMapping.objects.exists()


def test_of_two_editors_the_second_is_told_and_may_insist(operator: Client) -> None:
    mapping = a_mapping()
    changed(SeriesMapping.objects.get(), LATENCY)
    page = operator.post(edit_url(mapping), mapping_data(QUEUE, seen_version="1"))
    assert page.status_code == 409
    assert "Somebody saved this mapping while you edited it." in text_of(page)
    assert content_of(mapping.pk, 2) == Content((LATENCY,), ("model",))
    assert SeriesMappingVersion.objects.count() == 2
    assert 'name="seen_version" value="2"' in page.content.decode()
    assert 'value="acme_queue_length"' in page.content.decode()
    assert operator.post(edit_url(mapping), mapping_data(QUEUE, seen_version="2")).status_code == 302
    assert content_of(mapping.pk, 3) == Content((QUEUE,), ("model",))


def test_an_earlier_version_can_be_started_from(operator: Client) -> None:
    mapping = a_mapping()
    changed(SeriesMapping.objects.get(), LATENCY)
    body = operator.get(edit_url(mapping), {"version": "1"}).content.decode()
    assert 'value="acme_served_requests_total"' in body
    assert 'name="seen_version" value="2"' in body


@pytest.mark.parametrize("rows", ["x", "-1", "99999999999", "²"])
def test_a_count_of_rows_that_makes_no_sense_is_none(operator: Client, rows: str) -> None:
    assert "Map at least one series." in text_of(operator.post(ADD, mapping_data(rows=rows)))


def test_who_only_reads_is_refused(browser: Client) -> None:
    assert browser.post(ADD, mapping_data()).status_code == 403
    assert not SeriesMapping.objects.exists()
