"""MLServer.

Models count their requests whichever protocol they came by; the histograms are those of REST and gRPC, without model
label, and hold reading a model's description and other pages as well.
"""

from inference_kpis.engines.engine import Engine, Series, none_of, source

SUCCESSES = Series("model_infer_request_success_total")
FAILURES = Series("model_infer_request_failure_total")
INFERENCE_PATHS = frozenset(
    f"/v2/models/{{model_name}}{version}/{verb}"
    for version in ("", "/versions/{model_version}")
    for verb in ("infer", "infer_stream", "generate", "generate_stream")
)
INFERENCE_CALLS = frozenset({"ModelInfer", "ModelStreamInfer"})

MLSERVER = Engine(
    key="mlserver",
    label="MLServer",
    default_port=8082,
    default_path="/metrics",
    model_labels=("model",),
    sources=(
        source("requests", (SUCCESSES, FAILURES)),
        source("failed_requests", (none_of(SUCCESSES.name), FAILURES)),
        source("request_time", Series("model_infer_request_duration_sum")),
        source(
            "e2e_latency",
            (
                Series("rest_server_request_duration_seconds", only={"path": INFERENCE_PATHS}),
                Series("grpc_server_handling_seconds", only={"grpc_method": INFERENCE_CALLS}),
            ),
        ),
    ),
)
