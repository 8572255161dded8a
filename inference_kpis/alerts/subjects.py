"""What a rule watches: its scope as a whole, or every site or node of it, one by one."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from inference_kpis.alerts.areas import Area, AreaKind, Place

PAUSED = "paused"


@dataclass(frozen=True)
class WatchedNode:
    """A node in service as an evaluation sees it."""

    id: int
    name: str
    site_id: int
    tier: str
    engine: str
    state: str
    state_since: datetime

    @cached_property
    def place(self) -> Place:
        return Place(self.tier, self.site_id, self.engine, None, self.id)


@dataclass(frozen=True, slots=True)
class Subject:
    """One thing that an alert is about; the key is unique within a rule."""

    key: str = ""
    site_id: int | None = None
    node_id: int | None = None


def nodes_in(area: Area, nodes: Iterable[WatchedNode]) -> list[WatchedNode]:
    """The nodes of the area that somebody looks after: a paused one is none of them. A model has no nodes here."""
    return [node for node in nodes if node.state != PAUSED and area.holds(node.place)]


def subjects_of(
    area: Area, per: str, nodes: Sequence[WatchedNode], sites_with_model: Collection[int] = ()
) -> list[Subject]:
    """What is watched, in the order of sites and nodes; nothing where the area has no node.

    A node does not know its models, readings do: `sites_with_model` are the sites at which an area of one model was seen.
    """
    if area.kind is AreaKind.MODEL:
        site_ids = {node.site_id for node in nodes if node.state != PAUSED} & set(sites_with_model)
    else:
        nodes = nodes_in(area, nodes)
        site_ids = {node.site_id for node in nodes}
    match per:
        case "node":
            return [Subject(f"node:{node.id}", node.site_id, node.id) for node in nodes]
        case "site":
            return [Subject(f"site:{site_id}", site_id) for site_id in sorted(site_ids)]
    own_site = area.value if area.kind is AreaKind.SITE else None
    return [Subject("", int(own_site) if own_site else None)] if site_ids else []
