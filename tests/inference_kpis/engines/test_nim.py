"""NVIDIA NIM: vLLM's names without prefix."""

from tests.inference_kpis.engines.samples import counters, counts, read


def test_it_works() -> None:
    (model,) = read("nim").values()
    assert counters(model) == {"requests": 20, "failed_requests": 1, "prompt_tokens": 1000, "output_tokens": 400}
    assert model.gauges == {"queue_depth": 1, "running_requests": 2, "kv_cache_usage": 0.3}
    assert counts(model) == {"e2e_latency": 20, "time_to_first_token": 20, "inter_token_latency": 380}
