"""Any server with the usual names: OpenTelemetry's for generative AI first, then those of HTTP middlewares.

Requests to the server's own pages are left out where the handler is a label.
"""

from inference_kpis.engines.engine import Engine, Series, source
from inference_kpis.engines.http import NOT_OWN, failed

GENERIC = Engine(
    key="generic",
    label="Prometheus",
    default_port=9090,
    default_path="/metrics",
    model_labels=("gen_ai_request_model", "model_name", "model"),
    sources=(
        source(
            "requests",
            Series("http_requests_total", never=NOT_OWN),
            Series("http_server_requests_total", never=NOT_OWN),
        ),
        source("failed_requests", failed("http_requests_total"), failed("http_server_requests_total")),
        source("output_tokens", Series("generation_tokens_total"), Series("output_tokens_total")),
        source("prompt_tokens", Series("prompt_tokens_total")),
        source("queue_depth", Series("num_requests_waiting"), Series("http_requests_queued")),
        source("running_requests", Series("num_requests_running"), Series("http_requests_in_progress")),
        source(
            "e2e_latency",
            Series("gen_ai_server_request_duration_seconds"),
            Series("http_server_request_duration_seconds", never=NOT_OWN),
            Series("http_request_duration_seconds", never=NOT_OWN),
        ),
        source("time_to_first_token", Series("gen_ai_server_time_to_first_token_seconds")),
        source("time_per_output_token", Series("gen_ai_server_time_per_output_token_seconds")),
    ),
)
