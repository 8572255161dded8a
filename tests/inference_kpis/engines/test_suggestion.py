"""Guesses from names, and what to beware of."""

import pytest

from inference_kpis.engines.mapping import Content, Row, problems, written_conditions
from inference_kpis.engines.suggestion import cautions, model_label, suggested, usual_measure
from inference_kpis.protocols.families import Family, families
from tests.inference_kpis.expositions import recorded


def of(text: str) -> list[Family]:
    return families(text.encode())


def named(rows: list[Row]) -> dict[str, tuple[str, str, str]]:
    return {row.measure: (row.series, row.kind, row.unit) for row in rows}


def test_it_works() -> None:
    rows = suggested(families(recorded("unknown")))
    assert named(rows) == {
        "requests": ("acme_served_requests_total", "counter", "count"),
        "failed_requests": ("acme_served_requests_total", "counter", "count"),
        "prompt_tokens": ("acme_prompt_tokens_total", "counter", "count"),
        "output_tokens": ("acme_completion_tokens_total", "counter", "count"),
        "energy": ("acme_energy_millijoules_total", "counter", "millijoule"),
        "queue_depth": ("acme_queue_length", "gauge", "count"),
        "kv_cache_usage": ("acme_cache_usage_percent", "gauge", "percent"),
        "power": ("acme_board_power_watts", "gauge", "watt"),
        "e2e_latency": ("acme_request_latency_milliseconds", "histogram", "millisecond"),
    }
    assert written_conditions(next(row for row in rows if row.measure == "failed_requests").conditions) == "status=5xx"
    assert model_label(families(recorded("unknown"))) == "model"


@pytest.mark.parametrize("sample", ["unknown", "fastapi", "generic", "vllm", "triton", "kserve", "tgi", "openvino"])
def test_what_is_suggested_is_in_order(sample: str) -> None:
    rows = suggested(families(recorded(sample)))
    assert rows
    assert problems(Content(tuple(rows))) == []


def test_what_is_mapped_is_not_suggested() -> None:
    found = named(suggested(families(recorded("unknown")), mapped={"requests", "e2e_latency"}))
    assert not found.keys() & {"requests", "e2e_latency", "request_time"}


def test_own_pages_are_left_out() -> None:
    (row, *_) = suggested(of('# TYPE http_requests_total counter\nhttp_requests_total{handler="/v1"} 1\n'))
    assert written_conditions(row.conditions).startswith("handler!=/health|")


def test_where_only_a_histogram_tells_of_requests_its_count_is_taken() -> None:
    text = '# TYPE predict_request_seconds histogram\npredict_request_seconds_bucket{le="1"} 1\npredict_request_seconds_bucket{le="+Inf"} 1\n'
    assert named(suggested(of(text))) == {
        "requests": ("predict_request_seconds", "histogram", "count"),
        "e2e_latency": ("predict_request_seconds", "histogram", "second"),
    }


@pytest.mark.parametrize(
    ("name", "measure"),
    [
        ("myserver_time_to_first_token_seconds", ""),
        ("gpu_utilization", "accelerator_utilisation"),
        ("requests_in_progress", "running_requests"),
        ("something_else", ""),
        ("requests_created", ""),
    ],
)
def test_a_name_speaks_for_a_measure(name: str, measure: str) -> None:
    (family,) = of(f"# TYPE {name} gauge\n{name} 1\n")
    assert usual_measure(family) == measure


def test_traps_are_said() -> None:
    told = cautions(families(recorded("unknown")))
    assert [each.code for each in told["acme_uptime"]] == ["no_type"]
    assert [each.code for each in told["acme_served_requests_created"]] == ["time_of_creation"]
    assert ("repeats", "acme_served_requests_total") in {
        (each.code, each.other) for each in told["acme_request_latency_milliseconds"]
    }
    assert "summary" in {each.code for each in told["acme_preprocess_seconds"]}
    assert "acme_served_requests_total" not in told
