"""Gathers the tables of the subjects, where Django looks for them."""

from inference_kpis.discovery.models import DiscoveredNode, DiscoverySource
from inference_kpis.fleet.models import Node, ServedModel, Site, SiteHealth
from inference_kpis.pull.models import PullState
from inference_kpis.push.models import KeySite

__all__ = [
    "DiscoveredNode",
    "DiscoverySource",
    "KeySite",
    "Node",
    "PullState",
    "ServedModel",
    "Site",
    "SiteHealth",
]
