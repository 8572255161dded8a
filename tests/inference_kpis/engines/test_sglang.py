"""SGLang: one rank of those that repeat each other, the total of all priorities, streams alone for the first token."""

import pytest

from tests.inference_kpis.engines.samples import counters, counts, edited, histogram, read

MODEL = "qwen3-8b"


def test_it_works() -> None:
    model = read("sglang")[MODEL]
    assert counters(model) == {"requests": 60, "failed_requests": 2, "prompt_tokens": 12000, "output_tokens": 6000}
    assert counts(model) == {
        "e2e_latency": 60,
        "time_to_first_token": 50,
        "inter_token_latency": 5900,
        "time_per_output_token": 50,
        "queue_time": 60,
    }


def test_ranks_and_priorities_are_not_counted_twice() -> None:
    """Four ranks in two data-parallel pairs: 2 and 1 wait, 4 and 3 run."""
    assert read("sglang")[MODEL].gauges == {"queue_depth": 3, "running_requests": 7, "kv_cache_usage": 0.52}


def test_with_one_rank_that_reports_nothing_changes() -> None:
    body = b"\n".join(
        line
        for line in edited("sglang").splitlines()
        if b'tp_rank="1"' not in line and b'tp_rank="3"' not in line and b'priority="1"' not in line
    )
    assert read("sglang", body)[MODEL].gauges == read("sglang")[MODEL].gauges
    assert counts(read("sglang", body)[MODEL]) == counts(read("sglang")[MODEL])


def test_a_wait_of_no_time_has_its_bucket() -> None:
    bounds = {state.bounds[:2] for state in read("sglang")[MODEL].histograms["queue_time"].values()}
    assert bounds == {(0.0, 0.001)}


@pytest.mark.parametrize(
    ("new", "old"),
    [
        ("sglang:inter_token_latency_seconds", "sglang:time_per_output_token_seconds"),
        ("sglang:queue_time_seconds", "sglang:queue_time_s"),
    ],
)
def test_an_older_release_gives_the_same(new: str, old: str) -> None:
    assert counts(read("sglang", edited("sglang", (new, old)))[MODEL]) == counts(read("sglang")[MODEL])


def test_a_release_that_does_not_tell_streams_apart_gives_all_first_tokens() -> None:
    model = read(
        "sglang", edited("sglang", (',is_streaming="true"', ',kind="a"'), (',is_streaming="false"', ',kind="b"'))
    )
    assert counts(model[MODEL])["time_to_first_token"] == 60
    assert histogram(read("sglang")[MODEL], "time_to_first_token").cumulative[-1] == 50
