"""vLLM: the names of today and of older releases, and what must not be counted twice."""

import pytest

from inference_kpis.engines.vllm import VLLM
from inference_kpis.readings.observation import HistogramState
from tests.inference_kpis.expositions import counted, observed, recorded


def test_it_works() -> None:
    observation = observed(VLLM, recorded("vllm"))
    assert list(observation.models) == ["llama"]
    assert observation.problems == ()
    assert observation.started_at_ms == 1_795_284_000_250
    assert counted(observation, "llama") == {
        "requests": 65,
        "failed_requests": 2,
        "prompt_tokens": 5120,
        "output_tokens": 1000,
    }
    assert observation.models["llama"].gauges == {"queue_depth": 7, "running_requests": 4, "kv_cache_usage": 0.75}


def test_histograms_keep_their_bounds_and_seconds() -> None:
    (state,) = observed(VLLM, recorded("vllm")).models["llama"].histograms["e2e_latency"].values()
    assert state == HistogramState((0.3, 0.5, 0.8, 1.0, 1.5), (20, 35, 45, 51, 54, 55), 31.5)


@pytest.mark.parametrize(
    ("measure", "count", "total"),
    [
        ("time_to_first_token", 55, 0.8),
        ("inter_token_latency", 1000, 17.5),
        ("time_per_output_token", 55, 0.9),
        ("queue_time", 55, 0.0011),
    ],
)
def test_every_latency_comes_from_its_own_histogram(measure: str, count: int, total: float) -> None:
    (state,) = observed(VLLM, recorded("vllm")).models["llama"].histograms[measure].values()
    assert (state.cumulative[-1], state.sum) == (count, total)


def test_older_names_say_the_same() -> None:
    model = observed(VLLM, recorded("vllm_old")).models["llama"]
    assert model.gauges == {"queue_depth": 4, "running_requests": 1, "kv_cache_usage": 0.5}
    (inter_token,) = model.histograms["inter_token_latency"].values()
    assert inter_token.bounds == (0.01, 0.025)
    assert inter_token.cumulative == (80, 110, 120)
    assert "queue_time" not in model.histograms


def test_a_name_and_its_replacement_count_once() -> None:
    """Releases in between show both."""
    model = observed(VLLM, recorded("vllm") + recorded("vllm_old")).models["llama"]
    assert model.gauges["kv_cache_usage"] == 0.75
    (inter_token,) = model.histograms["inter_token_latency"].values()
    assert inter_token.bounds == (0.01, 0.025, 0.05)


@pytest.mark.parametrize("reason", ["stop", "length", "abort", "repetition"])
def test_only_errors_are_failures(reason: str) -> None:
    line = f'vllm:request_success_total{{model_name="m",finished_reason="{reason}"}} 4\n'
    assert counted(observed(VLLM, line), "m") == {"requests": 4, "failed_requests": 0}


def test_no_failure_so_far_is_none_and_not_unknown() -> None:
    line = 'vllm:request_success_total{model_name="m",finished_reason="stop"} 4\n'
    assert observed(VLLM, line).models["m"].counters["failed_requests"] == {}
    assert "failed_requests" not in observed(VLLM, 'vllm:num_requests_waiting{model_name="m"} 0\n').models["m"].counters


def test_models_of_one_server_stay_apart() -> None:
    text = "".join(f'vllm:generation_tokens_total{{model_name="{name}"}} {n}\n' for name, n in (("a", 1), ("b", 2)))
    observation = observed(VLLM, text)
    assert [counted(observation, name) for name in "ab"] == [{"output_tokens": 1}, {"output_tokens": 2}]


@pytest.mark.parametrize("family", ["http_requests_total", "vllm:iteration_tokens_total_sum", "vllm:prompt_tokens"])
def test_what_repeats_the_same_work_under_another_name_is_not_read(family: str) -> None:
    assert observed(VLLM, f'{family}{{model_name="m"}} 5\n').models == {}


@pytest.mark.parametrize("value", ["NaN", "-1", "+Inf", "1e300"])
def test_a_counter_that_makes_no_sense_is_left_out_and_named(value: str) -> None:
    text = f'vllm:generation_tokens_total{{model_name="m"}} {value}\nvllm:prompt_tokens_total{{model_name="m"}} 7\n'
    observation = observed(VLLM, text)
    assert observation.problems == ("bad_counter",)
    assert counted(observation, "m") == {"prompt_tokens": 7}


@pytest.mark.parametrize("value", ["NaN", "+Inf", "-1e300"])
def test_a_gauge_that_makes_no_sense_is_left_out_and_named(value: str) -> None:
    text = f'vllm:num_requests_waiting{{model_name="m"}} {value}\nvllm:num_requests_running{{model_name="m"}} 2\n'
    observation = observed(VLLM, text)
    assert observation.problems == ("bad_gauge",)
    assert observation.models["m"].gauges == {"running_requests": 2}


def histogram(total: str = "1", **counts: str) -> str:
    name = "vllm:e2e_request_latency_seconds"
    buckets = "".join(f'{name}_bucket{{model_name="m",le="{le}"}} {count}\n' for le, count in counts.items())
    return f'{buckets}{name}_sum{{model_name="m"}} {total}\n'


INF = "+Inf"


@pytest.mark.parametrize(
    "text",
    [
        histogram(**{"0.5": "3"}),
        histogram(**{INF: "3"}),
        histogram(**{"0.5": "4", INF: "3"}),
        histogram(**{"0.5": "2.5", INF: "3"}),
        histogram(**{"0.5": "NaN", INF: "3"}),
        histogram(**{"0.5": "-1", INF: "3"}),
        histogram(**{"half": "1", INF: "3"}),
        histogram(**{"": "1", "0.5": "2", INF: "3"}),
        histogram("NaN", **{"0.5": "3", INF: "3"}),
        histogram("-5", **{"0.5": "3", INF: "3"}),
        histogram("9e15", **{"0.5": "3", INF: "3"}),
    ],
)
def test_what_is_no_histogram_is_left_out_and_named(text: str) -> None:
    observation = observed(VLLM, text + 'vllm:num_requests_running{model_name="m"} 2\n')
    assert observation.problems == ("bad_histogram",)
    assert observation.models["m"].histograms == {}


@pytest.mark.parametrize("bound", ["1", "1.0", "1e+00", "1e0"])
def test_bounds_are_compared_as_numbers(bound: str) -> None:
    (state,) = observed(VLLM, histogram(**{bound: "2", INF: "3"})).models["m"].histograms["e2e_latency"].values()
    assert state.bounds == (1.0,)


@pytest.mark.parametrize("name", ["x" * 201, "a\\nb", "a\0b", "a\x1fb"])
def test_a_model_name_that_cannot_be_shown_is_left_out_and_named(name: str) -> None:
    observation = observed(
        VLLM, f'vllm:num_requests_running{{model_name="{name}"}} 2\n' + histogram(**{"1": "2", INF: "3"})
    )
    assert observation.problems == ("bad_model_name",)
    assert list(observation.models) == ["m"]
