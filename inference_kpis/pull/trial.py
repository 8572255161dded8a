"""Trying a node: one fetch under the guard of every pull, and what it would give. Nothing is stored but a line of audit."""

from copy import copy
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.audit import record
from accounts.models import User
from inference_kpis.catalogue import DEFAULT_KPIS, MEASURES, Kpi, Measure
from inference_kpis.engines import ENGINES, Engine
from inference_kpis.exceptions import KeyLost
from inference_kpis.fleet.models import Node
from inference_kpis.mappings.reading import readers_of
from inference_kpis.protocols.negotiation import form_of
from inference_kpis.pull.client import Fetched, Target, fetch_all
from inference_kpis.pull.guard import parse_url, port_of
from inference_kpis.pull.ingestion import decode
from inference_kpis.pull.problems import PullFailed, sentence
from inference_kpis.pull.targets import TlsChange, changed_tls, target_of, where_pulls_may_go
from inference_kpis.readings.observation import Observation
from inference_kpis.readings.queries import ADDED_BY_VIGIE
from inference_kpis.readings.statistics import gives

# A person waits for it, and so does a thread of the web server.
LONGEST_SECONDS = 10


@dataclass(frozen=True)
class Trial:
    """What one fetch found; `status` is 0 where no answer came, `problem` '' where it can be pulled."""

    problem: str
    status: int
    form: str | Promise
    engine: Engine | None
    models: tuple[str, ...]
    measures: tuple[Measure, ...]
    not_exposed: tuple[Kpi, ...]
    dropped: tuple[str, ...]
    samples: int
    duration_ms: int
    body_bytes: int

    @property
    def problem_sentence(self) -> str | Promise:
        return sentence(self.problem)

    @property
    def dropped_sentences(self) -> list[str | Promise]:
        return [sentence(code) for code in self.dropped]


def try_node(node: Node, *, credential: str | None = None, tls: TlsChange | None = None, by: User | None) -> Trial:
    """Fetch once from a node, saved or not; `credential` and `tls` are None for those that it has.

    Blocks for as long as the node's time-out, ten seconds at most; must not run in a transaction.
    """
    fetched = _fetch(node, credential, tls)
    reader = readers_of([node]).get(node.pk)
    pulled = decode(fetched, node, reader)
    record("node.try", node.name or _host(node.url), actor=by, problem=pulled.problem, status=fetched.status)
    engine = reader.engine if reader else ENGINES.get(node.engine or pulled.recognised)
    given = _measures(pulled.observation)
    return Trial(
        pulled.problem,
        fetched.status,
        _form_name(fetched),
        engine,
        tuple(sorted(name for name in pulled.observation.models if name)) if pulled.observation else (),
        tuple(measure for key, measure in MEASURES.items() if key in given),
        tuple(kpi for kpi in DEFAULT_KPIS if engine and not gives(kpi, engine.exposes | ADDED_BY_VIGIE)),
        pulled.observation.problems if pulled.observation else (),
        pulled.samples,
        fetched.duration_ms,
        len(fetched.body),
    )


def _host(url: str) -> str:
    """What the audit trail calls a node without a name; a URL may hold what is nobody's business."""
    try:
        parts = parse_url(url)
    except PullFailed:
        return ""
    return f"{parts.hostname}:{port_of(parts)}"


def _fetch(node: Node, credential: str | None, tls: TlsChange | None) -> Fetched:
    node = copy(node)
    if credential is not None:
        node.set_credential(credential)
    node.pull_timeout_seconds = min(node.pull_timeout_seconds, LONGEST_SECONDS)
    try:
        target = target_of(node, tls=changed_tls(node, tls).tls() if tls else None)
    except KeyLost as error:
        return Fetched(Target(0, 0, node.url, node.pull_timeout_seconds), 0, 0, problem=error.code)
    return fetch_all([target], where_pulls_may_go())[0]


def _measures(observation: Observation | None) -> set[str]:
    models = observation.models.values() if observation else ()
    return {key for model in models for key in (*model.counters, *model.gauges, *model.histograms)}


def _form_name(fetched: Fetched) -> str | Promise:
    """The form of a body in words of ours: what a server wrote is not repeated."""
    if not fetched.body:
        return ""
    form = form_of(fetched.content_type)
    if form.is_openmetrics:
        return f"OpenMetrics {form.version}".strip()
    return (
        f"Prometheus text {form.version}".strip() if form.media_type else _("of another type, read as Prometheus text")
    )
