"""What Vigie adds to a reading from what it knows of the node."""

from decimal import Decimal

import pytest

from inference_kpis.readings.algebra import Increase, Level, MeasureValue, Reading
from inference_kpis.readings.derived import DERIVED, completed, energy_and_cost

HOUR_MS = 3_600_000


def reading(length_ms: int = HOUR_MS, **measures: MeasureValue) -> Reading:
    return Reading(1000, 1000 + length_ms, measures)


def power(watts: int, covered_ms: int = HOUR_MS) -> Level:
    milliwatts = watts * 1000
    return Level(milliwatts * covered_ms, covered_ms, milliwatts, milliwatts, milliwatts, 1000)


@pytest.mark.parametrize(("is_edge", "amount"), [(True, 7), (False, 0)])
def test_requests_count_as_served_where_the_node_stands(is_edge: bool, amount: int) -> None:
    before = reading(requests=Increase(7, HOUR_MS))
    after = completed(before, is_edge=is_edge, is_costed=True, is_metered=True)
    assert after.measures == {"requests": Increase(7, HOUR_MS), "edge_requests": Increase(amount, HOUR_MS)}
    assert (after.start_ms, after.end_ms) == (before.start_ms, before.end_ms)


def test_without_requests_nothing_was_served_at_the_edge() -> None:
    tokens = reading(output_tokens=Increase(7, HOUR_MS))
    assert completed(tokens, is_edge=True, is_costed=True, is_metered=True) == tokens


@pytest.mark.parametrize(
    ("measured", "declared", "energy"),
    [
        (reading(), None, None),
        (reading(), Decimal(200), Increase(720_000_000, HOUR_MS)),  # 200 Wh in mJ
        (reading(), Decimal("0.5"), Increase(1_800_000, HOUR_MS)),
        (reading(15_000), Decimal(200), Increase(3_000_000, 15_000)),
        (reading(power=power(61)), None, Increase(219_600_000, HOUR_MS)),
        (reading(power=power(61)), Decimal(200), Increase(219_600_000, HOUR_MS)),  # measured beats declared
        (reading(power=power(61, 1800_000)), None, Increase(109_800_000, 1_800_000)),
        (reading(energy=Increase(5, 1), power=power(61)), Decimal(200), None),  # a counter beats both
    ],
)
def test_energy(measured: Reading, declared: Decimal | None, energy: Increase | None) -> None:
    added = energy_and_cost(measured, power_watts=declared, price_per_hour=None)
    assert added == ({} if energy is None else {"energy": energy})


@pytest.mark.parametrize(
    ("length_ms", "price", "cost"),
    [
        (HOUR_MS, Decimal("2.5"), 2_500_000),
        (15_000, Decimal("3.6"), 15_000),
        (HOUR_MS, Decimal(0), 0),
        (1, Decimal("0.0001"), 0),
    ],
)
def test_cost_is_the_price_of_the_time_whether_idle_or_not(length_ms: int, price: Decimal, cost: int) -> None:
    added = energy_and_cost(reading(length_ms), power_watts=None, price_per_hour=price)
    assert added == {"cost": Increase(cost, length_ms)}


def test_what_nobody_measured_or_declared_is_not_added() -> None:
    assert energy_and_cost(reading(), power_watts=None, price_per_hour=None) == {}


@pytest.mark.parametrize(("is_costed", "is_metered"), [(True, False), (False, True), (False, False)])
def test_what_has_no_cost_or_energy_is_counted_apart(is_costed: bool, is_metered: bool) -> None:
    seen = {"requests": Increase(7, HOUR_MS), "output_tokens": Increase(700, HOUR_MS)}
    added = completed(reading(**seen), is_edge=False, is_costed=is_costed, is_metered=is_metered).measures
    for prefix, is_known in (("uncosted", is_costed), ("unmetered", is_metered)):
        found = {key: value for key, value in added.items() if key.startswith(prefix)}
        assert found == ({} if is_known else {f"{prefix}_{key}": value for key, value in seen.items()})
    assert {*added} - {*seen} <= DERIVED


@pytest.mark.parametrize(("is_edge", "amount"), [(True, 7 * 4096), (False, 0)])
def test_the_edge_avoids_what_its_requests_would_have_sent(is_edge: bool, amount: int) -> None:
    before = reading(requests=Increase(7, HOUR_MS))
    after = completed(before, is_edge=is_edge, is_costed=True, is_metered=True, bytes_per_request=4096)
    assert after.measures["avoided_egress"] == Increase(amount, HOUR_MS)


def test_without_a_baseline_nobody_knows_the_egress() -> None:
    after = completed(reading(requests=Increase(7, HOUR_MS)), is_edge=True, is_costed=True, is_metered=True)
    assert "avoided_egress" not in after.measures
