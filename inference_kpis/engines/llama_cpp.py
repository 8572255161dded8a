"""The server of llama.cpp, with `--metrics`.

It counts no requests, failures or latencies: tokens, and the time spent on generating them. Its gauges of tokens per
second start anew whenever anyone asks, and `n_tokens_max` is the highest so far, though typed counter.
"""

from inference_kpis.engines.engine import Combine, Engine, Series, source

LLAMA_CPP = Engine(
    key="llama_cpp",
    label="llama.cpp",
    default_port=8080,
    default_path="/metrics",
    model_labels=(),
    sources=(
        source("prompt_tokens", Series("llamacpp:prompt_tokens_total")),
        source("output_tokens", Series("llamacpp:tokens_predicted_total")),
        source("generation_time", Series("llamacpp:tokens_predicted_seconds_total")),
        source("queue_depth", Series("llamacpp:requests_deferred")),
        source("running_requests", Series("llamacpp:requests_processing")),
        source("kv_cache_usage", Series("llamacpp:kv_cache_usage_ratio"), combine=Combine.MAXIMUM),
    ),
)
