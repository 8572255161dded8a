"""Nodes that are read with a mapping: pulled, across changes of it, and never an increase out of a change of words."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from inference_kpis.catalogue import KPIS
from inference_kpis.engines.mapping import Condition, Row
from inference_kpis.fleet.models import Node
from inference_kpis.mappings.models import NodeMapping, SeriesMapping
from inference_kpis.mappings.reading import readers_of
from inference_kpis.readings.algebra import Distribution, Increase, merge_all
from inference_kpis.readings.derived import DERIVED
from inference_kpis.readings.queries import Window, group_readings, kpi_of, node_readings
from inference_kpis.readings.rollups import roll_up_touched
from tests.factories import NodeFactory, scheduled
from tests.inference_kpis.expositions import vllm
from tests.inference_kpis.mappings.makers import (
    ACME,
    FAILED,
    LATENCY,
    REQUESTS,
    a_mapping,
    acme,
    changed,
    mapped_node,
)
from tests.inference_kpis.pulls import START, at, pull

pytestmark = pytest.mark.django_db


def counted(node: Node) -> dict[str, int]:
    """What the node was measured to have done so far, in quanta; of distributions, how many."""
    roll_up_touched(at(3000))
    readings = node_readings([node.pk], Window.ending(at(600), timedelta(hours=1))).get(node.pk, [])
    merged = merge_all(reading for _, reading in readings).measures
    return {
        key: value.amount if isinstance(value, Increase) else value.count
        for key, value in merged.items()
        if isinstance(value, Increase | Distribution) and key not in {"pulls", "successful_pulls"} | DERIVED
    }


@pytest.fixture
def mapping() -> SeriesMapping:
    return a_mapping()


@pytest.fixture
def node(mapping: SeriesMapping) -> Node:
    node = mapped_node(mapping)
    scheduled(node, START)
    return node


def test_it_works(node: Node) -> None:
    pull({node: acme(100)}, 10)
    pull({node: acme(130)}, 20)
    assert counted(node) == {"requests": 30, "failed_requests": 3, "e2e_latency": 30}
    node.refresh_from_db()
    assert node.state == "up"


def test_another_series_under_a_measure_is_no_increase(node: Node, mapping: SeriesMapping) -> None:
    pull({node: acme(100)}, 10)
    pull({node: acme(130)}, 20)
    changed(mapping, replace(REQUESTS, series="acme_request_latency_milliseconds", kind="histogram"), LATENCY)
    pull({node: acme(1000)}, 30)
    assert counted(node)["requests"] == 30
    pull({node: acme(1005)}, 40)
    assert counted(node)["requests"] == 35


@pytest.mark.parametrize(
    "row",
    [
        replace(REQUESTS, conditions=(Condition("status", ("503",)),)),
        replace(REQUESTS, conditions=(Condition("status", ("200",), is_excluding=True),)),
        replace(REQUESTS, series="acme_request_latency_milliseconds", kind="summary"),
    ],
    ids=["narrower", "excluding", "another series"],
)
def test_wider_again_is_no_increase(node: Node, mapping: SeriesMapping, row: Row) -> None:
    """Neither there nor back: what the other words left out is not made up for."""
    pull({node: acme(1000)}, 10)
    changed(mapping, row)
    pull({node: acme(1000)}, 20)
    pull({node: acme(1000)}, 30)
    changed(mapping, REQUESTS)
    pull({node: acme(1000)}, 40)
    pull({node: acme(1000)}, 50)
    assert counted(node)["requests"] == 0


def test_another_unit_is_no_increase(node: Node, mapping: SeriesMapping) -> None:
    energy = Row("energy", "joules_total", "counter", "millijoule")
    changed(mapping, energy)
    pull({node: b"joules_total 5000000\n"}, 10)
    changed(mapping, replace(energy, unit="joule"))
    pull({node: b"joules_total 5000000\n"}, 20)
    pull({node: b"joules_total 5000002\n"}, 30)
    assert counted(node)["energy"] == 2000


def test_another_label_of_the_model_is_no_increase(node: Node, mapping: SeriesMapping) -> None:
    pull({node: acme(1000)}, 10)
    changed(mapping, *ACME.rows, model_labels=())
    pull({node: acme(1000)}, 20)
    changed(mapping, *ACME.rows, model_labels=("model",))
    pull({node: acme(1000)}, 30)
    pull({node: acme(1001)}, 40)
    assert counted(node)["requests"] == 1


def test_what_is_read_as_before_goes_on(node: Node, mapping: SeriesMapping) -> None:
    pull({node: acme(100)}, 10)
    changed(mapping, REQUESTS, replace(LATENCY, unit="second"), FAILED)
    pull({node: acme(130)}, 20)
    assert counted(node) == {"requests": 30, "failed_requests": 3}


def test_the_first_mapping_and_the_last_are_no_increase(node: Node, mapping: SeriesMapping) -> None:
    NodeMapping.objects.all().delete()
    body = acme(1000, name="http_requests_total")
    pull({node: body}, 10)
    pull({node: body}, 20)
    NodeMapping.objects.create(node=node, mapping=mapping)
    changed(mapping, replace(REQUESTS, series="acme_request_latency_milliseconds", kind="histogram"))
    pull({node: body}, 30)
    NodeMapping.objects.all().delete()
    pull({node: body}, 40)
    pull({node: acme(1007, name="http_requests_total")}, 50)
    assert counted(node)["requests"] == 7


def test_a_measure_that_the_code_does_not_read_is_shown(node: Node, mapping: SeriesMapping) -> None:
    time = Row("request_time", "acme_request_latency_milliseconds", "histogram", "millisecond")
    changed(mapping, REQUESTS, time)
    other = NodeFactory(engine="generic")
    scheduled(other, START)
    plain = b'http_requests_total{status="200"} %d\n'
    for seconds, requests in ((10, 100), (20, 200)):
        pull({node: acme(requests), other: plain % requests}, seconds)
    roll_up_touched(at(3000))
    found = kpi_of(KPIS["mean_latency"], group_readings(Window.ending(at(600), timedelta(hours=1))))
    assert found.value == pytest.approx(200)


def test_a_mapping_that_finds_nothing_says_so(node: Node) -> None:
    pull({node: vllm(3)}, 10)
    node.refresh_from_db()
    assert (node.state, node.problem) == ("down", "no_samples")


def test_only_generic_nodes_are_asked_for_mappings(mapping: SeriesMapping) -> None:
    nodes = [NodeFactory() for _ in range(3)]
    with CaptureQueriesContext(connection) as captured:
        assert readers_of(nodes) == {}
    assert len(captured) == 0
    mapped = [mapped_node(mapping) for _ in range(20)]
    readers_of(mapped)
    with CaptureQueriesContext(connection) as captured:
        assert readers_of(mapped).keys() == {node.pk for node in mapped}
    assert len(captured) == 1


def test_another_engine_is_not_read_with_it(mapping: SeriesMapping) -> None:
    node = mapped_node(mapping)
    Node.objects.filter(pk=node.pk).update(engine="vllm")
    node.refresh_from_db()
    assert readers_of([node]) == {}
