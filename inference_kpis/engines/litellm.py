"""The LiteLLM proxy, a gateway in front of other servers: what it sees is seen by the gateway.

The proxy, its deployments and `litellm_requests_metric` count the same requests; the proxy's are read. Calls of its
administration ask for no model. An error that the client made is no failure. Its labels hold keys and people.
"""

from inference_kpis.engines.engine import Engine, Series, none_of, source
from inference_kpis.engines.http import CLIENT_ERRORS

NOT_A_MODEL = {"requested_model": frozenset({"None"})}

LITELLM = Engine(
    key="litellm",
    label="LiteLLM",
    default_port=4000,
    default_path="/metrics/",
    model_labels=("requested_model", "model"),
    sources=(
        source("requests", Series("litellm_proxy_total_requests_metric_total", never=NOT_A_MODEL)),
        source(
            "failed_requests",
            (
                none_of("litellm_proxy_total_requests_metric_total"),
                Series(
                    "litellm_proxy_failed_requests_metric_total",
                    never={"exception_status": CLIENT_ERRORS, **NOT_A_MODEL},
                ),
            ),
        ),
        source("prompt_tokens", Series("litellm_input_tokens_metric_total")),
        source("output_tokens", Series("litellm_output_tokens_metric_total")),
        source("gateway_latency", Series("litellm_request_total_latency_metric")),
        source("gateway_time_to_first_token", Series("litellm_llm_api_time_to_first_token_metric")),
        source("queue_time", Series("litellm_request_queue_time_seconds")),
    ),
)
