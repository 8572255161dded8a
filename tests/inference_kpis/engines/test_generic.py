"""Any server with the usual names: its own pages left out, OpenTelemetry's names first."""

from tests.inference_kpis.engines.samples import counters, counts, edited, read


def test_it_works() -> None:
    model = read("generic")["mistral-7b"]
    assert counters(model) == {"requests": 30, "failed_requests": 2}
    assert model.gauges == {"running_requests": 2}
    assert counts(model) == {"e2e_latency": 28, "time_to_first_token": 28, "time_per_output_token": 28}


def test_a_middleware_alone_is_enough() -> None:
    body = edited("generic", ("gen_ai_server_request_duration_seconds", "http_request_duration_seconds"))
    body = b"\n".join(line for line in body.splitlines() if b"gen_ai_server" not in line)
    assert counts(read("generic", body)["mistral-7b"]) == {"e2e_latency": 28}
