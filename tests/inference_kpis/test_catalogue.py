"""What is stored and what is shown: the twelve defaults, and the promises that ids and keys are."""

import math
from decimal import ROUND_HALF_EVEN, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference_kpis.catalogue import (
    DEFAULT_KPIS,
    KPIS,
    MEASURES,
    MEASURES_BY_ID,
    PROBE_MEASURES,
    UNIT_LABELS,
    VANTAGE_LABELS,
    Direction,
    Kind,
    Kpi,
    Maximum,
    Mean,
    Measure,
    Quantile,
    Rate,
    Ratio,
    Reduction,
    Sum,
    Total,
    Vantage,
    measures_of,
)
from inference_kpis.engines import ENGINES
from inference_kpis.readings.queries import ADDED_BY_VIGIE

NOWHERE, SERVER = Vantage.NONE, Vantage.SERVER
HIGHER, LOWER = Direction.HIGHER, Direction.LOWER
# In the order in which pages show them.
DEFAULTS = [
    ("request_rate", "req/s", HIGHER, NOWHERE),
    ("success_ratio", "%", HIGHER, NOWHERE),
    ("e2e_latency_p95", "ms", LOWER, SERVER),
    ("time_to_first_token_p95", "ms", LOWER, SERVER),
    ("inter_token_latency_p95", "ms", LOWER, SERVER),
    ("output_token_rate", "tok/s", HIGHER, NOWHERE),
    ("queue_depth", "requests", LOWER, NOWHERE),
    ("kv_cache_pressure", "%", LOWER, NOWHERE),
    ("availability", "%", HIGHER, NOWHERE),
    ("energy_per_1k_tokens", "J", LOWER, NOWHERE),
    ("cost_per_1m_tokens", "currency", LOWER, NOWHERE),
    ("edge_served_share", "%", HIGHER, NOWHERE),
]
# For ever: what is stored under a number stays what it was.
IDS = {
    "requests": 1,
    "failed_requests": 2,
    "edge_requests": 3,
    "prompt_tokens": 4,
    "output_tokens": 5,
    "pulls": 6,
    "successful_pulls": 7,
    "energy": 8,
    "cost": 9,
    "request_time": 10,
    "queue_depth": 20,
    "running_requests": 21,
    "kv_cache_usage": 22,
    "accelerator_utilisation": 23,
    "accelerator_memory_usage": 24,
    "power": 25,
    "e2e_latency": 40,
    "time_to_first_token": 41,
    "inter_token_latency": 42,
    "time_per_output_token": 43,
    "queue_time": 44,
    "probes": 60,
    "successful_probes": 61,
    "central_probes": 62,
    "successful_central_probes": 63,
    "probe_latency": 64,
    "probe_time_to_first_byte": 65,
    "probe_time_to_first_token": 66,
    "central_probe_latency": 67,
    "central_probe_time_to_first_token": 68,
    "compared_probe_latency": 69,
}
KINDS = {
    **dict.fromkeys((Rate, Sum, Ratio), Kind.INCREASE),
    Quantile: Kind.DISTRIBUTION,
    **dict.fromkeys((Total, Maximum), Kind.LEVEL),
}
KINDS |= {Reduction: Kind.DISTRIBUTION}


def test_the_twelve_defaults() -> None:
    assert [(kpi.key, kpi.unit, kpi.direction, kpi.vantage) for kpi in DEFAULT_KPIS] == DEFAULTS


def test_ids_and_keys_are_for_ever() -> None:
    known = {key: MEASURES[key].id for key in IDS}
    assert known == IDS
    assert len(MEASURES_BY_ID) == len(MEASURES)
    assert all(key == measure.key == MEASURES_BY_ID[measure.id].key for key, measure in MEASURES.items())
    assert all(key == kpi.key for key, kpi in KPIS.items())
    # They travel as two bytes.
    assert all(0 < measure.id < 2**15 for measure in MEASURES.values())


@pytest.mark.parametrize("kpi", KPIS.values(), ids=KPIS)
def test_a_kpi_reads_measures_of_the_kind_its_formula_needs(kpi: Kpi) -> None:
    assert kpi.measures == measures_of(kpi.formula)
    assert kpi.measures
    kinds = {MEASURES[key].kind for key in kpi.measures}
    if isinstance(kpi.formula, Mean):
        assert kinds <= {Kind.LEVEL, Kind.DISTRIBUTION}
    else:
        assert kinds == {KINDS[type(kpi.formula)]}


@pytest.mark.parametrize("kpi", KPIS.values(), ids=KPIS)
def test_a_kpi_can_be_shown(kpi: Kpi) -> None:
    assert kpi.unit in UNIT_LABELS
    assert str(kpi.label)
    assert str(kpi.description).endswith(".")
    assert kpi.decimals >= 0
    assert kpi.display_factor > 0
    # A share is stored as one of 1.
    assert (kpi.unit == "%") == (kpi.display_factor == 100)


@pytest.mark.parametrize("kpi", KPIS.values(), ids=KPIS)
def test_a_latency_says_where_it_was_seen(kpi: Kpi) -> None:
    is_seen_by_probes = kpi.vantage is Vantage.PROBE
    assert is_seen_by_probes == (kpi.measures <= PROBE_MEASURES)
    assert (kpi.vantage is not Vantage.NONE) == (kpi.unit == "ms" or is_seen_by_probes)
    assert VANTAGE_LABELS[kpi.vantage] or kpi.vantage is Vantage.NONE


def test_labels_are_told_apart() -> None:
    for labels in ([str(kpi.label) for kpi in KPIS.values()], [str(measure.label) for measure in MEASURES.values()]):
        assert len(labels) == len(set(labels))
    assert VANTAGE_LABELS.keys() == set(Vantage)


@pytest.mark.parametrize("measure", ["e2e_latency", "time_to_first_token", "inter_token_latency"])
def test_each_latency_has_its_percentiles(measure: str) -> None:
    for percent, q in ((50, 0.5), (95, 0.95), (99, 0.99)):
        assert KPIS[f"{measure}_p{percent}"].formula == Quantile(measure, q)


def test_every_kpi_can_be_given_by_somebody() -> None:
    given_by_engines = frozenset().union(*(engine.exposes for engine in ENGINES.values())) | ADDED_BY_VIGIE
    for kpi in KPIS.values():
        needed = kpi.measures & given_by_engines
        assert needed == kpi.measures or isinstance(kpi.formula, Maximum)


def test_only_errors_may_be_absent_and_mean_none() -> None:
    """Energy or cost that nobody knows is not free."""
    ratios = [kpi for kpi in KPIS.values() if isinstance(kpi.formula, Ratio)]
    assert [kpi.key for kpi in ratios if kpi.formula.absent_is_zero] == ["success_ratio"]  # type: ignore[union-attr]


# --- Quanta ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "value", "quanta"),
    [
        ("requests", 3, 3),
        ("requests", 2.5, 2),
        ("requests", 3.5, 4),
        ("energy", 1.5, 1500),
        ("energy", 0.0005, 0),
        ("kv_cache_usage", 0.1, 100_000),
        ("kv_cache_usage", 1e-7, 0),
        ("cost", Decimal("0.0036"), 3600),
        ("e2e_latency", 0.3, 300_000),
        ("e2e_latency", 1e15, 10**21),
        ("power", -0.5, -500),
    ],
)
def test_a_value_becomes_whole_quanta(key: str, value: float | Decimal, quanta: int) -> None:
    assert MEASURES[key].to_quanta(value) == quanta


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, Decimal("NaN"), Decimal("Infinity")])
def test_what_is_no_number_has_no_quanta(value: float | Decimal) -> None:
    with pytest.raises(ValueError, match="requests cannot be"):
        MEASURES["requests"].to_quanta(value)


@given(st.sampled_from(sorted(MEASURES)), st.integers(0, 2**45))
def test_quanta_survive_both_ways(key: str, quanta: int) -> None:
    measure: Measure = MEASURES[key]
    assert measure.to_quanta(measure.from_quanta(quanta)) == quanta


@given(st.sampled_from(sorted(MEASURES)), st.floats(0, 1e9), st.floats(0, 1e9))
def test_a_larger_value_never_has_fewer_quanta(key: str, one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert MEASURES[key].to_quanta(low) <= MEASURES[key].to_quanta(high)


@given(st.sampled_from(sorted(MEASURES)), st.floats(allow_nan=False, allow_infinity=False))
def test_quanta_are_those_of_the_decimal(key: str, value: float) -> None:
    exact = Decimal(repr(value)) / MEASURES[key].quantum
    assert MEASURES[key].to_quanta(value) == int(exact.to_integral_value(ROUND_HALF_EVEN))


@given(st.sampled_from(sorted(MEASURES)), st.integers(0, 2**52), st.sampled_from([-1, 0, 1]))
def test_quanta_at_a_half_are_those_of_the_decimal(key: str, quanta: int, off: int) -> None:
    value = math.nextafter(float((quanta + Decimal("0.5")) * MEASURES[key].quantum), off * math.inf if off else 0)
    exact = Decimal(repr(value)) / MEASURES[key].quantum
    assert MEASURES[key].to_quanta(value) == int(exact.to_integral_value(ROUND_HALF_EVEN))
