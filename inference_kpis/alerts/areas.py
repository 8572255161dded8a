"""Which part of the fleet a rule or a silence is about."""

from dataclasses import dataclass
from enum import StrEnum


class AreaKind(StrEnum):
    FLEET = "fleet"
    TIER = "tier"
    SITE = "site"
    ENGINE = "engine"
    MODEL = "model"
    NODE = "node"


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is: a node, a group of nodes, or a whole area. None where it may be any."""

    tier: str | None = None
    site_id: int | None = None
    engine: str | None = None
    model: str | None = None
    node_id: int | None = None


@dataclass(frozen=True, slots=True)
class Area:
    """A part of the fleet: all of it, or what has one value of one property."""

    kind: AreaKind
    value: str | int | None = None

    def holds(self, place: Place) -> bool:
        """Whether all of the place lies in the area."""
        match self.kind:
            case AreaKind.FLEET:
                return True
            case AreaKind.TIER:
                return place.tier == self.value
            case AreaKind.SITE:
                return place.site_id == self.value
            case AreaKind.ENGINE:
                return place.engine == self.value
            case AreaKind.MODEL:
                return place.model == self.value
            case AreaKind.NODE:
                return place.node_id == self.value
