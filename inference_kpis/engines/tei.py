"""Text Embeddings Inference.

`te_embed_*` and its like count the texts inside the same requests again. An input that was refused as invalid is no
failure; a request of many texts may count several failures.
"""

from inference_kpis.engines.engine import Engine, Series, none_of, source

FAULT_OF_THE_SERVER = {"err": frozenset({"overloaded", "inference"})}

TEI = Engine(
    key="tei",
    label="Text Embeddings Inference",
    default_port=9000,
    default_path="/metrics",
    model_labels=(),
    sources=(
        source("requests", Series("te_request_count")),
        source(
            "failed_requests",
            (none_of("te_request_count"), Series("te_request_failure", only=FAULT_OF_THE_SERVER)),
        ),
        source("prompt_tokens", Series("te_request_input_length_sum")),
        source("queue_depth", Series("te_queue_size")),
        source("e2e_latency", Series("te_request_duration")),
        source("queue_time", Series("te_request_queue_duration")),
    ),
)
