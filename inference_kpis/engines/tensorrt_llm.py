"""TensorRT-LLM's `trtllm-serve`."""

from inference_kpis.engines.engine import Combine, Engine, Series, none_of, source

SUCCESSES, FAILURES = Series("trtllm_request_success_total"), Series("trtllm_request_error_total")

TENSORRT_LLM = Engine(
    key="tensorrt_llm",
    label="TensorRT-LLM",
    default_port=8000,
    default_path="/prometheus/metrics",
    model_labels=("model_name",),
    sources=(
        source("requests", (SUCCESSES, FAILURES)),
        source("failed_requests", (none_of(SUCCESSES.name), FAILURES)),
        source("prompt_tokens", Series("trtllm_prompt_tokens_total")),
        source("output_tokens", Series("trtllm_generation_tokens_total")),
        source("queue_depth", Series("trtllm_num_requests_waiting")),
        source("running_requests", Series("trtllm_num_requests_running")),
        source("kv_cache_usage", Series("trtllm_kv_cache_utilization"), combine=Combine.MAXIMUM),
        source("e2e_latency", Series("trtllm_e2e_request_latency_seconds")),
        source("time_to_first_token", Series("trtllm_time_to_first_token_seconds")),
        source("time_per_output_token", Series("trtllm_time_per_output_token_seconds")),
        source("queue_time", Series("trtllm_request_queue_time_seconds")),
    ),
)
