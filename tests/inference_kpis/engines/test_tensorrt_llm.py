"""TensorRT-LLM: every reason to finish is a success, errors have a counter of their own."""

from tests.inference_kpis.engines.samples import counters, counts, edited, read

MODEL = "llama-3.1-8b"


def test_it_works() -> None:
    model = read("tensorrt_llm")[MODEL]
    assert counters(model) == {"requests": 40, "failed_requests": 2, "prompt_tokens": 4000, "output_tokens": 1900}
    assert model.gauges == {"queue_depth": 3, "running_requests": 4, "kv_cache_usage": 0.7}
    assert counts(model) == {
        "e2e_latency": 38,
        "time_to_first_token": 38,
        "time_per_output_token": 38,
        "queue_time": 38,
    }


def test_before_the_first_error_there_is_none() -> None:
    body = b"\n".join(line for line in edited("tensorrt_llm").splitlines() if b"request_error_total" not in line)
    assert counters(read("tensorrt_llm", body)[MODEL])["failed_requests"] == 0
