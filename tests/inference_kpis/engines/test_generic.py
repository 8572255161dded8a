"""Any server with the usual names: traffic of users, and not of probes; one family and not its twin."""

import pytest

from inference_kpis.engines.generic import GENERIC
from tests.inference_kpis.expositions import counted, observed, recorded


def test_it_works() -> None:
    observation = observed(GENERIC, recorded("fastapi"))
    assert observation.problems == ()
    assert observation.started_at_ms == 1_795_284_000_000
    assert counted(observation) == {"requests": 68, "failed_requests": 3}
    (state,) = observation.models[""].histograms["e2e_latency"].values()
    assert (state.bounds, state.cumulative, state.sum) == ((0.1, 0.5, 1.0), (40, 60, 65, 68), 22.5)


@pytest.mark.parametrize("label", ["status", "status_code", "code"])
@pytest.mark.parametrize("family", ["http_requests_total", "http_server_requests_total"])
def test_a_server_error_is_a_failure_whatever_its_label_is_called(family: str, label: str) -> None:
    text = "".join(f'{family}{{{label}="{status}"}} {n}\n' for status, n in (("200", 5), ("404", 3), ("503", 2)))
    assert counted(observed(GENERIC, text)) == {"requests": 10, "failed_requests": 2}


def test_one_error_under_two_labels_is_one_failure() -> None:
    text = 'http_requests_total{status="5xx",code="503"} 2\n'
    assert counted(observed(GENERIC, text)) == {"requests": 2, "failed_requests": 2}


@pytest.mark.parametrize("page", ["/metrics", "/health", "/healthz", "/readyz", "/ping"])
@pytest.mark.parametrize("label", ["handler", "path"])
def test_probes_are_no_traffic(label: str, page: str) -> None:
    text = f'http_requests_total{{{label}="{page}"}} 9000\nhttp_requests_total{{{label}="/infer"}} 2\n'
    assert counted(observed(GENERIC, text))["requests"] == 2


def test_the_first_family_wins_alone() -> None:
    text = "http_requests_total 10\nhttp_server_requests_total 10\noutput_tokens_total 4\ngeneration_tokens_total 4\n"
    assert counted(observed(GENERIC, text)) == {"requests": 10, "failed_requests": 0, "output_tokens": 4}


def test_the_names_of_opentelemetry_come_first() -> None:
    names = ("http_request_duration_seconds", "gen_ai_server_request_duration_seconds")
    text = "".join(
        f'{name}_bucket{{le="{bound}",gen_ai_request_model="llama"}} 1\n{name}_bucket{{le="+Inf",gen_ai_request_model="llama"}} 1\n'
        for name, bound in zip(names, ("0.1", "0.64"), strict=True)
    )
    (state,) = observed(GENERIC, text).models["llama"].histograms["e2e_latency"].values()
    assert state.bounds == (0.64,)


@pytest.mark.parametrize("label", ["gen_ai_request_model", "model_name", "model"])
def test_a_model_is_named_by_the_first_label_that_says_it(label: str) -> None:
    assert list(observed(GENERIC, f'generation_tokens_total{{{label}="llama"}} 4\n').models) == ["llama"]
