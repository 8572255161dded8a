"""Nodes that push and are read with a mapping, across changes of it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from inference_kpis.fleet.models import Node
from inference_kpis.mappings.models import SeriesMapping
from inference_kpis.push.models import PushState
from inference_kpis.readings.store import as_ms
from tests.factories import machine_key
from tests.inference_kpis.mappings.makers import ACME, REQUESTS, a_mapping, acme, changed, mapped_node
from tests.inference_kpis.push.senders import CONTENT_TYPES, scrape, snappy, write_one
from tests.inference_kpis.push.stored import total, wait

pytestmark = pytest.mark.django_db
START = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=30)
Send = Callable[..., None]


@pytest.fixture
def mapping() -> SeriesMapping:
    return a_mapping()


@pytest.fixture
def node(mapping: SeriesMapping) -> Node:
    return mapped_node(mapping, name="lyon-03", source="push", url="")


@pytest.fixture
def send(node: Node, client: Client) -> Send:
    _, text = machine_key(node.site)

    def sent(seconds: int, requests: int, *, is_whole: bool = True) -> None:
        shown = acme(requests) if is_whole else acme(requests).rpartition(b"acme_queue_length")[0]
        body = write_one(scrape(node.name, shown, as_ms(START + timedelta(seconds=seconds))))
        headers = {"Authorization": f"Bearer {text}", "Content-Encoding": "snappy"}
        answer = client.post("/api/v1/write", snappy(body), content_type=CONTENT_TYPES[1], headers=headers)
        assert answer.status_code == 204

    return sent


def test_it_works(send: Send) -> None:
    for seconds, requests in ((0, 100), (15, 110), (30, 130)):
        send(seconds, requests)
    wait()
    assert (total("requests"), total("failed_requests"), total("e2e_latency")) == (30, 3, 30)


def test_a_changed_mapping_is_no_increase(send: Send, mapping: SeriesMapping) -> None:
    send(0, 100)
    send(15, 110)
    wait()
    changed(mapping, replace(REQUESTS, series="acme_request_latency_milliseconds", kind="histogram"))
    send(30, 5000)
    send(45, 5007)
    wait()
    assert total("requests") == 17


def test_what_waited_is_read_as_it_was_meant(send: Send, mapping: SeriesMapping) -> None:
    send(0, 100)
    wait()
    send(15, 110, is_whole=False)
    assert PushState.objects.get().settle_by
    changed(mapping, REQUESTS)
    send(30, 130)
    wait()
    assert total("requests") == 10


def test_new_words_that_say_the_same_change_nothing(send: Send, mapping: SeriesMapping) -> None:
    send(0, 100)
    wait()
    changed(mapping, *ACME.rows)
    send(15, 110)
    wait()
    assert total("requests") == 10
