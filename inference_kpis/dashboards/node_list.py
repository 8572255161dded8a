"""Which nodes a list shows and in what order, as its address says; and how many there are in which state and where.

Nothing here reads the readings of the fleet: states are counted in the background or with one aggregate over the rows of
nodes, and figures to sort by are kept (`node_figures`).
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from django.core.paginator import Page, Paginator
from django.db.models import Count, F, OrderBy, QuerySet
from django.db.models.expressions import RawSQL
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from inference_kpis.catalogue import Label
from inference_kpis.dashboards.node_rows import COLUMNS, NODES_PER_PAGE
from inference_kpis.fleet.models import Node, NodeQuerySet, Site, SiteHealth, Tier

LONGEST_TEXT = 100
FILTERS = ("q", "site", "tier", "engine", "model", "state")
# What a list can be sorted by besides its KPIs: key in the address → fields, and its name.
SORTS: dict[str, tuple[tuple[str, ...], Label]] = {
    "name": (("name",), _("Node")),
    "site": (("site__name",), _("Site")),
    "state": (("severity",), _("State")),
    "age": (("figures__heard_at",), _("Last reading")),
    **{kpi.key: ((f"figures__{kpi.key}",), kpi.label) for kpi in COLUMNS},
}


@dataclass(frozen=True)
class NodeList:
    """Filters and order of a list. Values that mean nothing are kept to be shown, and match nothing or are passed over."""

    q: str = ""
    site: str = ""
    tier: str = ""
    engine: str = ""
    model: str = ""
    state: str = ""
    sort: str = ""

    @classmethod
    def of(cls, query: QueryDict) -> "NodeList":
        """As an address has it. PostgreSQL takes no NUL, not even to compare with."""
        given = {name: query.get(name, "").replace("\0", "") for name in (*FILTERS, "sort")}
        given["q"] = given["q"][:LONGEST_TEXT]
        for name, known in (("state", Node.State.values), ("tier", Tier.values)):
            given[name] = given[name] if given[name] in known else ""
        given["sort"] = given["sort"] if given["sort"].removeprefix("-") in SORTS else ""
        return cls(**given)

    def at(self, site: Site) -> "NodeList":
        """The same order, of all nodes of a site."""
        return NodeList(site=site.key, sort=self.sort)

    @property
    def is_filtered(self) -> bool:
        return any(getattr(self, name) for name in FILTERS)

    @property
    def is_about_sites(self) -> bool:
        """Whether all filters but that of the state are properties of sites, whose nodes are counted already."""
        return not (self.q or self.engine or self.model)

    @cached_property
    def _any_state(self) -> NodeQuerySet:
        nodes = Node.objects.in_service().matching(site=self.site, tier=self.tier, engine=self.engine, q=self.q)
        return nodes.filter(pk__in=serving(self.model)) if self.model else nodes

    def nodes(self) -> QuerySet[Node]:
        """The nodes that match, in the order asked for."""
        nodes = self._any_state.matching(state=self.state)
        return nodes.order_by(*self._order()) if self.sort else nodes.worst_first()

    def _order(self) -> list[OrderBy | str]:
        """What has no value comes last whichever way; an age grows as its moment falls."""
        key = self.sort.removeprefix("-")
        is_descending = self.sort.startswith("-") != (key == "age")
        fields: list[OrderBy | str] = [
            F(field).desc(nulls_last=True) if is_descending else F(field).asc(nulls_last=True)
            for field in SORTS[key][0]
        ]
        return [*fields, "name"]

    def counts(self, health: Iterable[SiteHealth]) -> "NodeCounts":
        """How many nodes match whatever their state, by site and state: from what was counted of sites, or by one query."""
        by_site: dict[int, Counter[str]] = defaultdict(Counter)
        if self.is_about_sites:
            for each in health:
                if self.site in {"", each.site.key} and self.tier in {"", each.site.tier}:
                    by_site[each.site_id].update(each.counts)
        else:
            found = self._any_state.order_by().values_list("site_id", "state").annotate(Count("pk"))
            for site_id, state, count in found:
                by_site[site_id][state] += count
        return NodeCounts(by_site, self.state)

    def sorts(self) -> list[tuple[str, Label]]:
        """(what to sort by, its name) to choose from, the order there is among them."""
        is_sorted_by = self.sort.removeprefix("-")
        return [(self.sort if key == is_sorted_by else first_order(key), label) for key, (_f, label) in SORTS.items()]

    def toggled(self, key: str) -> str:
        """What a click on this column asks for: its first order, and then the other way."""
        first = first_order(key)
        second = key if first.startswith("-") else f"-{key}"
        return second if self.sort == first else first


def first_order(key: str) -> str:
    """Figures the highest first; words from A on, the worst state and the youngest reading first."""
    return key if key in {"name", "site", "state", "age"} else f"-{key}"


def serving(model: str) -> RawSQL:
    """The ids of the nodes whose latest readings are of this model, for `pk__in`."""
    return RawSQL(
        "SELECT l.node_id FROM inference_kpis_latest l WHERE l.model_id ="
        " (SELECT m.id FROM inference_kpis_servedmodel m WHERE m.name = %s)",
        [model],
    )


@dataclass(frozen=True)
class NodeCounts:
    """Nodes by site and state; `state` is the one that the list is narrowed down to, '' for all."""

    by_site: Mapping[int, Mapping[str, int]]
    state: str = ""

    @cached_property
    def by_state(self) -> dict[str, int]:
        """Worst first, states without a node included."""
        return {state: sum(of_site.get(state, 0) for of_site in self.by_site.values()) for state in Node.SEVERITY}

    @property
    def total(self) -> int:
        return sum(self.by_state.values())

    @property
    def shown(self) -> int:
        return self.by_state[self.state] if self.state else self.total


class _CountedPaginator(Paginator):
    """A paginator that is told how many there are, so that it does not count them again."""

    def __init__(self, ids: QuerySet[Node, int], per_page: int, *, count: int) -> None:
        super().__init__(ids, per_page)
        self.count = count


def page_of(
    wanted: NodeList, page: str | None, *, count: int, per_page: int = NODES_PER_PAGE
) -> tuple[Page, list[Node]]:
    """One page of a list of so many nodes, and its nodes with their sites; two queries.

    Ids are put in order first: ten thousand whole rows would not be sorted in memory.
    """
    found = _CountedPaginator(wanted.nodes().values_list("pk", flat=True), per_page, count=count).get_page(page)
    ids = list(found.object_list)
    nodes = Node.objects.select_related("site").in_bulk(ids)
    return found, [nodes[pk] for pk in ids]


@dataclass(frozen=True)
class Column:
    """The head of a column of nodes: what a click on it sorts by, and how it is sorted now, in the words of ARIA."""

    key: str
    label: Label
    sorts_by: str
    aria_sort: str


def columns(wanted: NodeList, *, can_sort: bool = True) -> list[Column]:
    """Those of a table of nodes; the site stands below the name and has no column of its own."""
    is_down, key = wanted.sort.startswith("-"), wanted.sort.removeprefix("-")
    aria = {key: "descending" if is_down else "ascending"}
    return [
        Column(name, label, wanted.toggled(name) if can_sort else "", aria.get(name, ""))
        for name, (_fields, label) in SORTS.items()
        if name != "site"
    ]
