"""LMDeploy: gauges that only grow are counters, and successes shown twice are counted once."""

from tests.inference_kpis.engines.samples import counters, counts, edited, read

MODEL = "internlm3-8b"


def test_it_works() -> None:
    model = read("lmdeploy")[MODEL]
    assert counters(model) == {"requests": 85, "failed_requests": 5, "prompt_tokens": 4000, "output_tokens": 1600}
    assert model.gauges == {"queue_depth": 3, "running_requests": 3, "kv_cache_usage": 0.25}
    assert counts(model) == {
        "e2e_latency": 80,
        "time_to_first_token": 80,
        "inter_token_latency": 1520,
        "queue_time": 80,
    }


def test_an_older_release_counts_successes_alone() -> None:
    body = b"\n".join(line for line in edited("lmdeploy").splitlines() if b"num_requests_" not in line)
    assert counters(read("lmdeploy", body)[MODEL])["requests"] == 80
    assert "failed_requests" not in counters(read("lmdeploy", body)[MODEL])


def test_an_older_name_of_the_time_between_tokens_is_known() -> None:
    body = b"\n".join(line for line in edited("lmdeploy").splitlines() if b"iter_token_latency" not in line)
    assert counts(read("lmdeploy", body)[MODEL])["inter_token_latency"] == 1500
