"""What the pages show of each source, and of one source's nodes."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Max, Q
from django.utils.functional import Promise

from inference_kpis.query_sources.models import QuerySource
from inference_kpis.query_sources.problems import sentence

PRESENT = Q(queried__node__retired_at=None, queried__isnull=False)


@dataclass(frozen=True)
class SourceRow:
    source: QuerySource
    present: int
    heard_at: datetime | None
    problem: str | Promise


@dataclass(frozen=True)
class Trouble:
    """What hinders some nodes of a source."""

    problem: str | Promise
    nodes: int


def source_rows() -> list[SourceRow]:
    """Every source with the number of its nodes in service and their newest sample. One query."""
    sources = QuerySource.objects.defer("refused").annotate(
        present=Count("queried", filter=PRESENT), heard_at=Max("queried__heard_at", filter=PRESENT)
    )
    return [
        SourceRow(source, source.present, source.heard_at, sentence(source.problem) if source.problem else "")
        for source in sources
    ]


def troubles_of(source: QuerySource) -> list[Trouble]:
    """What hinders nodes of this source, the most frequent first. One query."""
    counted = source.queried.asked().exclude(problem="").values("problem").annotate(nodes=Count("pk"))
    return [Trouble(sentence(row["problem"]), row["nodes"]) for row in counted.order_by("-nodes", "problem")]
