"""The background work of probes: batches by region that do not outlive their leases, and a run without a worker."""

from typing import Any

import pytest
import time_machine
from pytest_django import Settings

from inference_kpis.probes import tasks
from inference_kpis.probes.models import Probe
from inference_kpis.probes.schedule import LEASE_MARGIN
from inference_kpis.readings.algebra import Increase
from tests.inference_kpis.probes.probing import probe_of
from tests.inference_kpis.probes.servers import Server
from tests.inference_kpis.pulls import at
from tests.inference_kpis.readings.storing import stored

pytestmark = pytest.mark.django_db
Sent = list[tuple[list[tuple[int, int]], dict[str, Any]]]


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Sent:
    """The batches that were handed out, with their options."""
    batches: Sent = []
    monkeypatch.setattr(tasks.run_probes, "apply_async", lambda args, **options: batches.append((args[0], options)))
    return batches


def test_it_works(sent: Sent, settings: Settings) -> None:
    settings.PROBE_BATCH_SIZE, settings.CELERY_TASK_DEFAULT_QUEUE = 2, "vigie"
    for number in range(5):
        probe_of(region="lyon" if number else "")
    with time_machine.travel(at(1)):
        tasks.dispatch_due_probes()
    assert sorted((options["queue"], len(claims)) for claims, options in sent) == [
        ("vigie", 1),
        ("vigie.lyon", 2),
        ("vigie.lyon", 2),
    ]
    assert {options["expires"] for _, options in sent} == {LEASE_MARGIN.total_seconds()}


def test_nothing_due_sends_nothing(sent: Sent) -> None:
    probe_of(next_run_at=at(60))
    with time_machine.travel(at(1)):
        tasks.dispatch_due_probes()
    assert sent == []


def test_real_servers_are_asked_and_their_times_stored(sent: Sent, server: Server) -> None:
    """From the tick to the stored reading; the same batch a second time is no second reading."""
    probe = probe_of(url=server.url("slow"), central_url=server.url("good"))
    broken = probe_of(url=server.url("broken"), central_url="")
    tasks.dispatch_due_probes()
    for claims, _ in sent * 2:
        tasks.run_probes([list(claim) for claim in claims])
    (reading,) = stored(probe.node)
    assert reading.measures["successful_probes"].amount == reading.measures["probes"].amount == 1  # type: ignore[union-attr]
    assert {"probe_latency", "compared_probe_latency", "central_probe_latency"} <= reading.measures.keys()
    (failed,) = stored(broken.node)
    assert {key: value.amount for key, value in failed.measures.items() if isinstance(value, Increase)} == {
        "probes": 1,
        "successful_probes": 0,
    }
    assert Probe.objects.get(pk=broken.pk).runs[0]["edge"]["problem"] == "status"
