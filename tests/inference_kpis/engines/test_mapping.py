"""Mappings as values: compiled, checked, written and read again."""

from dataclasses import replace

import pytest

from inference_kpis.catalogue import MEASURES, PROBE_MEASURES
from inference_kpis.engines.mapping import (
    MAPPED,
    UNITS,
    Condition,
    Content,
    NotAMapping,
    Row,
    as_json,
    compiled,
    dimension_of,
    fingerprints,
    from_json,
    model_labels,
    problems,
    read_conditions,
    usual_unit,
    written_conditions,
)
from inference_kpis.readings.derived import DERIVED
from inference_kpis.readings.observation import ModelObservation
from tests.inference_kpis.expositions import counted, observed, recorded
from tests.inference_kpis.mappings.makers import ACME, FAILED, LATENCY, QUEUE, REQUESTS

UNKNOWN = recorded("unknown")


def read(*rows: Row, model: str = "llama", body: bytes = UNKNOWN) -> ModelObservation:
    return observed(compiled(Content(rows, ("model",)), "Acme"), body).models[model]


def test_it_works() -> None:
    observation = observed(compiled(ACME, "Acme"), UNKNOWN)
    assert observation.problems == ()
    assert counted(observation, "llama") == {"requests": 200, "failed_requests": 20}
    assert counted(observation, "mistral") == {"requests": 100, "failed_requests": 0}
    (latency,) = observation.models["llama"].histograms["e2e_latency"].values()
    assert latency.bounds == (0.1, 0.25, 1.0)
    assert latency.sum == 40.0
    assert observation.models["llama"].gauges == {"queue_depth": 6}


@pytest.mark.parametrize(("combine", "value"), [("sum", 6), ("maximum", 4), ("mean", 3)])
def test_several_series_become_one_value(combine: str, value: float) -> None:
    assert read(replace(QUEUE, combine=combine)).gauges == {"queue_depth": value}


@pytest.mark.parametrize(
    ("row", "value"),
    [
        (Row("kv_cache_usage", "acme_cache_usage_percent", "gauge", "percent"), 0.4),
        (
            Row("accelerator_memory_usage", "acme_memory_used_bytes", "gauge", "byte", per="acme_memory_total_bytes"),
            0.75,
        ),
        (Row("power", "acme_board_power_watts", "gauge", "watt"), 41.5),
        (Row("power", "acme_board_power_watts", "gauge", "milliwatt"), 0.0415),
    ],
    ids=lambda value: value.unit if isinstance(value, Row) else "",
)
def test_a_level_comes_in_the_unit_of_its_measure(row: Row, value: float) -> None:
    assert problems(Content((row,))) == []
    gauges = {
        key: found
        for model in observed(compiled(Content((row,)), ""), UNKNOWN).models.values()
        for key, found in model.gauges.items()
    }
    assert gauges == {row.measure: pytest.approx(value)}


@pytest.mark.parametrize(
    ("row", "value"),
    [
        (Row("energy", "acme_energy_millijoules_total", "counter", "millijoule"), 300),
        (Row("request_time", "acme_preprocess_seconds", "summary", "second"), 4),
        (Row("requests", "acme_preprocess_seconds", "summary", "count"), 200),
        (Row("requests", "acme_request_latency_milliseconds", "histogram", "count"), 300),
        (Row("request_time", "acme_request_latency_milliseconds", "histogram", "millisecond"), 60),
    ],
    ids=["energy", "sum of a summary", "count of a summary", "count of a histogram", "sum of a histogram"],
)
def test_what_is_counted_comes_in_the_unit_of_its_measure(row: Row, value: float) -> None:
    assert problems(Content((row,))) == []
    assert counted(observed(compiled(Content((row,)), ""), UNKNOWN))[row.measure] == pytest.approx(value)


def test_every_measure_has_a_unit_of_its_own() -> None:
    for measure in MAPPED.values():
        unit = UNITS[usual_unit(measure)]
        assert (unit.dimension, unit.factor) == (dimension_of(measure), 1)


@pytest.mark.parametrize(
    ("row", "part", "code"),
    [
        (replace(REQUESTS, measure="cost"), "measure", "unknown_measure"),
        (replace(REQUESTS, series="a b"), "series", "bad_series"),
        (replace(REQUESTS, kind="gauge"), "kind", "not_for_increase"),
        (replace(QUEUE, kind="counter"), "kind", "not_for_level"),
        (replace(LATENCY, kind="summary"), "kind", "not_for_distribution"),
        (replace(LATENCY, unit="joule"), "unit", "wrong_unit"),
        (replace(QUEUE, measure="kv_cache_usage", unit="byte"), "unit", "ratio_of_what"),
        (replace(REQUESTS, combine="maximum"), "combine", "only_added"),
        (replace(REQUESTS, per="x"), "per", "bad_divisor"),
        (replace(REQUESTS, conditions=(Condition("le", ("1",)),)), "conditions", "bad_condition"),
        (replace(REQUESTS, conditions=(Condition("a", ("x" * 201,)),)), "conditions", "bad_condition"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_wrong_with_a_row_is_said(row: Row, part: str, code: str) -> None:
    assert (part, code) in {(problem.part, problem.code) for problem in problems(Content((row,)))}


def test_two_rows_may_not_count_the_same() -> None:
    good, bad = replace(REQUESTS, conditions=(Condition("status", ("200",)),)), FAILED.conditions
    assert [each.code for each in problems(Content((REQUESTS, REQUESTS)))] == ["counted_twice"]
    assert problems(Content((good, replace(REQUESTS, conditions=bad)))) == []
    others = replace(REQUESTS, conditions=(Condition("status", ("200", "5xx"), is_excluding=True),))
    assert problems(Content((good, others))) == []
    assert [
        each.other
        for each in problems(Content((others, replace(REQUESTS, conditions=(Condition("status", ("404",)),)))))
    ] == [0]
    assert [each.code for each in problems(Content((QUEUE, replace(QUEUE, series="other", combine="mean"))))] == [
        "combined_otherwise"
    ]


def test_rows_of_one_measure_add_up() -> None:
    rows = [replace(REQUESTS, conditions=(Condition("status", (status,)),)) for status in ("200", "5xx")]
    assert counted(observed(compiled(Content(tuple(rows)), ""), UNKNOWN))["requests"] == 300


def test_a_fingerprint_follows_what_is_counted_and_nothing_else() -> None:
    before = fingerprints(ACME)
    assert before.keys() == {"requests", "failed_requests", "e2e_latency"}
    assert fingerprints(Content((QUEUE, LATENCY, FAILED, REQUESTS), ("model",))) == before
    after = fingerprints(Content((REQUESTS, FAILED, replace(LATENCY, unit="second")), ("model",)))
    assert {key for key in before if before[key] != after[key]} == {"e2e_latency"}
    assert not set(fingerprints(replace(ACME, model_labels=())).values()) & set(before.values())


@pytest.mark.parametrize(
    "text",
    ["status=5xx", "status=500|502; handler!=/health|/metrics", 'a="x;y"|"p|q"; b!=""', 'gone=""', "x_y=  z "],
)
def test_conditions_are_read_as_they_are_written(text: str) -> None:
    conditions = read_conditions(text)
    assert read_conditions(written_conditions(conditions)) == conditions


def test_conditions_mean_what_they_say() -> None:
    assert read_conditions('handler != /health | "a;b" ; status=5xx') == (
        Condition("handler", ("/health", "a;b"), is_excluding=True),
        Condition("status", ("5xx",)),
    )
    assert {"5xx", "500", "599"} <= Condition("status", ("5xx",)).meant
    assert read_conditions(" ; ") == ()


@pytest.mark.parametrize("text", ["status", 'a="x', "5xx; b"])
def test_conditions_that_make_no_sense_are_refused(text: str) -> None:
    with pytest.raises(NotAMapping):
        read_conditions(text)


def test_a_mapping_survives_json() -> None:
    row = Row("accelerator_memory_usage", "used", "gauge", "byte", "mean", FAILED.conditions, "all")
    content = Content((*ACME.rows, row), ("model", "name"))
    assert from_json(as_json(content)) == content


@pytest.mark.parametrize(
    "found",
    [
        None,
        [],
        {"rows": 1},
        {"rows": [1]},
        {"rows": [{}]},
        {"rows": [], "other": 1},
        {"rows": [{}] * 61},
        {"rows": [], "model_labels": [1]},
        {"rows": [], "model_labels": list("abcdef")},
        {"rows": [{"measure": 1, "series": "a", "kind": "b", "unit": "c"}]},
        {"rows": [{"measure": "m", "series": "a", "kind": "b", "unit": "c", "conditions": [1]}]},
        {"rows": [{"measure": "m", "series": "a", "kind": "b", "unit": "c", "conditions": [{"label": 1}]}]},
        {"rows": [{"measure": "m", "series": "a", "kind": "b", "unit": "c", "extra": "x"}]},
    ],
)
def test_what_is_no_mapping_is_refused(found: object) -> None:
    with pytest.raises(NotAMapping):
        from_json(found)


def test_labels_are_named_as_old_readers_know_them() -> None:
    assert model_labels([" gen_ai.request.model ", "", "model", "model"]) == ("gen_ai_request_model", "model")


def test_nothing_that_vigie_counts_itself_can_be_mapped() -> None:
    assert MEASURES.keys() - MAPPED.keys() == {"pulls", "successful_pulls", "cost"} | DERIVED | PROBE_MEASURES
