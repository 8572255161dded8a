"""OpenVINO Model Server, with `--metrics_enable`; times are microseconds.

Requests are counted for every method of the API, questions about a model's state among them. Graphs, such as those that
generate text, count what they accepted instead. `ovms_infer_req_queue_size` is how many requests fit, not how many wait.
"""

from inference_kpis.engines.engine import Engine, Series, source

INFERENCE = {"method": frozenset({"ModelInfer", "Predict", "Unary", "Stream"})}

OPENVINO = Engine(
    key="openvino",
    label="OpenVINO Model Server",
    default_port=8000,
    default_path="/metrics",
    model_labels=("name",),
    sources=(
        source(
            "requests",
            (
                Series("ovms_requests_success", only=INFERENCE),
                Series("ovms_requests_fail", only=INFERENCE),
                Series("ovms_requests_accepted", only=INFERENCE),
                Series("ovms_requests_rejected", only=INFERENCE),
            ),
        ),
        source("failed_requests", Series("ovms_requests_fail", only=INFERENCE)),
        source("running_requests", (Series("ovms_current_requests"), Series("ovms_current_graphs"))),
        source("e2e_latency", Series("ovms_request_time_us", scale=1e-6)),
        source("queue_time", Series("ovms_wait_for_infer_req_time_us", scale=1e-6)),
    ),
)
