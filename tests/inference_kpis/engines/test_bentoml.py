"""BentoML, captured: six calls, one of which raised, and a probe."""

import pytest

from tests.inference_kpis.engines.samples import counters, counts, edited, read


@pytest.mark.parametrize("namespace", ["bentoml_service_", "bentoml_api_server_"])
def test_it_works(namespace: str) -> None:
    model = read("bentoml", edited("bentoml", ("bentoml_service_", namespace)))["echo"]
    assert counters(model) == {"requests": 6, "failed_requests": 1}
    assert model.gauges == {"running_requests": 0}
    assert counts(model) == {"e2e_latency": 6}


def test_what_a_runner_counts_is_the_same_once_more() -> None:
    runner = b'bentoml_runner_request_total{endpoint="/generate",service_name="echo",http_response_code="200"} 5\n'
    assert counters(read("bentoml", edited("bentoml") + runner)["echo"])["requests"] == 6
