"""Triton: sums of microseconds instead of histograms, failures by reason, and what belongs to the GPUs."""

import pytest

from inference_kpis.catalogue import KPIS
from inference_kpis.engines.triton import TRITON
from inference_kpis.readings.observation import HistogramState
from inference_kpis.readings.queries import exposed_by
from inference_kpis.readings.statistics import gives
from tests.inference_kpis.expositions import counted, observed, recorded


def test_it_works() -> None:
    observation = observed(TRITON, recorded("triton"))
    assert observation.problems == ()
    assert counted(observation, "resnet") == {"requests": 125, "failed_requests": 5, "request_time": pytest.approx(3.0)}
    assert counted(observation, "bert") == {"requests": 40, "failed_requests": 0, "request_time": pytest.approx(8.0)}
    assert observation.models["resnet"].gauges == {"queue_depth": 1}


def test_gpus_belong_to_the_node() -> None:
    observation = observed(TRITON, recorded("triton"))
    assert counted(observation) == {"energy": 2000.75}
    assert observation.models[""].gauges == {
        "accelerator_utilisation": 0.9,
        "accelerator_memory_usage": 0.5,
        "power": 100.0,
    }


def test_a_cancelled_request_is_neither_a_success_nor_a_failure() -> None:
    text = 'nv_inference_request_failure{model="m",reason="CANCELED"} 9\nnv_inference_request_success{model="m"} 1\n'
    assert counted(observed(TRITON, text), "m") == {"requests": 1, "failed_requests": 0}


def test_older_releases_give_failures_without_a_reason() -> None:
    text = (
        'nv_inference_request_failure{model="m",version="1"} 4\nnv_inference_request_success{model="m",version="1"} 6\n'
    )
    assert counted(observed(TRITON, text), "m") == {"requests": 10, "failed_requests": 4}


def test_milliseconds_become_seconds() -> None:
    (state,) = (
        observed(TRITON, recorded("triton_latencies")).models["resnet"].histograms["time_to_first_token"].values()
    )
    assert state == HistogramState((0.1, 0.5, 2.0, 5.0), (4, 7, 9, 10, 10), 3.6)


@pytest.mark.parametrize(("milliseconds", "seconds"), [("250", 0.25), ("0.3", 0.0003), ("7", 0.007), ("1100", 1.1)])
def test_a_scaled_bound_equals_the_one_of_a_server_that_counts_in_seconds(milliseconds: str, seconds: float) -> None:
    name = "nv_inference_first_response_histogram_ms"
    text = f'{name}_bucket{{model="m",le="{milliseconds}"}} 1\n{name}_bucket{{model="m",le="+Inf"}} 1\n'
    (state,) = observed(TRITON, text).models["m"].histograms["time_to_first_token"].values()
    assert state.bounds == (seconds,)


def test_no_percentile_is_made_up() -> None:
    """Neither a mean nor the quantiles of a summary, which cannot be merged, become a distribution."""
    observation = observed(TRITON, recorded("triton") + recorded("triton_latencies"))
    assert observation.models["resnet"].histograms.keys() == {"time_to_first_token"}
    exposed = exposed_by(["triton"])
    assert not gives(KPIS["e2e_latency_p95"], exposed)
    assert not gives(KPIS["inter_token_latency_p95"], exposed)
    assert gives(KPIS["mean_latency"], exposed)


def test_memory_without_a_total_is_left_out_and_named() -> None:
    observation = observed(TRITON, 'nv_gpu_memory_used_bytes{gpu_uuid="a"} 5\nnv_gpu_power_usage{gpu_uuid="a"} 60\n')
    assert observation.problems == ("bad_gauge",)
    assert observation.models[""].gauges == {"power": 60.0}


def test_samples_are_not_requests() -> None:
    assert observed(TRITON, 'nv_inference_count{model="m"} 800\nnv_inference_exec_count{model="m"} 50\n').models == {}
