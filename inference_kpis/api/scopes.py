"""What a KPI is asked of: the fleet or a part of it, or one node; measured by the same functions as on the pages."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from django.utils.translation import gettext as _

from inference_kpis import access
from inference_kpis.catalogue import Kpi
from inference_kpis.dashboards.series import SPLITS, Line, group_line, lines, model_label, node_line
from inference_kpis.fleet.models import Node
from inference_kpis.readings.queries import Group, Window, groups, node_model_readings, readings_of

WHOLE = "none"


class Scope(Protocol):
    @property
    def identity(self) -> object:
        """What its figures depend on besides readings."""
        ...

    def measured(self, kpi: Kpi, window: Window, split: str) -> tuple[Line, list[Line]]:
        """The scope as one line, and the lines it is split into; a constant number of queries."""
        ...


@dataclass(frozen=True)
class FleetScope:
    """All groups of nodes, or those of a site, tier, engine or model."""

    groups: Collection[Group]

    @property
    def identity(self) -> object:
        return self.groups

    def measured(self, kpi: Kpi, window: Window, split: str) -> tuple[Line, list[Line]]:
        by = (lambda _: None) if split == WHOLE else SPLITS[split].key
        readings = readings_of(self.groups, window, kpis=[kpi], by=by)
        whole = group_line(kpi, readings, window, _("the whole scope"), "")
        return whole, [whole] if split == WHOLE else lines(kpi, readings, window, SPLITS[split])


@dataclass(frozen=True)
class NodeScope:
    node: Node

    @property
    def identity(self) -> object:
        return self.node.uuid, self.node.name, self.node.engine

    def measured(self, kpi: Kpi, window: Window, split: str) -> tuple[Line, list[Line]]:
        by_model = node_model_readings(self.node.pk, window)
        together = [pair for readings in by_model.values() for pair in readings]
        whole = node_line(kpi, self.node, together, window)
        if split == WHOLE:
            return whole, [whole]
        return whole, [
            node_line(kpi, self.node, readings, window, label=model_label(name), key=name)
            for name, readings in by_model.items()
        ]


def scope_of(asked: Mapping[str, Any]) -> tuple[dict[str, Any], Scope]:
    """What of `asked` narrows the fleet down, and the scope that this makes; one query, none but the node's with a node."""
    named = {name: asked[name] for name in (*SPLITS, "node") if name in asked}
    if "node" in named:
        return named, NodeScope(access.get_node(named["node"]))
    chosen = [group for group in groups().values() if all(SPLITS[name].key(group) == named[name] for name in named)]
    return named, FleetScope(chosen)
