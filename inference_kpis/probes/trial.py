"""Trying a probe before it is saved: one run under the guard of every probe. Nothing is stored but a line of audit."""

from copy import copy
from datetime import datetime

from accounts.audit import record
from accounts.models import User
from inference_kpis.probes.models import Probe
from inference_kpis.probes.results import Run
from inference_kpis.probes.running import run

# A person waits for it, and so does a thread of the web server.
LONGEST_SECONDS = 5


def try_probe(probe: Probe, *, credential: str | None, central_credential: str | None, by: User, now: datetime) -> Run:
    """Run a probe once, saved or not, from where the pages are served; credentials are None for those that it has.

    Blocks for as long as its time-outs, five seconds each at most; must not run in a transaction.
    """
    probe = copy(probe)
    if credential is not None:
        probe.set_credential(credential)
    if central_credential is not None:
        probe.set_central_credential(central_credential)
    probe.timeout_seconds = min(probe.timeout_seconds, LONGEST_SECONDS)
    found = run([probe], now)[0]
    record("probe.try", probe.name, actor=by, problem=found.edge.problem, status=found.edge.status)
    return found
