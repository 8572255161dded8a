"""LMDeploy.

`num_requests_succeeded` and `num_requests_failed` only grow, though typed gauge, and the latter holds what clients broke
off; older releases have `request_success_total` alone, which counts no failure. A request waits at the API first, then
in the engine.
"""

from inference_kpis.engines.engine import Combine, Engine, Series, source

FAILURES = Series("lmdeploy:num_requests_failed")

LMDEPLOY = Engine(
    key="lmdeploy",
    label="LMDeploy",
    default_port=23333,
    default_path="/metrics",
    model_labels=("model_name",),
    sources=(
        source(
            "requests",
            (Series("lmdeploy:num_requests_succeeded"), FAILURES),
            Series("lmdeploy:request_success_total"),
        ),
        source("failed_requests", FAILURES),
        source("prompt_tokens", Series("lmdeploy:prompt_tokens_total")),
        source("output_tokens", Series("lmdeploy:generation_tokens_total")),
        source("queue_depth", (Series("lmdeploy:num_requests_waiting"), Series("lmdeploy:num_api_requests_waiting"))),
        source("running_requests", Series("lmdeploy:num_requests_running")),
        source("kv_cache_usage", Series("lmdeploy:gpu_cache_usage_perc"), combine=Combine.MAXIMUM),
        source("e2e_latency", Series("lmdeploy:e2e_request_latency_seconds")),
        source("time_to_first_token", Series("lmdeploy:time_to_first_token_seconds")),
        source(
            "inter_token_latency",
            Series("lmdeploy:iter_token_latency"),
            Series("lmdeploy:time_per_output_token_seconds"),
        ),
        source("queue_time", Series("lmdeploy:request_queue_time_seconds")),
    ),
)
