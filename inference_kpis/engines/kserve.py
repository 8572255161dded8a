"""KServe's own Python runtime; one that runs vLLM gives its names besides, and is better read as vLLM.

It counts no failures. Its histogram is of predicting alone; the mean latency adds what is done before and after.
"""

from inference_kpis.engines.engine import Engine, Series, source

KSERVE = Engine(
    key="kserve",
    label="KServe",
    default_port=8080,
    default_path="/metrics",
    model_labels=("model_name",),
    sources=(
        source("requests", Series("request_predict_seconds_count")),
        source(
            "request_time",
            (
                Series("request_preprocess_seconds_sum"),
                Series("request_predict_seconds_sum"),
                Series("request_postprocess_seconds_sum"),
            ),
        ),
        source("e2e_latency", Series("request_predict_seconds")),
    ),
)
