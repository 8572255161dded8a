"""What is due is claimed once, under a lease; nothing piles up and nothing is lost with a task."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event

import pytest
from django.db import connection, transaction

from inference_kpis.fleet.models import Node
from inference_kpis.pull.models import PullState
from inference_kpis.pull.schedule import LEASE_MARGIN, claim_due, schedule_node
from tests.factories import NodeFactory, scheduled
from tests.inference_kpis.pulls import START, at

pytestmark = pytest.mark.django_db


def test_it_works() -> None:
    due, later = NodeFactory(), NodeFactory()
    scheduled(due, at(0))
    scheduled(later, at(5))
    assert [claim.node_id for claim in claim_due(at(1))] == [due.pk]


def test_a_claimed_node_is_not_claimed_again_before_its_lease_ends() -> None:
    node = NodeFactory(pull_timeout_seconds=10)
    scheduled(node, START)
    first = claim_due(at(0))
    assert claim_due(at(16)) == []
    second = claim_due(at(11) + LEASE_MARGIN)
    assert second[0].lease == first[0].lease + 1


def test_a_long_stop_makes_no_backlog() -> None:
    node = NodeFactory(pull_interval_seconds=15)
    scheduled(node, START)
    assert len(claim_due(at(1000))) == 1
    state = PullState.objects.get()
    # On the grid it was on before: whole intervals after the moment it was due.
    assert state.next_pull_at == START + timedelta(seconds=1005)


@pytest.mark.parametrize("values", [{"state": "paused"}, {"source": "push"}, {"retired_at": START}])
def test_some_nodes_are_not_pulled(values: dict[str, object]) -> None:
    node = NodeFactory()
    scheduled(node, START)
    Node.objects.update(**values)
    assert claim_due(at(1)) == []


def test_the_longest_due_are_claimed_first() -> None:
    late, later, latest = NodeFactory(), NodeFactory(), NodeFactory()
    for node, seconds in ((latest, 2), (late, 0), (later, 1)):
        scheduled(node, at(seconds))
    assert {claim.node_id for claim in claim_due(at(5), limit=2)} == {late.pk, later.pk}
    assert [claim.node_id for claim in claim_due(at(5))] == [latest.pk]


def test_a_node_that_somebody_holds_is_left_to_them(transactional_db: None) -> None:
    """A claim never waits: what another worker is storing is not due for this one."""
    held, free = NodeFactory(), NodeFactory()
    scheduled(held, at(0))
    scheduled(free, at(0))
    is_held, may_end = Event(), Event()

    def hold() -> None:
        with transaction.atomic():
            list(PullState.objects.select_for_update().filter(node=held))
            is_held.set()
            may_end.wait(30)
        connection.close()

    with ThreadPoolExecutor() as others:
        others.submit(hold)
        assert is_held.wait(30)
        claimed = [claim.node_id for claim in claim_due(at(1))]
        may_end.set()
    assert claimed == [free.pk]
    assert [claim.node_id for claim in claim_due(at(2))] == [held.pk]


def test_a_changed_server_starts_anew_and_its_pull_under_way_is_not_its_own() -> None:
    node = NodeFactory()
    scheduled(node, START)
    claim_due(at(0))
    PullState.objects.update(counters=b"[]", pulled_at=at(0))
    schedule_node(node, at(5))
    state = PullState.objects.get()
    assert (bytes(state.counters), state.leased_until is None) == (b"[]", False)
    schedule_node(node, at(5), is_another_server=True)
    state.refresh_from_db()
    assert (state.counters, state.leased_until, state.pulled_at) == (None, None, at(0))


def test_nodes_are_spread_over_their_interval() -> None:
    nodes = [NodeFactory(pull_interval_seconds=15) for _ in range(40)]
    for node in nodes:
        schedule_node(node, START)
    offsets = [(state.next_pull_at - START).total_seconds() for state in PullState.objects.all()]
    assert all(0 <= offset < 15 for offset in offsets)
    assert len({int(offset) for offset in offsets}) > 5
