"""vLLM: what its current and its older releases give, and nothing twice."""

import pytest

from tests.inference_kpis.engines.samples import counters, counts, edited, histogram, read


def test_it_works() -> None:
    model = read("vllm")["llama-3.1-8b"]
    assert counters(model) == {
        "requests": 100,
        "failed_requests": 1,
        "prompt_tokens": 25600,
        "output_tokens": 12800,
    }
    assert model.gauges == {"queue_depth": 2, "running_requests": 3, "kv_cache_usage": pytest.approx(0.62)}
    assert histogram(model, "e2e_latency").bounds[:2] == (0.3, 0.5)
    assert histogram(model, "e2e_latency").cumulative[-1] == 100


@pytest.mark.parametrize(
    ("new", "old"),
    [
        ("vllm:kv_cache_usage_perc", "vllm:gpu_cache_usage_perc"),
        ("vllm:inter_token_latency_seconds", "vllm:time_per_output_token_seconds"),
    ],
)
def test_an_older_release_gives_the_same(new: str, old: str) -> None:
    assert counts(read("vllm", edited("vllm", (new, old)))["llama-3.1-8b"]) == counts(read("vllm")["llama-3.1-8b"])
    assert read("vllm", edited("vllm", (new, old)))["llama-3.1-8b"].gauges == read("vllm")["llama-3.1-8b"].gauges
