"""Units: a group under × and ÷, written so that they can be read back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference_kpis.catalogue import MEASURES
from inference_kpis.formulas.parsing import scale
from inference_kpis.formulas.units import NUMBER, WATT, WRITTEN, Unit, base, catalogued

NAMES = ("B", "J", "currency", "pull", "request", "s", "token")
units = st.lists(st.tuples(st.sampled_from(NAMES), st.integers(-2, 2)), max_size=4).map(Unit.of)


@pytest.mark.parametrize(
    ("unit", "written", "exposed"),
    [
        (NUMBER, "1", "ratio"),
        (base("s"), "s", "seconds"),
        (WATT, "W", "watts"),
        (base("J") / base("token"), "J/token", "joules_per_token"),
        (base("currency") / base("request"), "currency/request", "currency_per_request"),
        (NUMBER / base("s"), "1/s", "per_second"),
        (base("s") * base("s"), "s*s", "seconds_seconds"),
        (base("token") / base("s") / base("request"), "token/request/s", "tokens_per_request_second"),
    ],
)
def test_it_works(unit: Unit, written: str, exposed: str) -> None:
    assert (str(unit), unit.exposed_name) == (written, exposed)


def test_what_stands_behind_a_number_is_in_the_plural() -> None:
    assert (base("token") / base("request")).shown == "tokens/request"
    assert (base("J") / base("token")).shown == "J/token"
    assert (NUMBER / base("s")).shown == "1/s"


@given(units, units)
def test_units_multiply_and_divide_as_numbers_do(one: Unit, other: Unit) -> None:
    assert one * other == other * one
    assert one * other / other == one
    assert one / one == NUMBER


@given(units)
def test_what_is_written_can_be_read_back(unit: Unit) -> None:
    assert scale(str(unit)) == scale(unit.shown) == (1, unit)


@pytest.mark.parametrize("key", sorted(MEASURES))
def test_every_measure_has_a_unit_that_can_be_written(key: str) -> None:
    unit = catalogued(MEASURES[key].unit)
    assert all(name in WRITTEN for name, _power in unit.powers) or MEASURES[key].unit.startswith("{")
