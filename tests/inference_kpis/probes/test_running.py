"""From runs to stored readings: once, whole, and beside what the node itself tells."""

import pytest
from django.utils import timezone
from pytest_django import Settings

from inference_kpis.exceptions import KeyLost
from inference_kpis.fleet.models import Node
from inference_kpis.probes import running
from inference_kpis.probes.models import Probe
from inference_kpis.probes.running import asks_of, run, store_runs
from inference_kpis.probes.schedule import claim_due
from inference_kpis.pull.models import PullTls
from inference_kpis.pull.tls import SYSTEM_TLS
from inference_kpis.readings.algebra import Increase
from inference_kpis.readings.rollups import roll_up_touched
from inference_kpis.readings.store import as_ms
from tests.factories import NodeFactory
from tests.inference_kpis.certificates import Authority
from tests.inference_kpis.probes.probing import FAILED, answered, probe_of, ran, run_at
from tests.inference_kpis.pulls import START, at
from tests.inference_kpis.readings.storing import put, reading, rows, stored

pytestmark = pytest.mark.django_db


def test_it_works() -> None:
    probe = probe_of(interval_seconds=60)
    assert ran(probe, run_at(0, answered(0.02), answered(0.08))) == 1
    assert ran(probe, run_at(60, FAILED)) == 1
    first, second = stored(probe.node)
    assert first.measures["probes"] == Increase(1, 60_000)
    assert second.measures["successful_probes"] == Increase(0, 60_000)
    probe.refresh_from_db()
    assert (probe.ran_at, probe.leased_until) == (at(60), None)
    assert [each["edge"]["problem"] for each in probe.runs] == ["timed_out", ""]


def test_the_same_run_twice_is_one_reading() -> None:
    probe = probe_of()
    leases = {claim.probe_id: claim.lease for claim in claim_due(at(0))}
    found = [(probe, run_at(0, answered(0.02)))]
    assert [store_runs(found, leases), store_runs(found, leases)] == [1, 0]
    assert len(stored(probe.node)) == 1


def test_a_run_whose_lease_went_to_somebody_else_is_dropped() -> None:
    probe = probe_of(interval_seconds=5, timeout_seconds=1)
    old = {claim.probe_id: claim.lease for claim in claim_due(at(0))}
    claim_due(at(60))
    assert store_runs([(probe, run_at(0, answered(0.02)))], old) == 0
    assert stored(probe.node) == []


@pytest.mark.parametrize("change", ["paused", "removed", "node paused", "node retired"])
def test_what_ended_meanwhile_stores_nothing(change: str) -> None:
    probe = probe_of()
    leases = {claim.probe_id: claim.lease for claim in claim_due(at(0))}
    if change == "paused":
        Probe.objects.update(is_paused=True)
    elif change == "removed":
        Probe.objects.all().delete()
    elif change == "node paused":
        Node.objects.update(state=Node.State.PAUSED)
    else:
        Node.objects.update(retired_at=timezone.now())
    assert store_runs([(probe, run_at(0, answered(0.02)))], leases) == 0
    assert stored(probe.node) == []


def test_a_long_pause_is_not_covered() -> None:
    probe = probe_of(interval_seconds=60)
    ran(probe, run_at(0, answered(0.02)))
    ran(probe, run_at(3000, answered(0.02)))
    assert stored(probe.node)[1].measures["probes"] == Increase(1, 120_000)


def test_only_the_last_runs_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "RUNS_KEPT", 3)
    probe = probe_of(interval_seconds=5)
    for number in range(5):
        probe.refresh_from_db()
        ran(probe, run_at(number * 5, answered(0.02)))
    probe.refresh_from_db()
    assert [each["started_ms"] for each in probe.runs] == [as_ms(at(seconds)) for seconds in (20, 15, 10)]


def test_a_token_nobody_can_open_is_this_probes_failure(settings: Settings) -> None:
    shut, good = probe_of(url="http://10.0.0.1/"), probe_of(url="http://127.0.0.1:1/")
    shut.set_credential("secret")
    settings.CREDENTIAL_KEYS = ["b25seS1mb3ItYW5vdGhlci10ZXN0LWtleS0tLS0tLTE="]
    with pytest.raises(KeyLost):
        asks_of(shut)
    assert [each.edge.problem for each in run([shut, good], START)] == ["key_lost", "address_refused"]


def test_the_nodes_own_certificates_are_shown_to_the_node_alone() -> None:
    node = NodeFactory(url="https://10.0.0.1:8443/metrics")
    own = Authority()
    PullTls.objects.create(node=node, authorities=own.pem)
    here, other = (probe_of(node=node, url=url, model_name=url) for url in ("", "https://10.0.0.2/v1"))
    edge, central = asks_of(here)
    assert (edge.url, edge.tls.authorities) == ("https://10.0.0.1:8443/v1/chat/completions", own.pem)
    assert central is not None
    assert central.tls == asks_of(other)[0].tls == SYSTEM_TLS


# --- Beside what the node itself tells -------------------------------------------------------------------------------


def test_a_pull_that_ends_with_it_is_stored_whole_whoever_comes_first() -> None:
    early, late = NodeFactory(), NodeFactory()
    one, other = probe_of(node=early), probe_of(node=late, next_run_at=at(600))
    # A probe's reading ends a millisecond after its run began.
    pulled = reading(15.001, requests=3)
    assert put(early, pulled).stored == [0]
    ran(one, run_at(15, answered(0.02)))
    ran(other, run_at(15, answered(0.02)))
    assert put(late, pulled).stored == [0]
    for node in (early, late):
        assert [sorted(each.measures) for each in stored(node)] == [
            ["requests"],
            ["probe_latency", "probe_time_to_first_byte", "probe_time_to_first_token", "probes", "successful_probes"],
        ]
    assert put(early, pulled).repeated == [0]


def test_a_probe_is_no_sign_of_life() -> None:
    probe = probe_of()
    ran(probe, run_at(15, answered(0.02)))
    assert rows("SELECT count(*) FROM inference_kpis_latest") == [0]


@pytest.mark.parametrize("seconds", [59.998, 59.999, 60])
def test_a_run_at_the_turn_of_a_minute_is_counted_once(seconds: float) -> None:
    """Also where the node's own readings have both minutes rolled up."""
    probe = probe_of()
    put(probe.node, reading(60, requests=1), reading(75, requests=1))
    ran(probe, run_at(seconds, answered(0.02)))
    roll_up_touched(at(80))
    put(probe.node, reading(90, requests=1))
    roll_up_touched(at(95))
    minutes = rows(
        "SELECT bucket_at FROM inference_kpis_rollup_minute WHERE scope = 2 AND 60 = ANY(measures) ORDER BY bucket_at"
    )
    assert minutes == [at(seconds // 60 * 60)]
