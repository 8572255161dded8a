"""The background work of pulling: due nodes go out in batches that do not outlive their leases."""

from typing import Any

import pytest
import time_machine
from pytest_django import Settings

from inference_kpis.fleet.regions import queue_of
from inference_kpis.pull import ingestion, tasks
from inference_kpis.pull.schedule import LEASE_MARGIN, Claim
from tests.factories import NodeFactory, SiteFactory, scheduled
from tests.inference_kpis.pulls import START, at

pytestmark = pytest.mark.django_db


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[tuple[int, int]], dict[str, Any]]]:
    """The batches that were handed out, with their options."""
    batches: list[tuple[list[tuple[int, int]], dict[str, Any]]] = []
    monkeypatch.setattr(tasks.pull_nodes, "apply_async", lambda args, **options: batches.append((args[0], options)))
    return batches


def test_it_works(sent: list[Any], settings: Settings) -> None:
    settings.PULL_BATCH_SIZE = 2
    nodes = [NodeFactory() for _ in range(5)]
    for node in nodes:
        scheduled(node, START)
    with time_machine.travel(at(1)):
        tasks.dispatch_due_pulls()
    assert [len(claims) for claims, _ in sent] == [2, 2, 1]
    assert sorted(claim for claims, _ in sent for claim in claims) == sorted((node.pk, 1) for node in nodes)
    assert {options["expires"] for _, options in sent} == {LEASE_MARGIN.total_seconds()}


def test_each_region_gets_what_it_pulls(sent: list[Any]) -> None:
    far = NodeFactory(site=SiteFactory(worker_region="lyon"))
    here = NodeFactory()
    for node in (far, here):
        scheduled(node, START)
    with time_machine.travel(at(1)):
        tasks.dispatch_due_pulls()
    assert {options["queue"]: claims for claims, options in sent} == {
        queue_of("lyon"): [(far.pk, 1)],
        queue_of(""): [(here.pk, 1)],
    }


def test_nothing_due_sends_nothing(sent: list[Any]) -> None:
    scheduled(NodeFactory(), at(60))
    with time_machine.travel(at(1)):
        tasks.dispatch_due_pulls()
    assert sent == []


def test_a_batch_is_pulled_under_the_leases_it_was_given(monkeypatch: pytest.MonkeyPatch) -> None:
    pulled: list[Any] = []
    monkeypatch.setattr(ingestion, "pull_claimed", lambda claims, now: pulled.append((claims, now)))
    with time_machine.travel(at(7), tick=False):
        # As they come back from the broker.
        tasks.pull_nodes([[3, 1], [4, 9]])
    assert pulled == [([Claim(3, 1), Claim(4, 9)], at(7))]
