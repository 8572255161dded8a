"""Which probes are due, and who may store their runs."""

from datetime import timedelta

import pytest

from inference_kpis.fleet.regions import queue_of
from inference_kpis.probes.models import Probe
from inference_kpis.probes.schedule import LEASE_MARGIN, Claim, claim_due
from tests.factories import NodeFactory
from tests.inference_kpis.probes.probing import probe_of
from tests.inference_kpis.pulls import START, at

pytestmark = pytest.mark.django_db


def test_it_works() -> None:
    probe = probe_of(region="lyon", interval_seconds=60, timeout_seconds=10)
    assert claim_due(at(1)) == [Claim(probe.pk, 1, "lyon")]
    probe.refresh_from_db()
    assert probe.next_run_at == at(60)
    assert probe.leased_until == at(1) + timedelta(seconds=20) + LEASE_MARGIN
    assert claim_due(at(2)) == []


def test_late_runs_do_not_pile_up() -> None:
    probe = probe_of(interval_seconds=60)
    claim_due(at(200))
    probe.refresh_from_db()
    assert probe.next_run_at == at(240)


def test_a_killed_worker_loses_nothing() -> None:
    """Once its lease is over, the next tick claims the probe again, under another lease."""
    probe = probe_of(interval_seconds=5, timeout_seconds=5)
    assert claim_due(at(1)) == [Claim(probe.pk, 1)]
    assert claim_due(at(20)) == []
    assert claim_due(at(30)) == [Claim(probe.pk, 2)]


@pytest.mark.parametrize(
    ("node", "probe"),
    [
        ({"state": "paused"}, {}),
        ({"retired_at": START}, {}),
        ({}, {"is_paused": True}),
        ({}, {"next_run_at": at(60)}),
    ],
    ids=["node paused", "node retired", "probe paused", "not due"],
)
def test_what_is_not_due(node: dict[str, object], probe: dict[str, object]) -> None:
    probe_of(node=NodeFactory(**node), **probe)
    assert claim_due(at(1)) == []


def test_twenty_cost_one_statement(django_assert_num_queries) -> None:
    for _ in range(20):
        probe_of()
    with django_assert_num_queries(1 + 2):  # and the transaction's own
        assert len(claim_due(at(1))) == 20
    assert Probe.objects.filter(lease=1).count() == 20


def test_a_region_has_its_queue(settings) -> None:
    settings.CELERY_TASK_DEFAULT_QUEUE = "vigie"
    assert (queue_of(""), queue_of("lyon")) == ("vigie", "vigie.lyon")
