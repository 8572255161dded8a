"""OpenVINO Model Server: inference alone of all that its API is asked for, and graphs beside models."""

from tests.inference_kpis.engines.samples import counters, counts, read


def test_it_works() -> None:
    models = read("openvino")
    assert counters(models["resnet"]) == {"requests": 72, "failed_requests": 2}
    assert models["resnet"].gauges == {"running_requests": 5}
    assert counts(models["resnet"]) == {"e2e_latency": 72, "queue_time": 72}
    assert counters(models["llm"]) == {"requests": 11}
    assert models["llm"].gauges == {"running_requests": 2}


def test_microseconds_are_read_as_seconds() -> None:
    states = read("openvino")["resnet"].histograms["e2e_latency"].values()
    assert {state.bounds[0] for state in states} == {0.00001}
    assert sum(state.sum for state in states) == 0.248
