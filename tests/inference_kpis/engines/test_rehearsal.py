"""What a mapping would read now, of one moment and of two."""

from dataclasses import replace

import pytest

from inference_kpis.engines.mapping import Condition, Content, Row, compiled
from inference_kpis.engines.rehearsal import Moment, Rehearsed, figures, rehearse
from inference_kpis.protocols.families import families
from tests.inference_kpis.expositions import recorded
from tests.inference_kpis.mappings.makers import ACME, LATENCY, QUEUE, REQUESTS, acme

NOW = 1_764_000_000_000


def moment(body: bytes, at_ms: int = NOW) -> Moment:
    return Moment(at_ms, [sample for family in families(body) for sample in family.samples])


def rehearsed(*rows: Row, body: bytes) -> list[Rehearsed]:
    by_name = {family.name: family for family in families(body)}
    return rehearse(Content(rows, ("model",)), by_name, moment(body))


def test_it_works() -> None:
    shown, dropped = figures(compiled(ACME, ""), moment(acme(62)), moment(acme(50), NOW - 5000))
    found = {figure.measure: figure for figure in shown}
    assert dropped == ()
    assert (found["requests"].model, found["requests"].grown, found["requests"].seconds) == ("llama", 12, 5)
    assert (found["e2e_latency"].grown, found["e2e_latency"].mean) == (12, pytest.approx(0.2))
    assert found["queue_depth"].level == 6


def test_one_moment_shows_totals() -> None:
    shown, _ = figures(compiled(ACME, ""), moment(acme(50)))
    requests = next(figure for figure in shown if figure.measure == "requests")
    assert (requests.total, requests.grown) == (50, None)


def test_moments_in_the_wrong_order_show_totals() -> None:
    shown, _ = figures(compiled(ACME, ""), moment(acme(50)), moment(acme(40), NOW))
    assert {figure.grown for figure in shown} == {None}


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (replace(REQUESTS, series="nowhere"), "not_there"),
        (replace(LATENCY, series="acme_request_latency_milliseconds_sum"), "part_of_family"),
        (replace(REQUESTS, series="acme_queue_length"), "gauge_counted"),
        (replace(REQUESTS, series="acme_preprocess_seconds"), "other_kind"),
        (replace(REQUESTS, conditions=(Condition("status", ("404",)),)), "nothing_selected"),
        (replace(QUEUE, measure="kv_cache_usage", series="acme_cache_usage_percent", unit="ratio"), "above_one"),
        (Row("accelerator_memory_usage", "acme_memory_used_bytes", "gauge", "byte", per="x"), "divisor_not_there"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_odd_is_said_at_the_row(row: Row, code: str) -> None:
    (found,) = rehearsed(row, body=recorded("unknown"))
    assert code in {remark.code for remark in found.remarks}


def test_a_mean_in_the_wrong_unit_is_odd() -> None:
    slow = acme(10, milliseconds=5_000)
    (found,) = rehearsed(replace(LATENCY, unit="second"), body=slow)
    assert "odd_mean" in {remark.code for remark in found.remarks}
    (fine,) = rehearsed(LATENCY, body=slow)
    assert fine.remarks == ()


def test_two_rows_with_the_same_number_are_told() -> None:
    twin = replace(REQUESTS, series="acme_request_latency_milliseconds", kind="histogram")
    first, second = rehearsed(REQUESTS, twin, body=acme(50))
    assert first.remarks == ()
    assert [(remark.code, remark.other) for remark in second.remarks] == [("same_number", 0)]
