"""The fleet's health by site, from the counts that the background keeps."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from accounts.alphabet import alphabetical
from inference_kpis.fleet.models import Node, SiteHealth

# Counts are taken every two seconds; when they are older than this, the background work stands still.
LATE_AFTER = timedelta(seconds=60)
MOST_TROUBLES = 6
# More sites than these are a list of their own.
MOST_SITES = 12


@dataclass(frozen=True)
class FleetHealth:
    """Counts by site and the nodes that need somebody, worst first."""

    sites: Sequence[SiteHealth]
    troubles: Sequence[Node]
    counted_at: datetime | None
    is_late: bool

    @property
    def live_at(self) -> datetime | None:
        """When these figures are from; None where no node gives any, so that nothing newer is to be expected."""
        return self.counted_at if any(site.up + site.down for site in self.sites) else None

    @property
    def shown_sites(self) -> Sequence[SiteHealth]:
        """All sites where they are few; otherwise those with trouble first, and no more than fit beside other things."""
        if len(self.sites) <= MOST_SITES:
            return self.sites
        return sorted(self.sites, key=lambda site: (not site.down, not site.silent))[:MOST_SITES]

    @property
    def total(self) -> int:
        return sum(site.total for site in self.sites)

    @property
    def up(self) -> int:
        return sum(site.up for site in self.sites)


def fleet_health(now: datetime) -> FleetHealth:
    """The fleet as last counted; two queries, whatever its size."""
    sites = sorted(
        SiteHealth.objects.filter(site__retired_at=None).select_related("site"),
        key=lambda each: alphabetical(each.site.name),
    )
    troubled = Node.objects.in_service().filter(severity__lte=Node.SEVERITY[Node.State.SILENT])
    troubles = list(troubled.worst_first().select_related("site")[:MOST_TROUBLES])
    counted_at = min((site.counted_at for site in sites), default=None)
    return FleetHealth(sites, troubles, counted_at, counted_at is not None and now - counted_at > LATE_AFTER)
