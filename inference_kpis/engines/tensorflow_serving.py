"""TensorFlow Serving, with monitoring configured; names start with a colon, times are microseconds.

A request that was wrong or that its client gave up is no failure of the server.
"""

from inference_kpis.engines.engine import Engine, Series, source

NO_FAULT_OF_THE_SERVER = {
    "status": frozenset(
        {
            *("OK", "CANCELLED", "INVALID_ARGUMENT", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED"),
            *("UNAUTHENTICATED", "FAILED_PRECONDITION", "OUT_OF_RANGE"),
        }
    )
}

TENSORFLOW_SERVING = Engine(
    key="tensorflow_serving",
    label="TensorFlow Serving",
    default_port=8501,
    default_path="/monitoring/prometheus/metrics",
    model_labels=("model_name",),
    sources=(
        source("requests", Series(":tensorflow:serving:request_count")),
        source("failed_requests", Series(":tensorflow:serving:request_count", never=NO_FAULT_OF_THE_SERVER)),
        source("e2e_latency", Series(":tensorflow:serving:request_latency", scale=1e-6)),
    ),
)
