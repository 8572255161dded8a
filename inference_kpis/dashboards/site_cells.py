"""The grid of the fleet page: the nodes of each site as squares, a page of sites at a time."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.core.paginator import Page, Paginator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from inference_kpis.dashboards.cells import MOST_CELLS
from inference_kpis.dashboards.node_list import NodeCounts
from inference_kpis.dashboards.wording import fixed
from inference_kpis.fleet.models import Node, Site, SiteHealth

SITES_PER_PAGE = 60
State = Node.State


def state_count(state: str, count: int) -> str:
    """So many nodes in this state, in words."""
    match state:
        case State.DOWN:
            words = ngettext("%(count)s down", "%(count)s down", count)
        case State.SILENT:
            words = ngettext("%(count)s silent", "%(count)s silent", count)
        case State.WAITING:
            words = ngettext("%(count)s waiting", "%(count)s waiting", count)
        case State.PAUSED:
            words = ngettext("%(count)s paused", "%(count)s paused", count)
        case _:
            words = ngettext("%(count)s up", "%(count)s up", count)
    return words % {"count": fixed(count, 0)}


@dataclass(frozen=True)
class SiteCells:
    """One site of the grid: its nodes by state, the worst first, only states that occur."""

    site: Site
    counts: Mapping[str, int]

    @property
    def words(self) -> list[tuple[str, str]]:
        """(state, how many in words)."""
        return [(state, state_count(state, count)) for state, count in self.counts.items()]

    @property
    def label(self) -> str:
        """The squares in words, for who does not see them."""
        return _("%(site)s: %(states)s") % {
            "site": self.site.name,
            "states": ", ".join(words for _state, words in self.words),
        }

    @property
    def not_shown(self) -> int:
        return max(0, sum(self.counts.values()) - MOST_CELLS)


def site_cells(health: Iterable[SiteHealth], counts: NodeCounts, page: str | None) -> Page:
    """A page of sites that have matching nodes: those with nodes that are down first, then silent, each in the order given."""
    found: list[SiteCells] = []
    for each in health:
        by_state = counts.by_site.get(each.site_id, {})
        wanted: Sequence[str] = [counts.state] if counts.state else list(Node.SEVERITY)
        shown = {state: by_state[state] for state in wanted if by_state.get(state)}
        if shown:
            found.append(SiteCells(each.site, shown))
    found.sort(key=lambda cells: (State.DOWN not in cells.counts, State.SILENT not in cells.counts))
    return Paginator(found, SITES_PER_PAGE).get_page(page)
