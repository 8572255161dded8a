"""SGLang, current names first, then those that older releases used.

With metrics of all schedulers switched on, each tensor-parallel rank repeats what its data-parallel rank counts; under
priority scheduling each priority repeats part of the total, whose priority is empty. Server errors are known to the HTTP layer alone, which has
no model label. The time to a first token that nobody streamed was seen by nobody.
"""

from inference_kpis.engines.engine import Combine, Engine, Series, source
from inference_kpis.engines.http import OWN_PAGES, SERVER_ERRORS

ONE_RANK = ("model_name", "engine_type", "dp_rank")
STREAMED = {"is_streaming": frozenset({"true", ""})}
PROBES = {"endpoint": OWN_PAGES | {"/health_generate"}}

SGLANG = Engine(
    key="sglang",
    label="SGLang",
    default_port=30000,
    default_path="/metrics",
    model_labels=("model_name",),
    sources=(
        source("requests", Series("sglang:num_requests_total")),
        source(
            "failed_requests",
            Series("sglang:http_responses_total", only={"status_code": SERVER_ERRORS}, never=PROBES),
        ),
        source("prompt_tokens", Series("sglang:prompt_tokens_total")),
        source("output_tokens", Series("sglang:generation_tokens_total")),
        source("queue_depth", Series("sglang:num_queue_reqs", one_per=ONE_RANK)),
        source("running_requests", Series("sglang:num_running_reqs", one_per=ONE_RANK)),
        source("kv_cache_usage", Series("sglang:token_usage"), combine=Combine.MAXIMUM),
        source("e2e_latency", Series("sglang:e2e_request_latency_seconds")),
        source("time_to_first_token", Series("sglang:time_to_first_token_seconds", only=STREAMED)),
        source(
            "inter_token_latency",
            Series("sglang:inter_token_latency_seconds"),
            Series("sglang:time_per_output_token_seconds"),
        ),
        source("time_per_output_token", Series("sglang:request_time_per_output_token_seconds")),
        source(
            "queue_time",
            Series("sglang:queue_time_seconds", one_per=ONE_RANK),
            Series("sglang:queue_time_s", one_per=ONE_RANK),
        ),
    ),
)
