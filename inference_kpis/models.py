"""Gathers the tables of the subjects, where Django looks for them."""

from inference_kpis.alerts.models import Alert, AlertEvent, AlertRule, AlertWatch, Channel, Notification, Silence
from inference_kpis.dashboards.models import NodeFigures
from inference_kpis.discovery.models import DiscoveredNode, DiscoverySource
from inference_kpis.fleet.models import Node, ServedModel, Site, SiteHealth
from inference_kpis.pull.models import PullState, PullTls
from inference_kpis.push.models import KeySite, PushState

__all__ = [
    "Alert",
    "AlertEvent",
    "AlertRule",
    "AlertWatch",
    "Channel",
    "DiscoveredNode",
    "DiscoverySource",
    "KeySite",
    "Node",
    "NodeFigures",
    "Notification",
    "PullState",
    "PullTls",
    "PushState",
    "ServedModel",
    "Silence",
    "Site",
    "SiteHealth",
]
