"""A real Prometheus is asked for what it scraped: every request counts once, asked twice and restarted or not."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.test import override_settings

from inference_kpis.fleet.models import Node
from inference_kpis.query_sources.models import QueriedNode, QuerySource
from tests.inference_kpis import prometheus as real
from tests.inference_kpis.push.stored import total, wait
from tests.inference_kpis.query_sources.servers import ask
from tests.inference_kpis.readings.storing import stored

pytestmark = pytest.mark.django_db
CONFIGURATION = """
global:
  scrape_interval: 1s
scrape_configs:
  - job_name: vllm
    static_configs: [{{targets: ["{target}"], labels: {{site: lyon, tier: device}}}}]
  - job_name: prometheus
    static_configs: [{{targets: ["{target}"]}}]
    metrics_path: /own
"""
REQUESTS = '{__name__="vllm:request_success_total",job="vllm"}'


def ask_twice(address: str) -> None:
    """Ask the source that is there, and at once again."""
    QuerySource.objects.update(url=address, indexed_at=None)
    with override_settings(DEMO_ENDPOINTS=frozenset({address.removeprefix("http://")})):
        for _ in range(2):
            source = ask(QuerySource.objects.get(), datetime.now(UTC))
            assert (source.problem, source.refused) == ("", [])


def has_scraped(address: str, server: real.Server) -> bool:
    """Whether what the server served last is what Prometheus shows."""
    found = real.ask(address, REQUESTS)
    return sum(float(each["value"][1]) for each in found) == server.requests


def test_it_is_stored_as_it_scraped_once_and_only_once(tmp_path: Path) -> None:
    with real.serving() as server:
        target = f"127.0.0.1:{server.server_port}"
        configuration = CONFIGURATION.format(target=target)
        QuerySource.objects.create(name="Prometheus", url="", may_create_sites=True, selector='{job="vllm"}')
        with real.prometheus(tmp_path, configuration) as address:
            real.until(lambda: len(real.ask(address, REQUESTS)) > 0, "the first scrape")
            ask_twice(address)
            real.until(lambda: has_scraped(address, server) and server.looks > 6, "some scrapes")
            ask_twice(address)
        server.requests += 50
        with real.prometheus(tmp_path, configuration) as address:
            real.until(lambda: has_scraped(address, server), "the scrapes after the restart")
            ask_twice(address)
            grown = real.grown(address, REQUESTS)
    wait()
    assert {measure: total(measure) for measure in ("requests", "output_tokens", "e2e_latency")} == {
        "requests": grown,
        "output_tokens": grown * 10,
        "e2e_latency": grown,
    }
    assert grown >= 50 + 17
    node = Node.objects.get()
    assert (node.name, node.site.key, node.site.tier, node.engine) == (target, "lyon", "device", "vllm")
    assert QueriedNode.objects.get().problem == ""
    counting = [reading for reading in stored(node) if "requests" in reading.measures]
    assert [each.start_ms for each in counting[1:]] == [each.end_ms for each in counting[:-1]]


def test_a_selector_that_the_server_cannot_read_is_named(tmp_path: Path) -> None:
    with real.prometheus(tmp_path, "global: {scrape_interval: 1s}") as address:
        source = QuerySource.objects.create(name="Prometheus", url=address, selector='{job=~"("}')
        with override_settings(DEMO_ENDPOINTS=frozenset({address.removeprefix("http://")})):
            source = ask(source, datetime.now(UTC))
    assert source.problem == "query_refused"
