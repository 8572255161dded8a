"""NVIDIA NIM for language models: vLLM's names without their prefix, so that it has to be chosen."""

from inference_kpis.engines.engine import Combine, Engine, Series, none_of, source

SUCCESSES, FAILURES = Series("request_success_total"), Series("request_failure_total")

NIM = Engine(
    key="nim",
    label="NVIDIA NIM",
    default_port=8000,
    default_path="/v1/metrics",
    model_labels=("model_name",),
    sources=(
        source("requests", (SUCCESSES, FAILURES)),
        source("failed_requests", (none_of(SUCCESSES.name), FAILURES)),
        source("prompt_tokens", Series("prompt_tokens_total")),
        source("output_tokens", Series("generation_tokens_total")),
        source("queue_depth", Series("num_requests_waiting")),
        source("running_requests", Series("num_requests_running")),
        source("kv_cache_usage", Series("gpu_cache_usage_perc"), combine=Combine.MAXIMUM),
        source("e2e_latency", Series("e2e_request_latency_seconds")),
        source("time_to_first_token", Series("time_to_first_token_seconds")),
        source("inter_token_latency", Series("time_per_output_token_seconds")),
    ),
)
