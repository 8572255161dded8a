"""Rows merged as they are: what comes out is what decoding, merging and encoding would give."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference_kpis.readings.algebra import EMPTY, Bounds, Distribution, Increase, Level, Reading, merge_all
from inference_kpis.readings.codec import decode, encode, merge_rows
from tests.inference_kpis.readings.strategies import readings

LAYOUTS: dict[Bounds, int] = {(0.1, 0.5): 7, (0.1, 0.5, 1.0): 3, (0.3,): 12, (0.2, 0.4): 5}
BY_ID = {id_: bounds for bounds, id_ in LAYOUTS.items()}


def merged(*parts: Reading) -> Reading:
    """The measures of these readings, merged as rows."""
    return Reading(0, 1, decode(*merge_rows([encode(part.measures, LAYOUTS) for part in parts], BY_ID), BY_ID))


@given(st.lists(readings().filter(lambda reading: reading != EMPTY), min_size=1, max_size=5))
def test_rows_merge_as_readings_do(parts: list[Reading]) -> None:
    assert merged(*parts).measures == merge_all(parts).measures


@given(readings().filter(lambda reading: reading != EMPTY), st.integers(2, 5))
def test_rows_of_one_shape_merge_as_readings_do(reading: Reading, times: int) -> None:
    assert merged(*[reading] * times).measures == merge_all([reading] * times).measures


@pytest.mark.parametrize(
    ("one", "other", "together"),
    [
        (Increase(3, 10), Increase(4, 5), Increase(7, 15)),
        (Level(30, 10, 1, 5, 2, 99), Level(4, 5, 0, 3, 3, 98), Level(34, 15, 0, 5, 2, 99)),
        (Level(30, 10, 1, 5, 2, 99), Level(4, 5, 1, 9, 3, 99), Level(34, 15, 1, 9, 3, 99)),
        (
            Distribution({(0.3,): (1, 2)}, 5, 10),
            Distribution({(0.3,): (3, 0)}, 6, 10),
            Distribution({(0.3,): (4, 2)}, 11, 20),
        ),
        # As long as the other, and yet of another shape.
        (
            Distribution({(0.1, 0.5): (9, 1, 1)}, 5, 10),
            Distribution({(0.2, 0.4): (0, 0, 2)}, 6, 10),
            Distribution({(0.1, 0.5): (9, 1, 1), (0.2, 0.4): (0, 0, 2)}, 11, 20),
        ),
    ],
)
def test_one_measure(one: Increase | Level | Distribution, other: object, together: object) -> None:
    key = {Increase: "requests", Level: "queue_depth", Distribution: "e2e_latency"}[type(one)]
    assert merged(Reading(0, 1, {key: one}), Reading(1, 2, {key: other})).measures == {key: together}
