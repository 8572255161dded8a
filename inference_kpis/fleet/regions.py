"""Where work that has to stand near the nodes is done: workers of a region take from a queue of their own."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

from django.conf import settings
from django.utils.translation import gettext as _


class InRegion(Protocol):
    @property
    def region(self) -> str: ...


Claimed = TypeVar("Claimed", bound=InRegion)


def queue_of(region: str) -> str:
    """The queue that the workers of a region take from; '' is where all other work is done."""
    queue: str = settings.CELERY_TASK_DEFAULT_QUEUE
    return f"{queue}.{region}" if region else queue


def batches(claims: Iterable[Claimed], size: int) -> Iterator[tuple[str, list[Claimed]]]:
    """The claims of each region, at most `size` at once, with the queue that they belong into."""
    by_region: dict[str, list[Claimed]] = defaultdict(list)
    for claim in claims:
        by_region[claim.region].append(claim)
    for region, of_region in by_region.items():
        for start in range(0, len(of_region), size):
            yield queue_of(region), of_region[start : start + size]


def region_choices(chosen: str) -> list[tuple[str, str]]:
    """Where work can be done, and the region that is chosen already though it is configured no longer."""
    names = [*settings.WORKER_REGIONS, *([chosen] if chosen and chosen not in settings.WORKER_REGIONS else [])]
    return [("", _("where all other work is done")), *((name, name) for name in names)]
