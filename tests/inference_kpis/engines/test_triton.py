"""Triton: sums of time instead of histograms, and GPUs of its own."""

import pytest

from tests.inference_kpis.engines.samples import counters, edited, histogram, read


def test_it_works() -> None:
    models = read("triton")
    assert counters(models["resnet50"]) == {"requests": 98, "failed_requests": 3, "request_time": 1.9}
    assert models["resnet50"].gauges == {"queue_depth": 3}
    assert histogram(models["resnet50"], "time_to_first_token").bounds == (0.1, 0.5, 2.0, 5.0)
    assert counters(models[""]) == {"energy": 3000.75}
    assert models[""].gauges == {
        "accelerator_utilisation": 0.9,
        "accelerator_memory_usage": 0.5,
        "power": pytest.approx(210.5),
    }


def test_a_release_without_reasons_gives_its_failures() -> None:
    body = edited("triton", (',reason="REJECTED"} 2', "} 2"))
    body = b"\n".join(line for line in body.splitlines() if b"reason=" not in line)
    assert counters(read("triton", body)["resnet50"])["failed_requests"] == 2
