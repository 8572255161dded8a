"""A real Prometheus and the OpenTelemetry SDK push into a live server: what they counted is what is stored."""

import itertools
import re
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk import metrics as sdk
from opentelemetry.sdk.metrics.export import AggregationTemporality, PeriodicExportingMetricReader
from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation, View
from opentelemetry.sdk.resources import Resource

from inference_kpis.fleet.models import Node
from inference_kpis.push.api import remote_write
from inference_kpis.push.api.ingestion import Unavailable
from inference_kpis.readings import store
from tests.factories import NodeFactory, machine_key
from tests.inference_kpis.prometheus import Server, grown, prometheus, serving, until
from tests.inference_kpis.push.stored import total, wait

pytestmark = pytest.mark.django_db(transaction=True)


# --- Prometheus ------------------------------------------------------------------------------------------------------


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


CONFIGURATION = """
global:
  scrape_interval: 1s
scrape_configs:
  - job_name: vllm
    static_configs: [{{targets: ["{target}"]}}]
remote_write:
  - url: {url}/api/v1/write
    authorization: {{credentials: {key}}}
    # Every scrape in several requests, side by side.
    queue_config: {{min_shards: 3, max_shards: 3, max_samples_per_send: 4, batch_send_deadline: 1s}}
    metadata_config: {{send: true, send_interval: 1s}}
"""


def own_counter(address: str, name: str) -> float:
    """What a Prometheus says of its own sending."""
    with urllib.request.urlopen(f"{address}/metrics", timeout=5) as answer:
        found = re.findall(rf"^{name}\{{.*}} (\S+)$", answer.read().decode(), re.MULTILINE)
    assert found, name
    return sum(map(float, found))


def flaky(ingest: Callable[..., Any]) -> Callable[..., Any]:
    """Every fourth request fails before anything is done, and every fourth after it was committed, unknown to its sender."""
    calls = itertools.count()

    def ingest_or_fail(*arguments: Any, **more: Any) -> Any:
        number = next(calls) % 4
        if number == 1:
            raise OperationalError("away")
        receipt = ingest(*arguments, **more)
        if number == 3:
            raise OperationalError("the answer is lost")
        return receipt

    return ingest_or_fail


@pytest.mark.parametrize("is_flaky", [False, True], ids=["steady", "flaky"])
def test_a_real_prometheus_is_stored_as_it_scraped(
    live_server: Any, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_flaky: bool
) -> None:
    if is_flaky:
        monkeypatch.setattr(remote_write, "ingest_points", flaky(remote_write.ingest_points))
        monkeypatch.setattr(Unavailable, "wait", 1)
    target = f"127.0.0.1:{server.server_port}"
    node = NodeFactory(name=target, source="push", url="")
    _, key = machine_key(node.site)
    with prometheus(tmp_path, CONFIGURATION.format(url=live_server.url, key=key, target=target)) as address:
        until(lambda: server.looks > server.most_looks + 1, "the scrapes")
        seen = {
            "requests": grown(address, '{__name__="vllm:request_success_total"}'),
            "output_tokens": grown(address, '{__name__="vllm:generation_tokens_total"}'),
            "e2e_latency": grown(address, '{__name__="vllm:e2e_request_latency_seconds_bucket",le="+Inf"}'),
        }
        # The first look is where counting starts.
        assert seen == {"requests": 85, "output_tokens": 850, "e2e_latency": 85}
        until(lambda: total("requests") >= 85, "the readings")
        told = own_counter(address, "prometheus_remote_storage_samples_retried_total")
        assert (told > 0) == is_flaky
        assert own_counter(address, "prometheus_remote_storage_samples_failed_total") == 0
    wait()
    assert {measure: total(measure) for measure in seen} == seen
    assert total("failed_requests") == 0
    assert total("pulls") == total("successful_pulls") >= server.most_looks
    node.refresh_from_db()
    assert node.state == Node.State.UP


# --- OpenTelemetry ---------------------------------------------------------------------------------------------------

PREFERENCES = {
    "cumulative": AggregationTemporality.CUMULATIVE,
    "delta": AggregationTemporality.DELTA,
}
VIEWS = {
    "explicit": [],
    "exponential": [
        View(instrument_name="http.server.request.duration", aggregation=ExponentialBucketHistogramAggregation())
    ],
}


@pytest.mark.parametrize("temporality", PREFERENCES)
@pytest.mark.parametrize("buckets", VIEWS)
def test_the_opentelemetry_sdk_is_stored_as_it_counted(live_server: Any, temporality: str, buckets: str) -> None:
    node = NodeFactory(name="lyon-03", engine="generic", source="push", url="")
    _, key = machine_key(node.site)
    preference = PREFERENCES[temporality]
    exporter = OTLPMetricExporter(
        endpoint=f"{live_server.url}/api/v1/otlp/v1/metrics",
        headers={"Authorization": f"Bearer {key}"},
        preferred_temporality={sdk.Counter: preference, sdk.Histogram: preference},
    )
    reader = PeriodicExportingMetricReader(exporter, export_interval_millis=3_600_000)
    resource = Resource.create({"service.name": "chat", "service.instance.id": "lyon-03"})
    provider = sdk.MeterProvider([reader], resource=resource, views=VIEWS[buckets])
    meter = provider.get_meter("test")
    requests = meter.create_counter("http.requests")
    duration = meter.create_histogram("http.server.request.duration", unit="s")
    for number in (3, 0, 5, 4):
        for nth in range(number):
            requests.add(1, {"http.route": "/chat", "status": "200" if nth else "500"})
            duration.record(0.02 * (nth + 1) ** 3)
        assert provider.force_flush()
        # The store knows milliseconds.
        flushed_at = time.time()
        until(lambda at=flushed_at: time.time() > at + 0.002, "the next millisecond")  # type: ignore[misc]
    provider.shutdown()
    wait()
    assert (total("requests"), total("failed_requests"), total("e2e_latency")) == (12, 3, 12)
    assert store.latest_of([node.pk])
    node.refresh_from_db()
    assert node.state == Node.State.UP
