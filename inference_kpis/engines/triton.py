"""Triton Inference Server.

By default it gives sums of time and no histogram of whole requests: a mean, and no percentile that could be true. A
request that was cancelled is neither a success nor a failure; older releases give failures without a reason.
"""

from inference_kpis.engines.engine import Combine, Engine, Series, source

FAILURES = Series("nv_inference_request_failure", never={"reason": frozenset({"CANCELED"})})
MICROSECONDS = 1e-6

TRITON = Engine(
    key="triton",
    label="Triton",
    default_port=8002,
    default_path="/metrics",
    model_labels=("model",),
    sources=(
        source("requests", (Series("nv_inference_request_success"), FAILURES)),
        source("failed_requests", FAILURES),
        source("request_time", Series("nv_inference_request_duration_us", scale=MICROSECONDS)),
        source("queue_depth", Series("nv_inference_pending_request_count")),
        source("time_to_first_token", Series("nv_inference_first_response_histogram_ms", scale=1e-3)),
        source("accelerator_utilisation", Series("nv_gpu_utilization"), combine=Combine.MAXIMUM),
        source("accelerator_memory_usage", Series("nv_gpu_memory_used_bytes", per=("nv_gpu_memory_total_bytes",))),
        source("power", Series("nv_gpu_power_usage")),
        source("energy", Series("nv_energy_consumption")),
    ),
)
