"""Running totals: they are what was stored, once, and never fall."""

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from inference_kpis.fleet.models import Node
from inference_kpis.readings import codec, store, totals
from inference_kpis.readings.algebra import (
    LARGEST_INCREASE,
    Distribution,
    Increase,
    Level,
    MeasureValue,
    Reading,
    growth,
    merge,
    merge_all,
)
from inference_kpis.readings.rollups import roll_up_touched
from tests.factories import NodeFactory
from tests.inference_kpis.pulls import START, at
from tests.inference_kpis.readings.strategies import readings


def without_levels(reading: Reading) -> dict[str, MeasureValue]:
    return {key: value for key, value in reading.measures.items() if not isinstance(value, Level)}


@given(st.lists(readings(), max_size=5))
def test_growths_add_up_to_the_last_version(parts: list[Reading]) -> None:
    versions = [merge_all(parts[:count]) for count in range(len(parts) + 1)]
    gained = merge_all(growth(old, new) for old, new in zip(versions, versions[1:], strict=False))
    assert gained.measures == without_levels(versions[-1])


@given(readings(), readings())
def test_what_is_lost_is_not_taken_off(kept: Reading, lost: Reading) -> None:
    for value in growth(merge(kept, lost), kept).measures.values():
        if isinstance(value, Increase):
            assert value == Increase(0, 0)
        elif isinstance(value, Distribution):
            assert (value.count, value.sum, value.covered_ms) == (0, 0, 0)


# --- In the database -------------------------------------------------------------------------------------------------


@pytest.fixture
def node(db: None) -> Node:
    return NodeFactory()


def put(node: Node, seconds: float, requests: int, *, length: float = 15, model: str = "m", slow: int = 0) -> None:
    """Store a reading that ends at this second."""
    end = store.as_ms(at(seconds))
    measures = {
        "requests": Increase(requests, 1000),
        "queue_depth": Level(5000, 1000, 5, 5, 5, end),
        "e2e_latency": Distribution({(0.5,): (requests - slow, slow)}, 10, 1000),
    }
    reading = Reading(end - round(length * 1000), end, measures)
    with transaction.atomic():
        store.store_slots(store.slots_of([(node, model, reading)]))


def requests() -> list[int]:
    """The requests of every group's total, after rolling up."""
    roll_up_touched(at(0))
    found = [total.measures["requests"] for total in totals.totals().values()]
    return sorted(value.amount for value in found if isinstance(value, Increase))


def test_it_works(node: Node) -> None:
    put(node, 15, 100, slow=7)
    assert requests() == [100]
    put(node, 30, 20)
    put(node, 90, 3, slow=3)
    assert requests() == [123]
    (total,) = totals.totals().values()
    assert total.counted_since == START
    assert total.measures["e2e_latency"] == Distribution({(0.5,): (113, 10)}, 30, 3000)
    assert "queue_depth" not in total.measures


def test_a_group_each(node: Node) -> None:
    put(node, 15, 100)
    put(node, 15, 7, model="other")
    put(NodeFactory(), 15, 30)
    assert requests() == [7, 30, 100]


def test_a_late_reading_is_added_once_and_a_repeated_one_not_at_all(node: Node) -> None:
    put(node, 600, 5)
    assert requests() == [5]
    put(node, 15, 100)
    assert requests() == [105]
    (total,) = totals.totals().values()
    assert total.counted_since == at(585), "what counts up does not change its start"
    put(node, 15, 100)
    assert requests() == [105]


def test_rolling_a_minute_up_again_adds_nothing(node: Node) -> None:
    put(node, 15, 100)
    assert requests() == [100]
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO inference_kpis_touched SELECT %s, node_id, model_id FROM inference_kpis_latest", [START]
        )
    assert requests() == [100]


def test_a_reading_over_several_minutes_is_added_whole(node: Node) -> None:
    put(node, 1001, 101, length=500)
    assert requests() == [101]


def test_totals_outlive_the_minutes(node: Node) -> None:
    put(node, 15, 100)
    assert requests() == [100]
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM inference_kpis_reading")
        cursor.execute("DELETE FROM inference_kpis_rollup_minute WHERE bucket_at < %s", [at(3600)])
    put(node, 7215, 1)
    assert requests() == [101]


def test_a_roll_up_that_fails_leaves_the_total_as_it_was(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    put(node, 15, 100)
    assert requests() == [100]
    put(node, 30, 50)

    def fail(*_: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as broken:
        broken.setattr("inference_kpis.readings.rollups._roll_due_days", fail)
        with pytest.raises(RuntimeError):
            roll_up_touched(at(60))
    (total,) = totals.totals().values()
    assert total.measures["requests"] == Increase(100, 1000)
    assert requests() == [150]


def test_a_total_may_be_larger_than_64_bits(node: Node) -> None:
    put(node, 15, 1)
    assert requests() == [1]
    (group_id,) = totals.totals()
    huge = codec.encode({"requests": Increase(LARGEST_INCREASE * 2**30, 1)}, {})
    totals.add({group_id: totals.Gain(START, huge)}, codec.Shapes(store.layouts_by_id()))
    assert requests() == [LARGEST_INCREASE * 2**30 + 1]


def test_nothing_gained_writes_nothing(node: Node) -> None:
    totals.add({}, codec.Shapes({}))
    assert totals.totals() == {}


def test_many_groups_cost_as_many_queries_as_one(node: Node) -> None:
    def queries(seconds: int, models: int) -> int:
        for moment in (seconds, seconds + 15):
            requests()
            for number in range(models):
                put(node, moment, 10, model=f"m{number}")
        with CaptureQueriesContext(connection) as captured:
            roll_up_touched(at(0))
        return len(captured)

    assert queries(15, 1) == queries(915, 20)
