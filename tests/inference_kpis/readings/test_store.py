"""Slots are written once, the latest only moves forward, and what is remembered has been committed."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries, DjangoCaptureOnCommitCallbacks

from inference_kpis.fleet.models import Node
from inference_kpis.readings import store
from inference_kpis.readings.algebra import Distribution, Increase, Reading
from inference_kpis.readings.store import Outcome, as_datetime, as_ms
from tests.factories import NodeFactory, SiteFactory
from tests.inference_kpis.pulls import START, at
from tests.inference_kpis.readings.storing import level, put, reading, rows, stored

pytestmark = pytest.mark.django_db


@pytest.fixture
def node() -> Node:
    return NodeFactory()


def touched() -> list[float]:
    """The minutes that have to be rolled up, in seconds after START, with repetitions."""
    return sorted((minute - START).total_seconds() for minute in rows("SELECT minute_at FROM inference_kpis_touched"))


def latest(node: Node) -> list[tuple[float, dict[str, object]]]:
    return [((each.ended_at - START).total_seconds(), dict(each.measures)) for each in store.latest_of([node.pk])]


def test_it_works(node: Node) -> None:
    full = reading(
        15, requests=7, queue_depth=level(3000, 15), e2e_latency=Distribution({(0.5, 1.0): (1, 2, 4)}, 99, 15_000)
    )
    outcome = put(node, full, reading(30))
    assert (sorted(outcome.stored), outcome.repeated, outcome.conflicting) == ([0, 1], [], [])
    assert stored(node) == [full, reading(30)]
    assert latest(node) == [(30, dict(reading(30).measures))]


def test_the_same_slot_again_is_a_repeat(node: Node) -> None:
    put(node, reading(15), reading(30))
    assert put(node, reading(30), reading(15)) == Outcome([], [0, 1], [])
    assert len(stored(node)) == 2


def test_part_of_what_is_there_is_a_repeat(node: Node) -> None:
    put(node, reading(15, requests=7, output_tokens=70))
    assert put(node, reading(15, requests=7)) == Outcome([], [0], [])
    assert stored(node) == [reading(15, requests=7, output_tokens=70)]


@pytest.mark.parametrize(
    "other",
    [
        reading(15, requests=8),
        reading(15, length=10, requests=7),
        reading(15, requests=8, output_tokens=1),
        reading(15, length=10, output_tokens=1),
    ],
)
def test_another_value_or_start_is_a_conflict_and_changes_nothing(node: Node, other: Reading) -> None:
    put(node, reading(15, requests=7))
    assert put(node, other) == Outcome([], [], [0])
    assert stored(node) == [reading(15, requests=7)]
    assert latest(node) == [(15, {"requests": Increase(7, 15_000)})]


def test_missing_measures_are_filled_in(node: Node) -> None:
    put(node, reading(15, requests=7))
    late = Distribution({(0.25,): (3, 4)}, 5, 15_000)
    assert put(node, reading(15, requests=7, output_tokens=70, e2e_latency=late)) == Outcome([0], [], [])
    full = reading(15, requests=7, output_tokens=70, e2e_latency=late)
    assert stored(node) == [full]
    assert latest(node) == [(15, dict(full.measures))]


def test_a_batch_is_judged_in_its_order(node: Node) -> None:
    put(node, reading(15))
    outcome = put(
        node,
        reading(15),
        reading(30, requests=5),
        reading(30, requests=5),
        reading(30, requests=6),
        reading(30, output_tokens=50),
        reading(45),
    )
    assert (sorted(outcome.stored), outcome.repeated, outcome.conflicting) == ([1, 4, 5], [0, 2], [3])
    assert stored(node)[1] == reading(30, requests=5, output_tokens=50)


def test_models_and_nodes_have_slots_of_their_own(node: Node) -> None:
    other = NodeFactory()
    for model in ("m", "n", ""):
        assert put(node, reading(15), model=model).stored == [0]
    assert put(other, reading(15)).stored == [0]
    assert (len(latest(node)), len(latest(other))) == (3, 1)


def test_the_latest_only_moves_forward(node: Node) -> None:
    put(node, reading(60, requests=4))
    put(node, reading(30, requests=2))
    assert latest(node) == [(60, {"requests": Increase(4, 15_000)})]
    put(node, reading(75, requests=5))
    assert latest(node) == [(75, {"requests": Increase(5, 15_000)})]


def test_a_reading_waits_to_be_added_to_its_minutes(node: Node) -> None:
    put(node, reading(200, 190))
    assert rows("SELECT minute_at, node_id, ended_at FROM inference_kpis_touched") == [(START, node.pk, at(200))]


def test_a_reading_that_was_filled_in_touches_the_minutes_that_it_overlaps(node: Node) -> None:
    put(node, reading(200, 190))
    put(node, reading(200, 190, output_tokens=1))
    waiting = rows("SELECT minute_at FROM inference_kpis_touched WHERE ended_at IS NULL ORDER BY 1")
    assert waiting == [at(0), at(60), at(120), at(180)]


def test_what_changes_nothing_touches_nothing(node: Node) -> None:
    put(node, reading(15, requests=7))
    put(node, reading(15, requests=7))
    put(node, reading(15, requests=9))
    assert touched() == [0]
    put(node, reading(15, output_tokens=1))
    assert touched() == [0, 0]


def test_nothing_is_nothing(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(0):
        assert store.store_slots([]) == Outcome([], [], [])


def test_a_big_batch_costs_as_many_queries_as_a_small_one(node: Node) -> None:
    def queries(*readings: Reading) -> int:
        slots = store.slots_of((node, "m", each) for each in readings)
        with CaptureQueriesContext(connection) as captured:
            store.store_slots(slots)
        return len(captured)

    queries(reading(-100))
    for measures in ({"requests": 1}, {"requests": 1}, {"output_tokens": 2}):  # new, repeated, filled in
        many = (reading(15 * n, **measures) for n in range(2, 42))
        assert queries(reading(15, **measures)) == queries(*many)


class Undone(Exception):
    """Something went wrong, and the transaction is rolled back."""


def test_a_rollback_leaves_nothing(node: Node) -> None:
    with suppress(Undone), transaction.atomic():
        put(node, reading(15))
        raise Undone
    assert (stored(node), latest(node), touched()) == ([], [], [])
    assert put(node, reading(15)).stored == [0]


def test_a_reading_stays_in_the_group_it_was_taken_in(node: Node) -> None:
    put(node, reading(15, requests=7))
    node.site = SiteFactory()
    node.save()
    put(node, reading(15, output_tokens=70), reading(30))
    groups = rows("SELECT group_id FROM inference_kpis_reading ORDER BY ended_at")
    assert groups[0] != groups[1]
    sites = rows("SELECT site_id FROM inference_kpis_group WHERE id = %s", groups[1])
    assert sites == [node.site_id]


def test_counts_add_up() -> None:
    store.count("conflict")
    store.count("conflict", 4)
    assert rows("SELECT name, amount FROM inference_kpis_ingest_count") == [("conflict", 5)]


# --- Names and ids ---------------------------------------------------------------------------------------------------


@pytest.fixture
def _remembering_nothing() -> Iterator[None]:
    store.forget_ids()
    yield
    store.forget_ids()


def ids_of(node: Node) -> tuple[object, object, object]:
    models = store.model_ids(["llama", ""])
    keys = [(node.site_id, "vllm", models["llama"]), (node.site_id, "triton", models[""])]
    return models, store.group_ids(keys), store.layout_ids([(0.5, 1.0), (0.25,)])


@pytest.mark.usefixtures("_remembering_nothing")
def test_a_name_has_one_id(node: Node) -> None:
    assert ids_of(node) == ids_of(node)
    assert len(rows("SELECT id FROM inference_kpis_servedmodel")) == 2
    assert len(rows("SELECT id FROM inference_kpis_group")) == 2
    assert len(rows("SELECT id FROM inference_kpis_layout")) == 2


@pytest.mark.usefixtures("_remembering_nothing")
def test_a_new_name_leaves_the_others_their_ids(node: Node) -> None:
    before = store.model_ids(["a", "b"])
    after = store.model_ids(["b", "c", "a"])
    assert {name: after[name] for name in before} == before
    assert after["c"] not in before.values()


@pytest.mark.usefixtures("_remembering_nothing")
def test_ids_are_remembered_once_committed(
    node: Node,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        first = ids_of(node)
    with django_assert_num_queries(0):
        assert ids_of(node) == first


@pytest.mark.usefixtures("_remembering_nothing")
def test_ids_of_a_rolled_back_transaction_are_forgotten(
    node: Node, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True), suppress(Undone), transaction.atomic():
        ids_of(node)
        raise Undone
    assert rows("SELECT id FROM inference_kpis_servedmodel") == []
    models, groups, layouts = ids_of(node)
    assert set(rows("SELECT id FROM inference_kpis_servedmodel")) == set(models.values())  # type: ignore[attr-defined]
    assert set(rows("SELECT id FROM inference_kpis_group")) == set(groups.values())  # type: ignore[attr-defined]
    assert set(rows("SELECT id FROM inference_kpis_layout")) == set(layouts.values())  # type: ignore[attr-defined]


@pytest.mark.usefixtures("_remembering_nothing")
def test_a_group_of_a_rolled_back_transaction_is_made_again(
    node: Node, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    key = (node.site_id, "vllm", 1)
    with django_capture_on_commit_callbacks(execute=True), suppress(Undone), transaction.atomic():
        store.group_ids([key])
        raise Undone
    assert store.group_ids([key])[key] in rows("SELECT id FROM inference_kpis_group")


def test_bounds_are_told_apart_to_the_last_digit() -> None:
    close = [(0.1,), (0.10000000000000002,), (0.1, 0.2), (0.30000000000000004,), (0.3,)]
    ids = store.layout_ids(close)
    assert len(set(ids.values())) == 5
    assert ids == {bounds: id_ for id_, bounds in store.layouts_by_id().items()}


# --- Moments ---------------------------------------------------------------------------------------------------------


@given(st.integers(0, 2**42))
def test_a_moment_survives_both_ways(ms: int) -> None:
    assert as_ms(as_datetime(ms)) == ms


def test_a_moment_is_cut_to_the_millisecond() -> None:
    assert as_ms(datetime(2026, 11, 22, 10, 0, 0, 1999, tzinfo=UTC)) % 1000 == 1
    assert as_datetime(as_ms(at(0))) == at(0)
    assert as_datetime(1).tzinfo is UTC
    assert as_datetime(1) - as_datetime(0) == timedelta(milliseconds=1)
