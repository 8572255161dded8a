"""Ray Serve, and vLLM inside it.

Counters are read where they enter, at the HTTP proxy: deployments and handles count the same requests again. Of a
counter that older releases show twice, `x_total` and the gauge `x`, only the first is read. What reached no application
— probes, wrong addresses — has an empty label. Times are milliseconds.
"""

from inference_kpis.engines.engine import Combine, Engine, Series, source
from inference_kpis.engines.http import SERVER_ERRORS

UNROUTED = {"application": frozenset({""})}

RAY_SERVE = Engine(
    key="ray_serve",
    label="Ray Serve",
    default_port=8080,
    default_path="/metrics",
    model_labels=("model_name", "application"),
    sources=(
        source("requests", Series("ray_serve_num_http_requests_total", never=UNROUTED)),
        source(
            "failed_requests",
            Series("ray_serve_num_http_requests_total", only={"status_code": SERVER_ERRORS}, never=UNROUTED),
        ),
        source("prompt_tokens", Series("ray_vllm_prompt_tokens_total")),
        source("output_tokens", Series("ray_vllm_generation_tokens_total")),
        source("queue_depth", Series("ray_serve_deployment_queued_queries")),
        source(
            "running_requests",
            Series("ray_serve_num_ongoing_http_requests"),
            Series("ray_serve_replica_processing_queries"),
        ),
        source(
            "kv_cache_usage",
            Series("ray_vllm_kv_cache_usage_perc"),
            Series("ray_vllm_gpu_cache_usage_perc"),
            combine=Combine.MAXIMUM,
        ),
        source("e2e_latency", Series("ray_serve_http_request_latency_ms", scale=1e-3, never=UNROUTED)),
        source("time_to_first_token", Series("ray_vllm_time_to_first_token_seconds")),
        source(
            "inter_token_latency",
            Series("ray_vllm_inter_token_latency_seconds"),
            Series("ray_vllm_time_per_output_token_seconds"),
        ),
        source("time_per_output_token", Series("ray_vllm_request_time_per_output_token_seconds")),
        source("queue_time", Series("ray_vllm_request_queue_time_seconds")),
    ),
)
