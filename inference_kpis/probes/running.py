"""From claims to stored readings: ask, time and store, one transaction a batch."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from inference_kpis.exceptions import KeyLost
from inference_kpis.fleet.models import Node
from inference_kpis.probes.client import Ask, run_all
from inference_kpis.probes.models import RUNS_KEPT, Probe
from inference_kpis.probes.requests import chat_body
from inference_kpis.probes.results import Answer, Run, reading_of
from inference_kpis.probes.schedule import Claim
from inference_kpis.pull.client import authorization
from inference_kpis.pull.guard import parse_url, same_origin
from inference_kpis.pull.models import tls_of
from inference_kpis.pull.problems import PullFailed
from inference_kpis.pull.targets import where_pulls_may_go
from inference_kpis.pull.tls import SYSTEM_TLS, Tls
from inference_kpis.readings import store
from inference_kpis.readings.store import as_datetime, as_ms


def run_claimed(claims: Sequence[Claim], now: datetime) -> int:
    """Run these probes and store what they found; the number of runs that were stored."""
    leases = {claim.probe_id: claim.lease for claim in claims}
    probes = list(Probe.objects.filter(pk__in=leases).select_related("node", "node__pull_tls"))
    return store_runs(list(zip(probes, run(probes, now), strict=True)), leases)


def run(probes: Sequence[Probe], now: datetime) -> list[Run]:
    """One run of each of these probes, saved or not, in their order. Blocks; must not run in a transaction."""
    asked: list[tuple[Ask, Ask | None]] = []
    found: list[Run | None] = []
    for probe in probes:
        try:
            asked.append(asks_of(probe))
            found.append(None)
        except (KeyLost, PullFailed) as error:
            found.append(Run(as_ms(now), Answer(error.code)))
    runs = iter(run_all(asked, where_pulls_may_go()))
    return [each or next(runs) for each in found]


def asks_of(probe: Probe) -> tuple[Ask, Ask | None]:
    """What a probe asks its edge and its central counterpart, with its doors opened. Raises `KeyLost` or `PullFailed`."""
    body = b""
    if probe.is_chat:
        body = chat_body(model=probe.model_name, prompt=probe.prompt, max_tokens=probe.max_tokens)
    edge = Ask(
        probe.asked_url,
        probe.timeout_seconds,
        body,
        authorization("bearer" if probe.has_credential else "", probe.credential()),
        _tls_of(probe),
    )
    if not probe.central_url:
        return edge, None
    central = authorization("bearer" if probe.has_central_credential else "", probe.central_credential())
    return edge, Ask(probe.asked_central_url, probe.timeout_seconds, body, central)


def _tls_of(probe: Probe) -> Tls:
    """The node's own certificates where the node itself is asked; they are shown to no other server."""
    node = probe.node
    is_node = not probe.url or (node.url and same_origin(parse_url(node.url), parse_url(probe.url)))
    return tls_of(node) if is_node else SYSTEM_TLS


def store_runs(runs: Sequence[tuple[Probe, Run]], leases: Mapping[int, int]) -> int:
    """Store these runs, each whole or not at all; the number of those whose lease still held.

    A run whose lease went to somebody else is dropped, and so is one whose probe or node was paused, removed or taken out
    of service meanwhile. The lease ends in the same transaction: the same run twice is one reading.
    """
    by_probe = {probe.pk: each for probe, each in runs}
    with transaction.atomic():
        probes = [
            probe
            for probe in Probe.objects.select_for_update(of=("self",))
            .filter(pk__in=by_probe, leased_until__isnull=False, is_paused=False, node__retired_at=None)
            .exclude(node__state=Node.State.PAUSED)
            .select_related("node")
            .order_by("pk")
            if probe.lease == leases[probe.pk]
        ]
        readings = []
        for probe in probes:
            each = by_probe[probe.pk]
            covered_ms = _covered_ms(probe, each)
            readings.append((probe.node, probe.model_name, reading_of(each, covered_ms=covered_ms)))
            probe.ran_at, probe.leased_until = as_datetime(each.started_ms), None
            probe.runs = [remembered(each), *probe.runs][:RUNS_KEPT]
        store.store_slots(store.slots_of(readings, are_probes=True))
        Probe.objects.bulk_update(probes, ("ran_at", "leased_until", "runs"))
    return len(probes)


def _covered_ms(probe: Probe, each: Run) -> int:
    """How long a run speaks for: the time since the one before, twice the interval at most."""
    interval = timedelta(seconds=probe.interval_seconds)
    started_at = as_datetime(each.started_ms)
    since = started_at - probe.ran_at if probe.ran_at and probe.ran_at < started_at else interval
    return min(since, 2 * interval) // timedelta(milliseconds=1)


def remembered(each: Run) -> dict[str, Any]:
    """A run as it is kept with its probe: plain values, times in seconds."""
    ends = {"edge": each.edge, "central": each.central}
    return {"started_ms": each.started_ms} | {name: _values(answer) for name, answer in ends.items() if answer}


def _values(answer: Answer) -> dict[str, Any]:
    return {name: getattr(answer, name) for name in Answer.__slots__}
