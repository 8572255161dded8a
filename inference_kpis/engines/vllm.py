"""vLLM, current names first, then those that older releases used.

`request_success_total` counts every finished request, errors included. A request that its client broke off
(`finished_reason="abort"`) is no failure. HTTP 5xx answers carry no model label and partly repeat the same errors, so
they are not added.
"""

from inference_kpis.engines.engine import Combine, Engine, Series, source

VLLM = Engine(
    key="vllm",
    label="vLLM",
    default_port=8000,
    default_path="/metrics",
    model_labels=("model_name",),
    sources=(
        source("requests", Series("vllm:request_success_total")),
        source("failed_requests", Series("vllm:request_success_total", only={"finished_reason": frozenset({"error"})})),
        source("prompt_tokens", Series("vllm:prompt_tokens_total")),
        source("output_tokens", Series("vllm:generation_tokens_total")),
        source("queue_depth", Series("vllm:num_requests_waiting")),
        source("running_requests", Series("vllm:num_requests_running")),
        source(
            "kv_cache_usage",
            Series("vllm:kv_cache_usage_perc"),
            Series("vllm:gpu_cache_usage_perc"),
            combine=Combine.MAXIMUM,
        ),
        source("e2e_latency", Series("vllm:e2e_request_latency_seconds")),
        source("time_to_first_token", Series("vllm:time_to_first_token_seconds")),
        source(
            "inter_token_latency",
            Series("vllm:inter_token_latency_seconds"),
            Series("vllm:time_per_output_token_seconds"),
        ),
        source("time_per_output_token", Series("vllm:request_time_per_output_token_seconds")),
        source("queue_time", Series("vllm:request_queue_time_seconds")),
    ),
)
