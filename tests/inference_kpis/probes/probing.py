"""Probes and runs without waiting: answers of the test's choosing at moments of its choosing."""

from typing import Any

from inference_kpis.probes.models import Probe
from inference_kpis.probes.results import Answer, Run
from inference_kpis.probes.running import store_runs
from inference_kpis.probes.schedule import claim_due
from inference_kpis.readings.store import as_ms
from tests.factories import NodeFactory
from tests.inference_kpis.pulls import START, at

FAILED = Answer("timed_out")


def probe_of(**values: Any) -> Probe:
    """A probe with a counterpart that is due since the start."""
    count = Probe.objects.count()
    defaults = {"name": f"Probe {count}", "model_name": "m", "central_url": "http://10.0.9.9:8000"}
    defaults |= {"next_run_at": START, "created_at": START}
    node = values.pop("node", None) or NodeFactory()
    return Probe.objects.create(node=node, **defaults | values)


def answered(seconds: float) -> Answer:
    return Answer("", 200, seconds / 4, seconds / 2, seconds)


def run_at(seconds: float, edge: Answer, central: Answer | None = None) -> Run:
    return Run(as_ms(at(seconds)), edge, central)


def ran(probe: Probe, run: Run) -> int:
    """Claim a probe and store this as what it found; the number of runs that were stored."""
    moment = at((run.started_ms - as_ms(START)) / 1000)
    Probe.objects.filter(pk=probe.pk).update(next_run_at=moment)
    leases = {claim.probe_id: claim.lease for claim in claim_due(moment)}
    return store_runs([(probe, run)], leases)
