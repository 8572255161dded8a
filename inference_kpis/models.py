"""Gathers the tables of the subjects, where Django looks for them."""

from inference_kpis.alerts.models import Alert, AlertEvent, AlertRule, AlertWatch, Channel, Notification, Silence
from inference_kpis.annotations.models import Annotation
from inference_kpis.dashboards.models import NodeFigures, SavedView, ScreenLink
from inference_kpis.discovery.models import DiscoveredNode, DiscoverySource
from inference_kpis.fleet.models import EgressBaseline, Node, ServedModel, Site, SiteHealth
from inference_kpis.formulas.models import CustomKpi, CustomKpiVersion
from inference_kpis.mappings.models import NodeMapping, SeriesMapping, SeriesMappingVersion
from inference_kpis.probes.models import Probe, ProbeBaseline
from inference_kpis.pull.models import PullState, PullTls
from inference_kpis.push.models import KeySite, PushState
from inference_kpis.query_sources.models import QueriedNode, QuerySource

__all__ = [
    "Alert",
    "AlertEvent",
    "AlertRule",
    "AlertWatch",
    "Annotation",
    "Channel",
    "CustomKpi",
    "CustomKpiVersion",
    "DiscoveredNode",
    "DiscoverySource",
    "EgressBaseline",
    "KeySite",
    "Node",
    "NodeFigures",
    "NodeMapping",
    "Notification",
    "Probe",
    "ProbeBaseline",
    "PullState",
    "PullTls",
    "PushState",
    "QueriedNode",
    "QuerySource",
    "SavedView",
    "ScreenLink",
    "SeriesMapping",
    "SeriesMappingVersion",
    "ServedModel",
    "Silence",
    "Site",
    "SiteHealth",
]
