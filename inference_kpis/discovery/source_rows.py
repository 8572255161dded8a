"""What the list of sources shows of each."""

from dataclasses import dataclass

from django.db.models import Count, Q
from django.utils.functional import Promise

from inference_kpis.discovery.models import DiscoverySource
from inference_kpis.discovery.problems import sentence


@dataclass(frozen=True)
class SourceRow:
    source: DiscoverySource
    present: int
    problem: str | Promise


def source_rows() -> list[SourceRow]:
    """Every source with the number of its nodes in service. One query."""
    sources = DiscoverySource.objects.defer("answer").annotate(
        present=Count("discovered", filter=Q(discovered__node__retired_at=None, discovered__isnull=False))
    )
    return [SourceRow(source, source.present, sentence(source.problem) if source.problem else "") for source in sources]
