"""What an index would change: a pure comparison of the nodes that a server shows with what is registered.

A node that a source made belongs to it, by the name its label gave it. Every other node is somebody else's and is never
touched, so that no measure is counted twice. The same index a second time changes nothing.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from inference_kpis.discovery.planning import Kind, shown, site_for
from inference_kpis.discovery.problems import TargetRefused
from inference_kpis.discovery.targets import LONGEST_NAME, SITE_KEY, TIERS, LabelNames
from inference_kpis.engines import ENGINES
from inference_kpis.query_sources.answers import Row
from inference_kpis.query_sources.promql import FOUND_ENGINE

# How long a node may give no sample at all, not even that it cannot be scraped, while its server answers well.
GONE_AFTER = timedelta(hours=1)
# An index without any node is believed of a source that has fewer nodes than this.
LARGE = 5
# As many as a node has streams.
MOST_JOBS = 8


@dataclass(frozen=True, slots=True)
class Shown:
    """A node as the index shows it; '' where no label says more of it."""

    name: str
    engines: frozenset[str]
    addresses: frozenset[str]
    jobs: tuple[str, ...]
    series: int
    site: str = ""
    tier: str = ""

    @property
    def engine(self) -> str:
        """The only engine; '' for one that a label says and nobody knows."""
        return min(self.engines, default="")


@dataclass(frozen=True, slots=True)
class Owned:
    """A node that this source made, as it is now; `is_gone` when the source itself took it out of service."""

    node_id: int
    site: str
    engine: str
    heard_at: datetime
    is_pulled: bool = False
    is_retired: bool = False
    is_gone: bool = False


@dataclass(frozen=True, slots=True)
class Fleet:
    """What an index is compared with; the others are all nodes in service that are not this source's.

    `others` say by name whose they are: the code of why the source leaves them alone. `pulled_addresses` are the
    `host:port` that Vigie pulls.
    """

    owned: Mapping[str, Owned]
    others: Mapping[str, str]
    pulled_addresses: Collection[str]
    sites: Collection[str]
    default_site: str = ""
    may_create_sites: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """One thing to do; `node_id` is None for a node to add, `shown` for one to take out of service."""

    kind: Kind
    name: str
    shown: Shown | None = None
    node_id: int | None = None
    fields: tuple[str, ...] = ()


@dataclass
class Plan:
    changes: list[Change] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)
    taken: list[Shown] = field(default_factory=list)

    def count(self, kind: Kind) -> int:
        return sum(change.kind is kind for change in self.changes)


def nodes_of(rows: Iterable[Row], node_label: str, names: LabelNames, chosen_engine: str = "") -> list[Shown]:
    """The nodes of an index, by name: several rows of one node, such as of two jobs, are one."""
    of_node: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        of_node[row.labels.get(node_label, "")].append(row)
    return [_node(name, of_node[name], names, chosen_engine) for name in sorted(of_node)]


def _node(name: str, rows: list[Row], names: LabelNames, chosen_engine: str) -> Shown:
    said = _first(rows, names.engine).lower()
    if chosen_engine or said in ENGINES:
        engines = {chosen_engine or said}
    else:
        engines = {row.labels.get(FOUND_ENGINE, "") for row in rows} & ENGINES.keys()
    return Shown(
        name=name,
        engines=frozenset(engines),
        addresses=frozenset(row.labels.get("instance", "") for row in rows) - {""},
        jobs=tuple(sorted({row.labels.get("job", "") for row in rows}))[:MOST_JOBS],
        series=sum(row.series for row in rows),
        site=_first(rows, names.site),
        tier=_first(rows, names.tier).lower(),
    )


def _first(rows: Iterable[Row], names: Iterable[str]) -> str:
    """What the first of these labels says that any row has; of several values the smallest, so that it stays the same."""
    for name in names:
        if found := {row.labels.get(name, "").strip() for row in rows} - {""}:
            return min(found)
    return ""


def plan(nodes: Iterable[Shown], fleet: Fleet, *, may_retire_before: datetime | None) -> Plan:
    """What to do so that the source's nodes are those that its server shows.

    Nodes that were last heard before `may_retire_before` and are not shown go out of service; None keeps all.
    """
    result = Plan()
    seen: set[str] = set()
    for node in nodes:
        seen.add(node.name)
        try:
            _plan_one(node, fleet, result)
            result.taken.append(node)
        except TargetRefused as refused:
            result.refused.append((shown(node.name), refused.code))
    for name, owned in fleet.owned.items():
        is_here = name in seen or owned.is_retired or owned.is_pulled
        if not is_here and may_retire_before and owned.heard_at < may_retire_before:
            result.changes.append(Change(Kind.RETIRE, name, node_id=owned.node_id))
    return result


def _plan_one(node: Shown, fleet: Fleet, result: Plan) -> None:
    owned = fleet.owned.get(node.name)
    if not node.name or len(node.name) > LONGEST_NAME or not node.name.isprintable():
        raise TargetRefused("bad_name")
    if not node.addresses.isdisjoint(fleet.pulled_addresses) or (owned and owned.is_pulled):
        raise TargetRefused("pulled_here")
    if node.name in fleet.others and (owned is None or owned.is_retired):
        raise TargetRefused(fleet.others[node.name])
    if owned and owned.is_retired and not owned.is_gone:
        raise TargetRefused("retired_by_hand")
    if len(node.engines) != 1:
        raise TargetRefused("several_engines")
    site = _site(node, fleet)
    if owned is None:
        result.changes.append(Change(Kind.ADD, node.name, node))
        return
    different = {"site": site != owned.site, "engine": node.engine != owned.engine}
    fields = tuple(name for name, is_different in different.items() if is_different)
    if owned.is_retired or fields:
        kind = Kind.RESTORE if owned.is_retired else Kind.CHANGE
        result.changes.append(Change(kind, node.name, node, owned.node_id, fields))


def _site(node: Shown, fleet: Fleet) -> str:
    if node.site and not SITE_KEY.fullmatch(node.site):
        raise TargetRefused("bad_site")
    if node.tier and node.tier not in TIERS:
        raise TargetRefused("bad_tier")
    return site_for(node.site, fleet)
