"""Quantities, targets and ages as pages write them, in both languages."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from django.utils import translation
from pytest_django import Settings

from inference_kpis.catalogue import KPIS
from inference_kpis.dashboards import wording
from inference_kpis.readings.statistics import NO_DATA, NOT_EXPOSED, Bound, Quantity
from inference_kpis.templatetags import quantities

NOW = datetime(2026, 11, 22, 15, 57, 12, tzinfo=UTC)
NBSP, NARROW = "\u00a0", "\u202f"


def text(value: float, key: str, **changes: object) -> str:
    quantity = replace(Quantity(value, value, value), **changes)
    return wording.quantity_text(quantity, KPIS[key])


@pytest.mark.parametrize(
    ("value", "key", "english", "french"),
    [
        (412.4, "e2e_latency_p95", f"412{NBSP}ms", f"412{NBSP}ms"),
        (1842.3, "output_token_rate", f"1,840{NBSP}tok/s", None),
        (0.38, "cost_per_1m_tokens", "€0.38", f"0,38{NBSP}€"),
        (98.2, "success_ratio", "98.20%", f"98,20{NBSP}%"),
        (71.53, "kv_cache_pressure", "71.5%", f"71,5{NBSP}%"),
        (0.0, "energy_per_1k_tokens", f"0{NBSP}J", f"0{NBSP}J"),
    ],
)
def test_it_works(value: float, key: str, english: str, french: str | None) -> None:
    with translation.override("en"):
        assert text(value, key) == english
    if french:
        with translation.override("fr"):
            assert text(value, key) == french


@pytest.mark.parametrize(
    ("value", "key", "expected"),
    [
        (99.996, "availability", f">{NBSP}99.99%"),
        (99.99, "availability", "99.99%"),
        (100.0, "availability", "100%"),
        (0.004, "success_ratio", f"<{NBSP}0.01%"),
        (0.0, "success_ratio", "0%"),
        (0.003, "cost_per_1m_tokens", f"<{NBSP}€0.01"),
    ],
)
def test_rounding_never_says_more_than_was_measured(value: float, key: str, expected: str) -> None:
    with translation.override("en"):
        assert text(value, key) == expected


def test_bounds_and_approximations_are_marked() -> None:
    with translation.override("en"):
        assert text(10, "e2e_latency_p95", bound=Bound.AT_MOST) == f"≤{NBSP}10{NBSP}ms"
        assert text(10, "e2e_latency_p95", bound=Bound.AT_LEAST) == f"≥{NBSP}10{NBSP}ms"
        assert text(10, "e2e_latency_p95", is_approximate=True) == f"~10{NBSP}ms"


def test_a_missing_value_says_why() -> None:
    kpi = KPIS["queue_depth"]
    with translation.override("en"):
        assert quantities.kpi_value(NO_DATA, kpi) == '<span class="no-value">no data</span>'
        assert "not exposed by this engine" in quantities.kpi_value(NOT_EXPOSED, kpi)


def test_markup_keeps_number_and_unit_apart() -> None:
    with translation.override("en"):
        markup = quantities.kpi_value(Quantity(412.0), KPIS["e2e_latency_p95"])
    assert markup == (
        f'<span class="quantity"><span class="number">412</span>{NBSP}<span class="unit">ms</span></span>'
    )


def test_a_cautious_number_explains_itself() -> None:
    quantity = Quantity(10.0, bound=Bound.AT_MOST)
    with translation.override("en"):
        assert 'title="At most this' in quantities.kpi_value(quantity, KPIS["e2e_latency_p95"])


def test_a_target_shows_its_good_side_and_its_own_decimals() -> None:
    with translation.override("en"):
        assert str(wording.written_target(400.0, KPIS["e2e_latency_p95"])) == f"≤{NBSP}400{NBSP}ms"
        assert str(wording.written_target(99.95, KPIS["availability"])) == f"≥{NBSP}99.95%"
        assert str(wording.written_target(2000, KPIS["output_token_rate"])) == f"≥{NBSP}2,000{NBSP}tok/s"


def test_a_currency_without_a_symbol_is_written_out(settings: Settings) -> None:
    settings.CURRENCY = "CHF"
    with translation.override("en"):
        assert text(0.38, "cost_per_1m_tokens") == f"CHF{NBSP}0.38"
    with translation.override("fr"):
        assert text(0.38, "cost_per_1m_tokens") == f"0,38{NBSP}CHF"


@pytest.mark.parametrize(
    ("value", "english", "french"),
    [
        (1842, "1,840", f"1{NARROW}840"),
        (9.996, "10.0", "10,0"),
        (0.0123, "0.0123", "0,0123"),
        (3, "3", "3"),
        (-4.25, "\u22124.25", "\u22124,25"),
        (Decimal("2.50"), "2.50", "2,50"),
        (Fraction(1, 3), "0.333", "0,333"),
        (0, "0", "0"),
    ],
)
def test_numbers_have_three_significant_digits(value: wording.Number, english: str, french: str) -> None:
    with translation.override("en"):
        assert quantities.number(value) == english
    with translation.override("fr"):
        assert quantities.number(value) == french


@pytest.mark.parametrize(("value", "expected"), [(6, "+6"), (-3, "\u22123"), (0, "±0"), (None, "")])
def test_changes_have_a_sign(value: float | None, expected: str) -> None:
    with translation.override("en"):
        assert quantities.signed(value) == expected


def test_there_is_no_minus_zero() -> None:
    assert wording.fixed(-0.004, 2) == "0.00"


@pytest.mark.parametrize(
    ("share", "decimals", "english"), [(0.824, 0, "82%"), (Fraction(2, 3), 1, "66.7%"), (None, 0, "")]
)
def test_shares_become_percentages(share: wording.Number | None, decimals: int, english: str) -> None:
    with translation.override("en"):
        assert quantities.percent(share, decimals) == english


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (-5, "0 s ago"),
        (0.9, "0 s ago"),
        (59, "59 s ago"),
        (60, "1 min ago"),
        (3600, "1 h ago"),
        (172_799, "47 h ago"),
        (172_800, "2 d ago"),
    ],
)
def test_ages_are_whole_and_short(seconds: float, expected: str) -> None:
    with translation.override("en"):
        assert wording.age(NOW - timedelta(seconds=seconds), NOW) == expected


def test_an_age_carries_its_moment() -> None:
    with translation.override("en"):
        markup = quantities.age(NOW - timedelta(seconds=12), NOW)
    assert markup == (
        '<time datetime="2026-11-22T15:57:00+00:00" title="22 November 2026, 16:57" data-age>12 s ago</time>'
    )


def test_what_never_was_is_never() -> None:
    with translation.override("en"):
        assert "never" in quantities.age(None)


@pytest.mark.parametrize(
    ("length", "expected"), [(timedelta(hours=1), f"1{NBSP}h"), (90, f"1{NBSP}min"), (15, f"15{NBSP}s")]
)
def test_lengths_of_time(length: timedelta | float, expected: str) -> None:
    assert quantities.duration(length) == expected
