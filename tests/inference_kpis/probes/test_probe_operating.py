"""Running a probe now, pausing it, removing it."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEvent
from inference_kpis.probes.models import Probe
from inference_kpis.probes.schedule import claim_due
from tests.inference_kpis.probes.probing import answered, probe_of, ran, run_at
from tests.inference_kpis.pulls import at
from tests.inference_kpis.readings.storing import stored

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_later")]


def press(browser: Client, what: str, probe: Probe) -> int:
    return browser.post(reverse(f"kpis:probe_{what}", args=[probe.pk])).status_code


def test_it_runs_now(operator: Client) -> None:
    probe = probe_of(next_run_at=at(3600))
    assert claim_due(at(300)) == []
    assert press(operator, "run", probe) == 302
    assert [claim.probe_id for claim in claim_due(at(300))] == [probe.pk]


def test_it_pauses_and_goes_on(operator: Client) -> None:
    probe = probe_of()
    press(operator, "pause", probe)
    assert claim_due(at(300)) == []
    press(operator, "pause", probe)
    assert len(claim_due(at(300))) == 1
    assert sorted(AuditEvent.objects.values_list("verb", flat=True)) == ["probe.pause", "probe.resume"]


def test_it_is_removed_and_its_readings_stay(operator: Client) -> None:
    probe = probe_of()
    ran(probe, run_at(0, answered(0.02)))
    assert press(operator, "remove", probe) == 302
    assert not Probe.objects.exists()
    assert len(stored(probe.node)) == 1
    assert press(operator, "remove", probe) == 404


@pytest.mark.parametrize("what", ["run", "pause", "remove"])
def test_who_reads_the_fleet_may_not(browser: Client, what: str) -> None:
    probe = probe_of()
    assert press(browser, what, probe) in {403, 404}
    probe.refresh_from_db()
    assert not probe.is_paused
