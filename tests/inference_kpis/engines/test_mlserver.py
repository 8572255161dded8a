"""MLServer, captured: six inferences, one of which raised, and a look at the model's description."""

import re

import pytest

from tests.inference_kpis.engines.samples import counters, counts, edited, read, sample


def test_it_works() -> None:
    model = read("mlserver")["echo"]
    (seconds,) = re.findall(rb"model_infer_request_duration_sum\{.*\} (\S+)", sample("mlserver"))
    assert counters(model) == {"requests": 6, "failed_requests": 1, "request_time": pytest.approx(float(seconds))}
    assert counts(model) == {"e2e_latency": 6}


def test_calls_by_grpc_add_up_with_rest() -> None:
    calls = [
        f'grpc_server_handling_seconds_bucket{{grpc_method="{method}",grpc_type="UNARY",le="{le}"}} {count}\n'
        for method, count in (("ModelInfer", 4), ("ModelReady", 9))
        for le in ("0.005", "+Inf")
    ]
    body = edited("mlserver") + "".join(calls).encode()
    assert counts(read("mlserver", body)["echo"]) == {"e2e_latency": 10}
