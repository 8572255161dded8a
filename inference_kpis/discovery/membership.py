"""What a source of nodes does with those that are its own: where they stand, and when they leave and come back."""

from datetime import datetime
from typing import Any, Protocol

from django.db.models import QuerySet

from inference_kpis.fleet.models import Node, Site
from inference_kpis.fleet.registration import restore_node, retire_node, site_named


class Placed(Protocol):
    """What says where a node stands; '' where nothing does."""

    @property
    def site(self) -> str: ...
    @property
    def tier(self) -> str: ...


def site_of(placed: Placed, default: Site | None, *, via: str) -> Site:
    """The site that is named, made when it is new, or the source's own: the plan has checked that there is one."""
    if placed.site:
        return site_named(placed.site, placed.tier, via=via)
    assert default is not None
    return default


def take_out(node: Node, links: QuerySet[Any], now: datetime, *, via: str) -> None:
    """Take a node out of service, and remember that its source did."""
    retire_node(node, by=None, now=now, via=via)
    links.update(is_gone=True)


def bring_back(node: Node, links: QuerySet[Any], name: str, now: datetime, *, via: str) -> None:
    """Bring a node back that its source took out; `node` is read anew."""
    restore_node(node, name=name, by=None, now=now, via=via)
    links.update(is_gone=False)
    node.refresh_from_db()
