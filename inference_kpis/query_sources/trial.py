"""Trying a source: one question under the guard of every pull, and which nodes it would bring. Nothing is stored."""

from copy import copy
from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise

from accounts.audit import record
from accounts.models import User
from inference_kpis.discovery.planning import Kind
from inference_kpis.engines import ENGINES
from inference_kpis.query_sources.asking import read_nodes
from inference_kpis.query_sources.following import plan_of
from inference_kpis.query_sources.models import QuerySource
from inference_kpis.query_sources.planning import Plan, Shown
from inference_kpis.query_sources.problems import AnswerRefused, sentence

# A person waits for it, and so does a thread of the web server.
LONGEST_SECONDS = 10
MOST_SHOWN = 20


@dataclass(frozen=True)
class Trial:
    """What one question found; `problem` is '' where there was an answer."""

    problem: str
    nodes: tuple[Shown, ...] = ()
    plan: Plan | None = None
    is_partial: bool = False

    @property
    def problem_sentence(self) -> str | Promise:
        return sentence(self.problem)

    @property
    def rows(self) -> list[tuple[str, str, str, int, str | Promise]]:
        """Of the first nodes: name, site, engine, number of series, and why it is left alone, if it is."""
        refused = dict(self.plan.refused) if self.plan else {}
        return [
            (
                node.name,
                node.site,
                ", ".join(ENGINES[key].label for key in sorted(node.engines)),
                node.series,
                sentence(refused[node.name]) if node.name in refused else "",
            )
            for node in self.nodes[:MOST_SHOWN]
        ]

    @property
    def added(self) -> int:
        return self.plan.count(Kind.ADD) if self.plan else 0


def try_source(source: QuerySource, *, credential: str | None, by: User, now: datetime) -> Trial:
    """Ask a source once, saved or not; `credential` is None for the one that it has.

    Blocks for as long as the source's time-out, ten seconds at most; must not run in a transaction.
    """
    tried = copy(source)
    if credential is not None:
        tried.set_credential(credential)
    tried.timeout_seconds = min(source.timeout_seconds, LONGEST_SECONDS)
    try:
        nodes, is_partial = read_nodes(tried, now)
        trial = Trial("", tuple(nodes), plan_of(tried, nodes, now), is_partial)
    except AnswerRefused as refused:
        trial = Trial(refused.code)
    record("query_source.try", source.name, actor=by, problem=trial.problem)
    return trial
