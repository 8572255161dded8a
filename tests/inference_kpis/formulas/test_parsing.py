"""The text of a formula: what it means, its unit, and where it is wrong."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference_kpis.catalogue import (
    Combined,
    Constant,
    Formula,
    Maximum,
    Mean,
    Operator,
    Quantile,
    Rate,
    Ratio,
    ShareBelow,
    Sum,
    Total,
)
from inference_kpis.formulas.parsing import FormulaRefused, parsed, scale

OVER, TIMES, PLUS, MINUS = Operator.OVER, Operator.TIMES, Operator.PLUS, Operator.MINUS
REQUESTS, TOKENS = Rate("requests"), Rate("output_tokens")


@pytest.mark.parametrize(
    ("text", "formula", "unit"),
    [
        ("rate(requests)", REQUESTS, "request/s"),
        ("increase(output_tokens)", Sum("output_tokens"), "token"),
        ("mean(queue_depth)", Mean("queue_depth"), "request"),
        ("max( kv_cache_usage )", Maximum(("kv_cache_usage",)), "1"),
        ("quantile(0.95, e2e_latency)", Quantile("e2e_latency", 0.95), "s"),
        ("quantile(95 %, e2e_latency)", Quantile("e2e_latency", 0.95), "s"),
        ("share_below(500 ms, e2e_latency)", ShareBelow("e2e_latency", 0.5), "1"),
        ("e2e_latency_p95", Quantile("e2e_latency", 0.95), "s"),
        ("total(power) / rate(output_tokens)", Combined(OVER, Total("power"), TOKENS), "J/token"),
        ("total(power) ÷ rate(output_tokens)", Combined(OVER, Total("power"), TOKENS), "J/token"),
        ("queue_depth / request_rate", Combined(OVER, Total("queue_depth"), REQUESTS), "s"),
        (
            "rate(requests) * (1 - 0.25) * 2",
            Combined(TIMES, Combined(TIMES, REQUESTS, Constant(0.75)), Constant(2)),
            "request/s",
        ),
        ("0.36 currency/kWh × increase(energy)", Combined(TIMES, Constant(1e-7), Sum("energy")), "currency"),
        ("rate(requests)−1 request/s", Combined(MINUS, REQUESTS, Constant(1)), "request/s"),
        ("1 - 2 * share_below(1 s, e2e_latency)", None, "1"),
        ("-request_rate", Combined(MINUS, Constant(0), REQUESTS), "request/s"),
    ],
)
def test_it_works(text: str, formula: Formula | None, unit: str) -> None:
    found = parsed(text)
    assert formula is None or found.formula == formula
    assert str(found.unit) == unit


def test_a_kpi_counts_in_base_units() -> None:
    found = parsed("energy_per_1k_tokens")
    assert isinstance(found.formula, Ratio)
    assert (found.formula.factor, str(found.unit)) == (1, "J/token")
    assert found.formula.excluded


def test_products_bind_closer_than_sums_and_the_left_comes_first() -> None:
    one = Rate("requests")
    text = "request_rate - request_rate - 2 * request_rate"
    assert parsed(text).formula == Combined(MINUS, Combined(MINUS, one, one), Combined(TIMES, Constant(2), one))


@pytest.mark.parametrize(
    ("text", "start", "end", "sentence"),
    [
        ("rate(requests) + rate(output_tokens)", 15, 16, "request/s and token/s cannot be added or subtracted"),
        ("e2e_latency_p95 - 300", 16, 17, "s and 1 cannot be"),
        ("rate(requests) + increase(requests)", 15, 16, "request/s and request cannot be"),
        ("rate(reqests)", 5, 12, "Did you mean requests?"),
        ("xyzzyx", 0, 6, "There is no measure, KPI or unit of the name xyzzyx."),
        ("output_tokens / 2", 0, 13, "output_tokens is a measure: say how to read it, such as rate(output_tokens)."),
        ("increase(energy) / requests", 17, 18, "A unit alone is no measure"),
        ("rate(queue_depth)", 5, 16, "rate cannot read queue_depth."),
        ("quantile(0.5, power)", 14, 19, "quantile cannot read power."),
        ("quantile(95, e2e_latency)", 9, 11, "A quantile is between 0 and 1"),
        ("quantile(request_rate, e2e_latency)", 9, 21, "A plain number was expected here."),
        ("quantile(0,95, e2e_latency)", 11, 13, "decimals are written with a point"),
        ("quantile(0.5 e2e_latency)", 13, 24, "e2e_latency is no unit."),
        ("share_below(5, e2e_latency)", 12, 13, "such as 0.5 s."),
        ("rate requests", 5, 13, "rate needs a measure in parentheses."),
        ("rate(requests", 13, 13, "A closing parenthesis is missing here."),
        ("(request_rate", 13, 13, "A closing parenthesis is missing here."),
        ("request_rate +", 14, 14, "A number, a measure or a KPI was expected here."),
        ("request_rate request_rate", 13, 25, "An operator or the end was expected here"),
        ("2 request_rate", 2, 14, "Between a number and a measure stands an operator."),
        ("request_rate / 0", 13, 14, "Nothing can be divided by zero."),
        ("request_rate / (1 - 1)", 13, 14, "Nothing can be divided by zero."),
        ("request_rate; 1", 12, 13, "This character is not understood: ;"),
        ("__import__('os')", 0, 1, "This character is not understood: _"),
        ("5 + 5", 0, 5, "Read at least one measure"),
        ("", 0, 0, "A number, a measure or a KPI was expected here."),
        ("request_rate * 1e99", 15, 19, "too large or too small"),
        ("(" * 21 + "request_rate" + ")" * 21, 20, 21, "nested too deeply"),
        ("request_rate" + " + request_rate" * 40, 500, 612, "at most 500 characters"),
        ("1" + "*1" * 61 + "*request_rate", 121, 122, "too long to be understood"),
        ("request_rate" + " * 1 s" * 11, 73, 74, "No quantity has such a unit"),
    ],
)
def test_what_is_wrong_is_said_and_where(text: str, start: int, end: int, sentence: str) -> None:
    with pytest.raises(FormulaRefused) as refused:
        parsed(text)
    assert sentence in refused.value.message
    assert (refused.value.start, refused.value.end) == (start, end)


@pytest.mark.parametrize(
    ("text", "worth", "unit"),
    [
        ("ms", Fraction(1, 1000), "s"),
        ("%", Fraction(1, 100), "1"),
        ("J/1000 tokens", Fraction(1, 1000), "J/token"),
        ("kWh/1000000 requests", Fraction(36, 10), "J/request"),
        ("currency/d", Fraction(1, 86_400), "currency/s"),
    ],
)
def test_a_unit_to_show_values_in(text: str, worth: Fraction, unit: str) -> None:
    assert (scale(text)[0], str(scale(text)[1])) == (worth, unit)


@pytest.mark.parametrize("text", ["request_rate", "0 s", "-1 s", "fortnight", "1 - 2"])
def test_what_is_no_unit_is_refused(text: str) -> None:
    with pytest.raises(FormulaRefused):
        scale(text)


@given(st.text(alphabet="0123456789.e+-*/()×÷−, %srequ_tab", max_size=40))
def test_any_text_is_a_formula_or_is_refused_at_a_place_in_it(text: str) -> None:
    refused = _refusal(text)
    assert refused is None or (0 <= refused.start <= refused.end <= len(text) and refused.message)


def _refusal(text: str) -> FormulaRefused | None:
    try:
        parsed(text)
    except FormulaRefused as refused:
        return refused
    return None


def _sums() -> st.SearchStrategy[str]:
    numbers = st.integers(1, 99).map(str)
    return st.recursive(
        numbers,
        lambda inner: st.tuples(inner, st.sampled_from("+-*"), inner).map(lambda p: f"({p[0]}{p[1]}{p[2]})"),
        max_leaves=7,
    )


@given(_sums())
def test_numbers_are_calculated_exactly(text: str) -> None:
    """Python reads the same text; what stands for a quantity is given the unit that makes it one."""
    wanted = eval(text)
    if 0 < abs(wanted) < 10**15:
        found = parsed(f"{text} * request_rate").formula
        assert isinstance(found, Combined)
        assert found.left == Constant(float(wanted))
