"""BentoML, current names first, then those of its first generation; a runner's are the same requests once more.

A service stands for a model: its name is the nearest thing to one that BentoML tells. Probes are counted as requests.
"""

from inference_kpis.engines.engine import Engine, Series, source
from inference_kpis.engines.http import OWN_PAGES, SERVER_ERRORS

NOT_OWN = {"endpoint": OWN_PAGES | {"/", "/docs.json", "/schema.json"}}
FAILED = {"http_response_code": SERVER_ERRORS}

BENTOML = Engine(
    key="bentoml",
    label="BentoML",
    default_port=3000,
    default_path="/metrics",
    model_labels=("service_name",),
    sources=(
        source(
            "requests",
            Series("bentoml_service_request_total", never=NOT_OWN),
            Series("bentoml_api_server_request_total", never=NOT_OWN),
        ),
        source(
            "failed_requests",
            Series("bentoml_service_request_total", only=FAILED, never=NOT_OWN),
            Series("bentoml_api_server_request_total", only=FAILED, never=NOT_OWN),
        ),
        source(
            "running_requests",
            Series("bentoml_service_request_in_progress", never=NOT_OWN),
            Series("bentoml_api_server_request_in_progress", never=NOT_OWN),
        ),
        source(
            "e2e_latency",
            Series("bentoml_service_request_duration_seconds", never=NOT_OWN),
            Series("bentoml_api_server_request_duration_seconds", never=NOT_OWN),
        ),
    ),
)
