"""`POST /api/v1/otlp/v1/metrics`: cumulative and delta, protocol buffers and JSON, stored once."""

import gzip
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client
from google.protobuf import json_format
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric

from inference_kpis.fleet.models import Node, Site
from inference_kpis.push.api import authentication
from inference_kpis.push.models import PushState
from inference_kpis.readings import store
from inference_kpis.readings.algebra import Distribution, Increase, Level
from inference_kpis.readings.store import as_ms
from tests.factories import NodeFactory, SiteFactory, machine_key
from tests.inference_kpis.push.senders import NS, counter, export, gauge, histogram
from tests.inference_kpis.push.stored import total, wait

pytestmark = pytest.mark.django_db
START = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=30)
PROTOBUF, JSON = "application/x-protobuf", "application/json"
CUMULATIVE, DELTA = 2, 1
Post = Callable[..., Any]


def ms(seconds: float) -> int:
    return as_ms(START + timedelta(seconds=seconds))


@pytest.fixture
def site() -> Site:
    return SiteFactory()


@pytest.fixture
def node(site: Site) -> Node:
    return NodeFactory(site=site, name="lyon-03", engine="generic", source="push", url="")


@pytest.fixture
def post(site: Site, client: Client) -> Post:
    _, text = machine_key(site)

    def send(request: Any, *, kind: str = PROTOBUF, key: str = text, **headers: str) -> Any:
        if isinstance(request, ExportMetricsServiceRequest):
            as_text = json_format.MessageToJson(request, use_integers_for_enums=True)
            request = request.SerializeToString() if kind == PROTOBUF else as_text.encode()
        if headers.get("Content-Encoding") == "gzip":
            request = gzip.compress(request, mtime=0)
        headers = {"Authorization": f"Bearer {key}", "Accept": "application/x-protobuf", **headers}
        # The type is named apart, since the client leaves it out where there is no body.
        return client.post("/api/v1/otlp/v1/metrics", request, kind, headers=headers, CONTENT_TYPE=kind)

    return send


def collected(seconds: float, requests: int, *, since: float = 0, temporality: int = CUMULATIVE) -> list[Metric]:
    """What an application shows: requests, how long they took, and how many wait."""
    span = ms(since), ms(seconds)
    return [
        counter("http.requests", requests, *span, temporality=temporality),
        histogram(
            "http.server.request.duration",
            [0.1, 0.5],
            [requests // 2, requests - requests // 2, 0],
            requests * 0.2,
            *span,
            temporality=temporality,
        ),
        gauge("num_requests_waiting", 3, ms(seconds)),
    ]


def partial_success(answer: Any) -> tuple[int, str]:
    assert answer.status_code == 200
    found = ExportMetricsServiceResponse.FromString(answer.content).partial_success
    return found.rejected_data_points, found.error_message


@pytest.mark.parametrize("kind", [PROTOBUF, JSON])
@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_it_works(post: Post, node: Node, kind: str, encoding: str) -> None:
    """The first export counts in full, since its counters say that they began 60 s ago."""
    for step in range(1, 4):
        answer = post(export(*collected(60 * step, 100 * step)), kind=kind, **{"Content-Encoding": encoding})
        assert (answer.status_code, answer["Content-Type"]) == (200, kind)
        assert answer.content == (b"{}" if kind == JSON else b"")
    wait()
    assert (total("requests"), total("e2e_latency")) == (300, 300)
    measures = store.latest_of([node.pk])[0].measures
    assert measures["requests"] == Increase(100, 60_000)
    assert measures["e2e_latency"] == Distribution({(0.1, 0.5): (50, 50, 0)}, 20_000_000, 60_000)
    assert measures["queue_depth"] == Level(180_000_000, 60_000, 3000, 3000, 3000, ms(180))
    node.refresh_from_db()
    assert node.state == Node.State.UP


def test_deltas_are_increases_already(post: Post, node: Node) -> None:
    for step, requests in enumerate((40, 25, 0, 7)):
        since = 60 * step
        post(export(*collected(since + 60, requests, since=since, temporality=DELTA)))
    wait()
    assert (total("requests"), total("e2e_latency")) == (72, 72)
    assert store.latest_of([node.pk])[0].measures["requests"] == Increase(7, 60_000)


def test_deltas_keep_their_start_where_nobody_sent_in_between(post: Post, node: Node) -> None:
    post(export(*collected(60, 40, since=0, temporality=DELTA)))
    post(export(*collected(660, 5, since=600, temporality=DELTA)))
    wait()
    assert total("requests") == 45
    assert store.latest_of([node.pk])[0].measures["requests"] == Increase(5, 60_000)


@pytest.mark.parametrize("temporality", [DELTA, CUMULATIVE])
def test_the_same_export_again_changes_nothing(post: Post, node: Node, temporality: int) -> None:
    first = export(*collected(60, 40, since=0, temporality=temporality))
    second = export(*collected(120, 40, since=60 if temporality == DELTA else 0, temporality=temporality))
    for request in (first, first, second, second, first):
        assert partial_success(post(request)) == (0, "")
    wait()
    for request in (second, first):
        assert partial_success(post(request)) == (0, "")
    wait()
    assert total("requests") == (80 if temporality == DELTA else 40)


def test_deltas_that_overlap_are_refused(post: Post, node: Node) -> None:
    post(export(counter("http.requests", 40, ms(0), ms(60), temporality=DELTA)))
    rejected, words = partial_success(post(export(counter("http.requests", 9, ms(30), ms(90), temporality=DELTA))))
    assert (rejected, "out_of_order" in words) == (1, True)
    wait()
    assert total("requests") == 40


def test_a_restart_counts_from_its_start(post: Post, node: Node) -> None:
    post(export(*collected(60, 100)))
    post(export(*collected(120, 130)))
    post(export(*collected(180, 150, since=150)))
    wait()
    assert total("requests") == 280


def test_a_counter_that_is_older_than_an_hour_starts_with_what_it_shows(post: Post, node: Node) -> None:
    post(export(*collected(60, 5000, since=-7200)))
    post(export(*collected(120, 5010, since=-7200)))
    wait()
    assert total("requests") == 10


def test_points_of_one_collection_may_be_milliseconds_apart(post: Post, node: Node) -> None:
    """Some senders read the clock per instrument, and split an export over two requests."""
    for step in range(1, 4):
        requests, duration, waiting = collected(60 * step, 100 * step)
        for metric, late in ((requests.sum, 0), (duration.histogram, 3), (waiting.gauge, 7)):
            metric.data_points[0].time_unix_nano += late * NS  # type: ignore[attr-defined]
        post(export(requests, waiting))
        post(export(duration))
    wait()
    assert (total("requests"), total("e2e_latency")) == (300, 300)
    measures = store.latest_of([node.pk])[0].measures
    assert {"requests", "e2e_latency", "queue_depth"} <= measures.keys()
    assert measures["requests"] == Increase(100, 60_000)


def exponential(seconds: float, counts: list[int], *, scale: int, offset: int, since: float = 0) -> Metric:
    metric = Metric(name="http.server.request.duration", unit="s")
    metric.exponential_histogram.aggregation_temporality = 2  # type: ignore[assignment]
    point = metric.exponential_histogram.data_points.add(
        scale=scale, count=sum(counts), sum=1.0, start_time_unix_nano=ms(since) * NS, time_unix_nano=ms(seconds) * NS
    )
    point.positive.offset = offset
    point.positive.bucket_counts.extend(counts)
    return metric


def test_an_exponential_histogram_may_get_coarser_and_wider_on_its_way(post: Post, node: Node) -> None:
    post(export(exponential(60, [4, 4], scale=5, offset=0)))
    post(export(exponential(120, [0, 9, 1, 5], scale=3, offset=-1)))
    post(export(exponential(180, [6, 15], scale=1, offset=-1)))
    wait()
    assert total("e2e_latency") == 21


def test_what_is_refused_is_said_and_takes_nothing_with_it(post: Post, node: Node) -> None:
    request = export(*collected(60, 40))
    request.resource_metrics.extend(export(*collected(60, 1), node="nobody").resource_metrics)
    rejected, words = partial_success(post(request))
    assert (rejected, words.partition(":")[0]) == (3, "unknown_node (3)")
    answer = post(request, kind=JSON).json()["partialSuccess"]
    assert answer["rejectedDataPoints"] == "3"
    wait()
    assert total("requests") == 40


def test_series_of_a_collector_keep_the_names_that_engines_know(post: Post, node: Node) -> None:
    Node.objects.update(engine="triton")
    for step in range(3):
        post(export(counter("nv_inference_request_success", 10 * step, ms(0), ms(15 * step + 1))))
    wait()
    assert total("requests") == 20


def test_nothing_at_all_is_fine(post: Post, node: Node) -> None:
    assert partial_success(post(b"")) == (0, "")
    assert post(b"{}", kind=JSON).json() == {}


def test_a_node_that_is_pulled_cannot_be_pushed(post: Post, node: Node) -> None:
    Node.objects.update(source="pull", url="http://10.0.0.1/metrics")
    assert partial_success(post(export(*collected(60, 1))))[1].startswith("pulled_node (3)")


BOMB = gzip.compress(b"\x00" * (17 * 1024 * 1024), mtime=0)


@pytest.mark.parametrize(
    ("body", "encoding", "status", "code"),
    [
        (b"\x0a\xff", "identity", 400, "malformed"),
        (b"not gzip", "gzip as it is", 400, "malformed"),
        (gzip.compress(b"abc", mtime=0)[:-2], "gzip as it is", 400, "malformed"),
        (gzip.compress(b"", mtime=0) + b"more", "gzip as it is", 400, "malformed"),
        (BOMB, "gzip as it is", 413, "too_large"),
        (b"\x0a\x00" * 60_000, "identity", 413, "too_large"),
        (b" " * (8 * 1024 * 1024 + 1), "identity", 413, "too_large"),
        (b"", "br", 415, "unsupported_media_type"),
    ],
)
def test_an_error_is_a_status_in_the_type_of_the_request(
    post: Post, node: Node, body: bytes, encoding: str, status: int, code: str
) -> None:
    headers = {"CONTENT-ENCODING": encoding.partition(" ")[0]}
    answer = post(body, **headers)
    assert (answer.status_code, answer["Content-Type"]) == (status, PROTOBUF)
    assert Status.FromString(answer.content).message.startswith(f"{code}: ")


def test_an_error_in_json_is_a_status_in_json(post: Post, node: Node) -> None:
    answer = post(b"{", kind=JSON)
    assert (answer.status_code, answer.json().keys()) == (400, {"code", "message"})
    assert answer.json()["message"].startswith("malformed: ")


def test_another_type_is_answered_with_415(post: Post, node: Node) -> None:
    assert post(b"x", kind="text/plain").status_code == 415


def test_without_a_usable_key_nothing_is_taken(post: Post, node: Node, site: Site) -> None:
    _, reader = machine_key(site, name="reader", scopes=["kpis:read"])
    for text, status in (("vig_nope_nope", 401), ("", 401), (reader, 403)):
        answer = post(export(*collected(60, 1)), key=text)
        assert (answer.status_code, Status.FromString(answer.content).code) == (status, 16 if status == 401 else 7)
    assert not PushState.objects.exists()


def test_a_store_that_is_away_asks_to_come_back(post: Post, node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> None:
        raise OperationalError("no space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(store, "store_slots", away)
        answer = post(export(*collected(60, 40)))
        assert (answer.status_code, Status.FromString(answer.content).code) == (503, 14)
        assert int(answer["Retry-After"]) > 0
    post(export(*collected(60, 40)))
    wait()
    assert total("requests") == 40


def test_a_key_that_cannot_be_looked_up_asks_to_come_back(
    post: Post, node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sender of OTLP drops what is answered with 401 or 500."""

    def away(*_: object) -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr(authentication, "find_key", away)
    answer = post(export(*collected(60, 40)))
    assert (answer.status_code, int(answer["Retry-After"]) > 0) == (503, True)


def test_messages_follow_the_language_and_codes_do_not(post: Post, node: Node) -> None:
    for language in ("en", "fr"):
        words = partial_success(post(export(*collected(60, 1), node="nobody"), **{"Accept-Language": language}))[1]
        assert words.startswith("unknown_node (3)")


def test_the_json_of_the_documentation_is_understood(post: Post, node: Node) -> None:
    body = {
        "resourceMetrics": [
            {
                "resource": {"attributes": [{"key": "service.instance.id", "value": {"stringValue": "lyon-03"}}]},
                "scopeMetrics": [
                    {
                        "metrics": [
                            {
                                "name": "http.requests",
                                "sum": {
                                    "aggregationTemporality": 1,
                                    "isMonotonic": True,
                                    "dataPoints": [
                                        {
                                            "startTimeUnixNano": str(ms(0) * NS),
                                            "timeUnixNano": str(ms(60) * NS),
                                            "asInt": "12",
                                        }
                                    ],
                                },
                            }
                        ]
                    }
                ],
            }
        ]
    }
    assert post(json.dumps(body).encode(), kind=JSON).json() == {}
    wait()
    assert total("requests") == 12
