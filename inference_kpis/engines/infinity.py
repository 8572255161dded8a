"""infinity, the server of embeddings: names that any FastAPI server has, so that it has to be chosen.

Inference is asked for with POST; probes, pages and the pulls themselves are counted as well, and are GET.
"""

from inference_kpis.engines.engine import Engine, Series, source
from inference_kpis.engines.http import SERVER_ERRORS

POST = {"method": frozenset({"POST"})}

INFINITY = Engine(
    key="infinity",
    label="infinity",
    default_port=7997,
    default_path="/metrics",
    model_labels=(),
    sources=(
        source("requests", Series("http_requests_total", only=POST)),
        source("failed_requests", Series("http_requests_total", only={**POST, "status": SERVER_ERRORS})),
        source("e2e_latency", Series("http_request_duration_seconds", only=POST)),
    ),
)
