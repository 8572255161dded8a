"""TorchServe: lines with a comma before the brace, microseconds and percent."""

import pytest

from tests.inference_kpis.engines.samples import counters, edited, read

SECOND_MODEL = (
    "ts_inference_requests_total{",
    'ts_inference_requests_total{model_name="resnet",} 6.0\nts_inference_requests_total{',
)


def test_it_works() -> None:
    models = read("torchserve")
    assert counters(models["mnist"]) == {
        "requests": 24,
        "failed_requests": 2,
        "request_time": pytest.approx(2.142124756),
    }
    assert models[""].gauges == {"accelerator_utilisation": 0.8, "accelerator_memory_usage": 0.5}


def test_failures_of_the_server_are_laid_at_no_model_when_there_are_two() -> None:
    models = read("torchserve", edited("torchserve", SECOND_MODEL))
    assert [counters(models[name]).get("failed_requests") for name in ("mnist", "resnet", "")] == [None, None, 2]


def test_before_the_first_failure_there_is_none() -> None:
    body = edited("torchserve", ('Requests5XX{Level="Host",Hostname="edge-7",} 2.0\n', ""))
    assert counters(read("torchserve", body)["mnist"])["failed_requests"] == 0
