"""Gathers the tables of the subjects, where Django looks for them."""

from inference_kpis.fleet.models import Node, ServedModel, Site, SiteHealth
from inference_kpis.pull.models import PullState
from inference_kpis.push.models import KeySite, PushState

__all__ = ["KeySite", "Node", "PullState", "PushState", "ServedModel", "Site", "SiteHealth"]
