"""Answers as the documentation shows them; a test holds them against what is really answered."""

from typing import Any

from drf_spectacular.utils import OpenApiExample


def _answer(name: str, value: Any) -> OpenApiExample:
    return OpenApiExample(name, value=value, response_only=True, status_codes=["200"])


_KPI = {
    "key": "e2e_latency_p95",
    "label": "End-to-end latency, p95",
    "unit": "ms",
    "unit_label": "ms",
    "direction": "lower",
    "vantage": "server",
    "vantage_label": "seen by the server",
    "formula": "Quantile of the merged histograms of the time from a request's arrival at the server to its last byte.",
    "is_default": True,
}
_MEASURED = {
    "value": 412.5,
    "low": 300.0,
    "high": 500.0,
    "bound": "exact",
    "approximate": False,
    "samples": 1840,
    "confidence": None,
    "reason": None,
    "covered_share": None,
}
_NO_DATA = {
    "value": None,
    "low": None,
    "high": None,
    "bound": None,
    "approximate": False,
    "samples": 0,
    "confidence": None,
    "reason": "no_data",
    "covered_share": None,
}
_NODE = {
    "uuid": "5f8c8f4e-6a57-4a4e-9f0e-3f0f6f0d7c11",
    "name": "lyon-03",
    "site": "lyon",
    "site_name": "Lyon",
    "tier": "edge",
    "engine": "vllm",
    "source": "pull",
    "state": "up",
    "state_since": "2026-11-22T08:14:03Z",
    "problem": None,
    "problem_message": None,
    "last_reading_at": "2026-11-22T10:59:50Z",
    "is_demo": False,
}
_MINUTES = {"start": "2026-11-22T10:55:00Z", "end": "2026-11-22T11:00:00Z"}
_NEXT = "https://vigie.example/api/v1/nodes?limit=1&cursor=5f8c8f4e-6a57-4a4e-9f0e-3f0f6f0d7c11"

CATALOGUE = _answer("One KPI of the catalogue", {"kpis": [_KPI]})
SERIES = _answer(
    "By site, two steps of half an hour",
    {
        "kpi": _KPI,
        "start": "2026-11-22T10:00:00Z",
        "end": "2026-11-22T11:00:00Z",
        "step_seconds": 1800,
        "scope": {"tier": "edge"},
        "split": "site",
        "quantity": _MEASURED,
        "series": [
            {
                "key": "lyon",
                "label": "Lyon",
                "quantity": _MEASURED,
                "points": [
                    {"start": "2026-11-22T10:00:00Z", **_MEASURED},
                    {"start": "2026-11-22T10:30:00Z", **_NO_DATA},
                ],
            }
        ],
    },
)
NODES = _answer("One node a page", {"nodes": [_NODE], "next": _NEXT})
NODE = _answer(
    "One node, one of its KPIs", {"node": _NODE, **_MINUTES, "kpis": [{"key": "e2e_latency_p95", **_MEASURED}]}
)
LATEST = _answer(
    "One node, one KPI",
    {
        **_MINUTES,
        "nodes": [
            {
                **{name: _NODE[name] for name in ("uuid", "name", "site", "state", "last_reading_at")},
                "kpis": [{"key": "e2e_latency_p95", **_MEASURED}],
            }
        ],
        "next": None,
    },
)
SITES = _answer(
    "One site",
    {
        "sites": [
            {
                "key": "lyon",
                "name": "Lyon",
                "region": "Auvergne-Rhône-Alpes",
                "tier": "edge",
                "nodes": {"up": 11, "down": 1, "silent": 0, "waiting": 0, "paused": 0},
                "is_demo": False,
            }
        ],
        "next": None,
    },
)
OPENMETRICS = OpenApiExample(
    "A counter and a KPI",
    value="""# HELP vigie_requests Requests
# TYPE vigie_requests counter
vigie_requests_total{engine="vllm",model="llama-3.1-8b",site="lyon",tier="edge"} 184022.0
# HELP vigie_kpi_availability_ratio Availability. Pulls that succeeded divided by pulls that were tried.
# TYPE vigie_kpi_availability_ratio gauge
# UNIT vigie_kpi_availability_ratio ratio
vigie_kpi_availability_ratio{site="lyon",split="site"} 0.998
# EOF
""",
    response_only=True,
    status_codes=["200"],
)
