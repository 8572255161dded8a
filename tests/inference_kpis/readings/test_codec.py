"""Readings in the two arrays of a row: what is read back is exactly what was written."""

import pytest
from hypothesis import given

from inference_kpis.catalogue import MEASURES
from inference_kpis.readings.algebra import Bounds, Distribution, Increase, Level, Reading
from inference_kpis.readings.codec import decode, encode, layouts_of
from tests.inference_kpis.readings.strategies import readings

LAYOUTS: dict[Bounds, int] = {(0.1, 0.5): 7, (0.1, 0.5, 1.0): 3, (0.3,): 12}
BY_ID = {id_: bounds for bounds, id_ in LAYOUTS.items()}


def test_it_works() -> None:
    measures = {
        "e2e_latency": Distribution({(0.3,): (4, 1), (0.1, 0.5): (2, 0, 9)}, 77, 15),
        "requests": Increase(16, 15),
        "queue_depth": Level(90, 15, 2, 8, 6, 1000),
    }
    assert encode(measures, LAYOUTS) == (
        [1, 20, 40],
        [16, 15, 90, 15, 2, 8, 6, 1000, 2, 77, 15, 7, 2, 0, 9, 12, 4, 1],
    )


@given(readings())
def test_what_is_read_back_is_what_was_written(reading: Reading) -> None:
    ids, numbers = encode(reading.measures, LAYOUTS)
    assert decode(ids, numbers, BY_ID) == reading.measures
    assert ids == sorted(ids)
    assert all(type(number) is int for number in numbers)


@given(readings())
def test_the_order_of_measures_does_not_matter(reading: Reading) -> None:
    backwards = dict(reversed(reading.measures.items()))
    assert encode(backwards, LAYOUTS) == encode(reading.measures, LAYOUTS)


@given(readings())
def test_the_layouts_are_those_of_its_distributions(reading: Reading) -> None:
    found = layouts_of(reading.measures)
    assert found <= LAYOUTS.keys()
    assert bool(found) == ("e2e_latency" in reading.measures)


def test_nothing_is_nothing() -> None:
    assert encode({}, {}) == ([], [])
    assert decode([], [], {}) == {}


@pytest.mark.parametrize("key", MEASURES)
def test_every_measure_of_the_catalogue_has_a_place(key: str) -> None:
    value = {
        "increase": Increase(3, 5),
        "level": Level(15, 5, 3, 3, 3, 9),
        "distribution": Distribution({(0.3,): (4, 1)}, 2, 5),
    }[MEASURES[key].kind]
    assert decode(*encode({key: value}, LAYOUTS), BY_ID) == {key: value}


def test_a_layout_without_an_id_is_an_error_and_not_a_gap() -> None:
    distribution = Distribution({(0.4,): (1, 1)}, 0, 1)
    with pytest.raises(KeyError):
        encode({"e2e_latency": distribution}, LAYOUTS)
    with pytest.raises(KeyError):
        decode([40], [1, 0, 1, 99, 1, 1], BY_ID)
