"""All mappings, one with its history, copies, files, and what a node is read with."""

import json

import pytest
from django.test import Client
from django.urls import reverse

from inference_kpis.dashboards.mapping_views import MOST_FILE_BYTES
from inference_kpis.fleet.models import Node
from inference_kpis.mappings.models import NodeMapping, SeriesMapping
from inference_kpis.mappings.reading import content_of
from tests.factories import NodeFactory
from tests.inference_kpis.dashboards.asking import text_of
from tests.inference_kpis.mappings.makers import ACME, LATENCY, a_mapping, changed, mapped_node
from tests.pages import queries

pytestmark = pytest.mark.django_db
LIST, IMPORT = "/en/fleet/mappings/", "/en/fleet/mappings/import/"


def url(name: str, mapping: SeriesMapping) -> str:
    return reverse(f"kpis:mapping_{name}", args=[mapping.pk])


def test_it_works(browser: Client) -> None:
    assert "No mapping yet" in text_of(browser.get(LIST))
    mapping = a_mapping()
    mapped_node(mapping)
    assert "Acme 1 1" in text_of(browser.get(LIST))


def test_many_cost_no_more_than_one(browser: Client) -> None:
    mapped_node(a_mapping())
    few = queries(browser, LIST)
    for number in range(20):
        mapped_node(a_mapping(f"Mapping {number}"))
    assert queries(browser, LIST) == few


def test_one_says_what_is_read_and_who_changed_it(browser: Client) -> None:
    mapping = a_mapping()
    node = mapped_node(mapping)
    changed(mapping, LATENCY)
    words = text_of(browser.get(mapping.get_absolute_url()))
    assert "End-to-end latency acme_request_latency_milliseconds histogram milliseconds always add up" in words
    assert "1 node is read with it" in words
    assert node.name in words
    assert "acme_served_requests_total" not in words
    earlier = text_of(browser.get(mapping.get_absolute_url(), {"version": "1"}))
    assert "Version 1, an earlier one; version 2 counts." in earlier
    assert "status=5xx" in earlier
    assert browser.get(mapping.get_absolute_url(), {"version": "9"}).status_code == 404


def test_twenty_nodes_cost_no_more_than_one(browser: Client) -> None:
    mapping = a_mapping()
    mapped_node(mapping)
    few = queries(browser, mapping.get_absolute_url())
    for _ in range(20):
        mapped_node(mapping)
    assert queries(browser, mapping.get_absolute_url()) == few


def test_a_copy_has_a_name_of_its_own(operator: Client) -> None:
    mapping = a_mapping()
    for _ in range(2):
        operator.post(url("copy", mapping))
    assert set(SeriesMapping.objects.values_list("name", flat=True)) == {"Acme", "Acme (copy 1)", "Acme (copy 2)"}


def test_one_in_use_stays(operator: Client) -> None:
    mapping = a_mapping()
    mapped_node(mapping)
    assert "Nodes are still read with this mapping." in text_of(operator.post(url("remove", mapping), follow=True))
    NodeMapping.objects.all().delete()
    operator.post(url("remove", mapping))
    assert not SeriesMapping.objects.exists()


def test_a_file_comes_back_as_the_same_mapping(browser: Client, operator: Client) -> None:
    mapping = a_mapping()
    exported = browser.get(url("export", mapping))
    assert exported["Content-Disposition"] == 'attachment; filename="acme.json"'
    mapping.versions.all().delete()
    mapping.delete()
    operator.post(IMPORT, {"text": exported.content.decode()})
    again = SeriesMapping.objects.get()
    assert (again.name, content_of(again.pk, 1)) == ("Acme", ACME)


def row(**values: object) -> dict[str, object]:
    return {"measure": "requests", "series": "a", "kind": "counter", "unit": "count", **values}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "This is no exported mapping."),
        ("[1]", "This is no exported mapping."),
        ("[" * 100_000, "This is no exported mapping."),
        (json.dumps({"name": "x", "rows": []}), "Map at least one series."),
        (json.dumps({"name": "", "rows": [row()]}), "Give the mapping a name"),
        (json.dumps({"name": 5, "rows": [row()]}), "Give the mapping a name"),
        (json.dumps({"name": "x\0", "rows": [row()]}), "Give the mapping a name"),
        (json.dumps({"name": "x", "rows": [row(), row(unit="watt")]}), "Row 2: This unit makes no sense"),
        (json.dumps({"name": "x", "rows": [row(series=5)]}), "A row is an object"),
        ("x" * (MOST_FILE_BYTES + 1), "The file is larger than 256 KB."),
    ],
    ids=range(10),
)
def test_a_file_that_is_not_in_order_changes_nothing(operator: Client, text: str, words: str) -> None:
    assert words in text_of(operator.post(IMPORT, {"text": text}))
    assert not SeriesMapping.objects.exists()


def test_a_file_of_a_name_that_is_there_is_refused(operator: Client) -> None:
    exported = operator.get(url("export", a_mapping())).content.decode()
    assert "Another mapping has this name." in text_of(operator.post(IMPORT, {"text": exported}))
    assert SeriesMapping.objects.count() == 1


# --- What a node is read with ---------------------------------------------------------------------------------------


def of_node(node: Node) -> str:
    return reverse("kpis:node_mapping", args=[node.uuid])


def test_a_node_is_given_a_mapping_and_loses_it(operator: Client) -> None:
    mapping, node = a_mapping(), NodeFactory(engine="generic")
    assert "It is read by the usual names" in text_of(operator.get(of_node(node)))
    assert "Edit what is read" in text_of(operator.get(node.get_absolute_url()))
    operator.post(of_node(node), {"mapping": mapping.pk})
    assert NodeMapping.objects.get().node == node
    assert "It is read with the mapping Acme, version 1." in text_of(operator.get(of_node(node)))
    assert "What is read Acme" in text_of(operator.get(node.get_absolute_url()))
    operator.post(of_node(node), {"mapping": ""})
    assert not NodeMapping.objects.exists()


def test_a_node_of_another_engine_has_nothing_to_choose(operator: Client) -> None:
    node, mapping = NodeFactory(), a_mapping()
    assert "Only nodes of the engine Prometheus" in text_of(operator.get(of_node(node)))
    assert "Edit what is read" not in text_of(operator.get(node.get_absolute_url()))
    assert "Choose that engine for the node first." in text_of(operator.post(of_node(node), {"mapping": mapping.pk}))
    assert not NodeMapping.objects.exists()


def test_who_only_reads_changes_nothing(browser: Client) -> None:
    mapping, node = a_mapping(), NodeFactory(engine="generic")
    assert browser.post(of_node(node), {"mapping": mapping.pk}).status_code == 404
    for name in ("copy", "remove"):
        assert browser.post(url(name, mapping)).status_code == 403
    assert browser.post(IMPORT, {"text": json.dumps({"name": "x", "rows": [row()]})}).status_code == 403
    assert (SeriesMapping.objects.count(), NodeMapping.objects.count()) == (1, 0)
