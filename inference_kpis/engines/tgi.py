"""Text Generation Inference.

It names no model and gives no time to first token: adding quantiles of queue and prefill gives a quantile of nothing.
Durations are those of requests that succeeded. Requests that were invalid, or whose client had gone, are no failures.
"""

from inference_kpis.engines.engine import Engine, Series, none_of, source

NO_FAULT_OF_THE_SERVER = {"err": frozenset({"validation", "template", "dropped"})}

TGI = Engine(
    key="tgi",
    label="Text Generation Inference",
    default_port=3000,
    default_path="/metrics",
    model_labels=(),
    sources=(
        source("requests", Series("tgi_request_count")),
        source(
            "failed_requests",
            (none_of("tgi_request_count"), Series("tgi_request_failure", never=NO_FAULT_OF_THE_SERVER)),
        ),
        source("prompt_tokens", Series("tgi_request_input_length_sum")),
        source("output_tokens", Series("tgi_request_generated_tokens_sum")),
        source("queue_depth", Series("tgi_queue_size")),
        source("running_requests", Series("tgi_batch_current_size")),
        source("e2e_latency", Series("tgi_request_duration")),
        source("time_per_output_token", Series("tgi_request_mean_time_per_token_duration")),
        source("queue_time", Series("tgi_request_queue_duration")),
    ),
)
