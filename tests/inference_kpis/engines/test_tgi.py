"""Text Generation Inference: no model label, tokens from the sums of histograms, no time to first token."""

from inference_kpis.engines import ENGINES
from tests.inference_kpis.engines.samples import counters, counts, histogram, read, sample


def test_it_works() -> None:
    (model,) = read("tgi").values()
    assert counters(model) == {
        "requests": 120,
        "failed_requests": 3,
        "prompt_tokens": 6144,
        "output_tokens": 14080,
    }
    assert model.gauges == {"queue_depth": 4, "running_requests": 8}
    assert counts(model) == {"e2e_latency": 110, "time_per_output_token": 110, "queue_time": 110}
    assert histogram(model, "e2e_latency").sum == 154.5


def test_it_gives_no_time_to_first_token() -> None:
    assert "time_to_first_token" not in ENGINES["tgi"].exposes


def test_before_the_first_failure_there_is_none() -> None:
    body = b"\n".join(line for line in sample("tgi").splitlines() if b"tgi_request_failure" not in line)
    assert counters(read("tgi", body)[""])["failed_requests"] == 0
