"""TorchServe, with `metrics_mode=prometheus`.

It gives sums of time and no histogram: a mean, and no percentile that could be true. `Requests5XX` is counted for the
whole server; `Requests2XX` holds health probes as well, `ts_inference_requests_total` does not.
"""

from inference_kpis.engines.engine import Combine, Engine, Series, none_of, source

TORCHSERVE = Engine(
    key="torchserve",
    label="TorchServe",
    default_port=8082,
    default_path="/metrics",
    model_labels=("model_name",),
    sources=(
        source("requests", Series("ts_inference_requests_total")),
        source("failed_requests", (none_of("Requests2XX"), Series("Requests5XX"))),
        source("request_time", Series("ts_inference_latency_microseconds", scale=1e-6)),
        source("accelerator_utilisation", Series("GPUUtilization", scale=0.01), combine=Combine.MAXIMUM),
        source("accelerator_memory_usage", Series("GPUMemoryUtilization", scale=0.01), combine=Combine.MAXIMUM),
    ),
)
