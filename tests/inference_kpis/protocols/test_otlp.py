"""OTLP metrics → points under the names of Prometheus; protocol buffers and JSON say the same."""

import json
from typing import Any

import pytest
from google.protobuf import json_format
from google.rpc.status_pb2 import Status
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1 import metrics_pb2

from inference_kpis.protocols.exposition import Limits
from inference_kpis.protocols.otlp import decode, decode_json, prometheus_name, status
from inference_kpis.protocols.points import Buckets, Point, Series, grid
from inference_kpis.protocols.wire import Malformed, TooMuch
from tests.inference_kpis.push.senders import NS, counter, export, gauge, histogram

AT = 1_700_000_000_000
START = AT - 60_000
PLACE = (("instance", "lyon-03"), ("job", "app"))


def read(*metrics: metrics_pb2.Metric) -> list[Point]:
    return decode(export(*metrics).SerializeToString())


def test_it_works() -> None:
    found = read(
        counter("http.requests", 7, START, AT, attributes={"http.route": "/chat"}),
        gauge("num_requests_waiting", 3, AT),
        histogram("gen_ai.server.request.duration", [0.1, 0.5], [5, 3, 1], 2.5, START, AT),
    )
    assert found == [
        Point(Series("http_requests_total", (("http_route", "/chat"), *PLACE)), AT, 7.0, START),
        Point(Series("num_requests_waiting", PLACE), AT, 3.0),
        Point(Series("gen_ai_server_request_duration_seconds", PLACE), AT, Buckets((0.1, 0.5), (5, 8, 9), 2.5), START),
    ]


def test_deltas_say_that_they_are() -> None:
    found = read(
        counter("a", 7, START, AT, temporality=1),
        histogram("b", [1.0], [1, 0], 0.5, START, AT, temporality=1),
    )
    assert [(point.is_delta, point.start_ms) for point in found] == [(True, START)] * 2


def test_a_sum_that_may_fall_is_a_level() -> None:
    found = read(counter("queue.size", 7, START, AT, monotonic=False))
    assert found == [Point(Series("queue_size", PLACE), AT, 7.0)]


def exponential(**values: Any) -> metrics_pb2.Metric:
    metric = metrics_pb2.Metric(name="c", unit="s")
    metric.exponential_histogram.aggregation_temporality = 2  # type: ignore[assignment]
    point = metric.exponential_histogram.data_points.add(
        time_unix_nano=AT * NS, start_time_unix_nano=START * NS, **{"scale": 0, "sum": 9.0, **values}
    )
    point.positive.offset = -1
    point.positive.bucket_counts.extend([4, 0, 2])
    return metric


def test_an_exponential_histogram_gets_explicit_bounds() -> None:
    """Scale 0: index -1 holds (0.5, 1], index 1 holds (2, 4]; one observation at zero."""
    value = read(exponential(count=7, zero_count=1))[0].value
    assert isinstance(value, Buckets)
    assert value.bounds == grid(0)[0]
    counted = dict(zip(value.bounds, value.cumulative, strict=False))
    assert [counted[bound] for bound in (0.25, 0.5, 1.0, 2.0, 4.0)] == [1, 1, 5, 5, 7]
    assert (value.cumulative[-1], value.sum) == (7, 9.0)


def summary() -> metrics_pb2.Metric:
    metric = metrics_pb2.Metric(name="s")
    metric.summary.data_points.add(time_unix_nano=AT * NS, count=3, sum=2.0)
    return metric


def without_sum() -> metrics_pb2.Metric:
    metric = histogram("h", [1.0], [1, 0], 0.5, START, AT)
    metric.histogram.data_points[0].ClearField("sum")
    return metric


@pytest.mark.parametrize(
    ("metric", "problem"),
    [
        (summary(), "unsupported"),
        (counter("a", 7, START, AT, temporality=0), "unsupported"),
        (counter("a", 7, START, AT, temporality=1, monotonic=False), "unsupported"),
        (counter("a", 7, 0, AT, temporality=1), "invalid_time"),
        (counter("a", 7, AT, AT, temporality=1), "invalid_time"),
        (histogram("h", [1.0, 0.5], [1, 0, 0], 0.5, START, AT), "invalid_measure"),
        (histogram("h", [1.0], [1, 0, 0], 0.5, START, AT), "invalid_measure"),
        (histogram("h", [float(n) for n in range(300)], [0] * 301, 0.5, START, AT), "invalid_measure"),
        (without_sum(), "invalid_measure"),
        (exponential(count=99), "invalid_measure"),
        (exponential(count=6, scale=40), "invalid_measure"),
        (counter("", 7, START, AT), "invalid_series"),
        (counter("x" * 300, 7, START, AT), "invalid_series"),
        (counter("a", 7, START, AT, attributes={"b": "x" * 2000}), "invalid_series"),
        (counter("a", 7, START, AT, attributes={"b.c": "x", "b_c": "y"}), "invalid_series"),
        (counter("a", 7, START, AT, attributes={f"l{n}": "x" for n in range(100)}), "invalid_series"),
    ],
)
def test_an_odd_point_is_refused_alone(metric: metrics_pb2.Metric, problem: str) -> None:
    assert [point.problem for point in read(metric, counter("fine", 1, START, AT))] == [problem, ""]


def test_a_point_without_a_value_says_that_its_series_ended() -> None:
    metric = counter("a", 7, START, AT)
    metric.sum.data_points[0].flags = 1
    assert read(metric)[0].value is None
    for odd in ("nan", "inf"):
        assert read(counter("a", float(odd), START, AT))[0].value is None


ATTRIBUTES = st.dictionaries(st.from_regex("[a-z]{1,5}", fullmatch=True), st.text(max_size=5), max_size=3)
METRICS = st.one_of(
    st.builds(
        counter,
        st.sampled_from(["a", "b.c"]),
        st.floats(allow_nan=False, allow_infinity=False, width=32),
        st.just(START),
        st.just(AT),
        temporality=st.sampled_from([0, 1, 2]),
        attributes=ATTRIBUTES,
        monotonic=st.booleans(),
    ),
    st.builds(gauge, st.just("g"), st.integers(-(2**62), 2**62), st.just(AT)),
    st.builds(
        histogram,
        st.just("h"),
        st.just([0.1, 1.0]),
        st.lists(st.integers(0, 2**40), min_size=3, max_size=3),
        st.floats(0, 1e6),
        st.just(START),
        st.just(AT),
        temporality=st.sampled_from([0, 1, 2]),
    ),
    st.builds(exponential, count=st.integers(0, 9), zero_count=st.integers(0, 3), scale=st.integers(-12, 22)),
    st.builds(summary),
)


@given(st.lists(METRICS, max_size=5))
def test_json_says_the_same(metrics: list[metrics_pb2.Metric]) -> None:
    request = export(*metrics)
    as_json = json.loads(json_format.MessageToJson(request, use_integers_for_enums=True))
    assert decode_json(as_json) == decode(request.SerializeToString())


def test_json_may_hold_what_is_not_known_and_exemplars() -> None:
    request = json.loads(json_format.MessageToJson(export(counter("a", 7, START, AT)), use_integers_for_enums=True))
    point = request["resourceMetrics"][0]["scopeMetrics"][0]["metrics"][0]["sum"]["dataPoints"][0]
    point |= {"exemplars": [{"traceId": "5b8efff798038103d269b633813fc60c", "spanId": "x"}], "surprise": 1}
    assert [found.value for found in decode_json(request)] == [7.0]


def test_nothing_is_no_point() -> None:
    assert decode(b"") == decode_json({}) == decode_json({"resourceMetrics": []}) == []


@pytest.mark.parametrize(
    "body",
    [
        [],
        3,
        {"resourceMetrics": 3},
        {"resourceMetrics": [3]},
        {"resourceMetrics": [{"resource": []}]},
        {"resourceMetrics": [{"scopeMetrics": [{"metrics": [{"name": 3}]}]}]},
        {"resourceMetrics": [{"scopeMetrics": [{"metrics": [{"sum": {"aggregationTemporality": "CUMULATIVE"}}]}]}]},
        {"resourceMetrics": [{"scopeMetrics": [{"metrics": [{"gauge": {"dataPoints": [{"asInt": "x"}]}}]}]}]},
        {"resourceMetrics": [{"scopeMetrics": [{"metrics": [{"gauge": {"dataPoints": [{"timeUnixNano": -1}]}}]}]}]},
    ],
)
def test_json_that_is_no_request_is_malformed(body: object) -> None:
    with pytest.raises(Malformed):
        decode_json(body)


@given(st.binary(max_size=300))
def test_any_bytes_are_points_or_malformed(body: bytes) -> None:
    try:
        found = decode(body)
    except (Malformed, TooMuch):
        return
    assert all(isinstance(point, Point) for point in found)


@given(st.integers(0, 400), st.integers(0, 255))
def test_a_changed_byte_harms_nobody(at: int, byte: int) -> None:
    body = export(counter("a", 7, START, AT), histogram("b", [1.0], [1, 0], 0.5, START, AT)).SerializeToString()
    at %= len(body)
    try:
        decode(body[:at] + bytes([byte]) + body[at + 1 :])
    except (Malformed, TooMuch):
        return


def nested(*numbers: int, inner: bytes) -> bytes:
    """A body with `inner` that many levels down."""
    for number in reversed(numbers):
        length, head = len(inner), bytes([number << 3 | 2])
        while length > 0x7F:
            head += bytes([length & 0x7F | 0x80])
            length >>= 7
        inner = head + bytes([length]) + inner
    return inner


@pytest.mark.parametrize(
    "body",
    [
        b"\x0a\x00" * 20,
        nested(1, inner=b"\x12\x00" * 20),
        nested(1, 2, inner=b"\x12\x00" * 20),
        nested(1, 2, 2, 5, inner=b"\x0a\x00" * 20),
        nested(1, 2, 2, 5, 1, inner=b"\x3a\x00" * 200_000),
        nested(1, 1, inner=b"\x0a\x00" * 200_000),
    ],
)
def test_more_than_the_limit_is_refused_before_it_is_built(body: bytes) -> None:
    with pytest.raises(TooMuch):
        decode(body, Limits(samples=10))


@pytest.mark.parametrize(
    ("name", "unit", "kind", "expected"),
    [
        ("gen_ai.server.time_to_first_token", "s", "histogram", "gen_ai_server_time_to_first_token_seconds"),
        ("gen_ai.client.token.usage", "{token}", "histogram", "gen_ai_client_token_usage"),
        ("vllm:request_success_total", "", "counter", "vllm:request_success_total"),
        ("vllm:request_success", "", "counter", "vllm:request_success_total"),
        ("http_request_duration_seconds", "s", "histogram", "http_request_duration_seconds"),
        ("bytes.sent", "By", "counter", "bytes_sent_total"),
        ("sent", "By", "counter", "sent_bytes_total"),
        ("cache.usage", "1", "level", "cache_usage_ratio"),
        ("requests", "1", "counter", "requests_total"),
    ],
)
def test_names_are_those_of_prometheus(name: str, unit: str, kind: str, expected: str) -> None:
    assert prometheus_name(name, unit, is_level=kind == "level", is_counter=kind == "counter") == expected


@given(st.integers(0, 16), st.text(max_size=300))
def test_a_status_is_what_google_calls_one(code: int, message: str) -> None:
    found = Status.FromString(status(code, message[:200]))
    assert (found.code, found.message) == (code, message[:200])


def test_two_resources_are_two_places() -> None:
    request = ExportMetricsServiceRequest()
    for node in ("a", "b"):
        request.resource_metrics.extend(export(gauge("g", 1, AT), node=node).resource_metrics)
    found = decode(request.SerializeToString())
    assert [dict(point.series.labels)["instance"] for point in found] == ["a", "b"]
