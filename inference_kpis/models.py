"""Gathers the tables of the subjects, where Django looks for them."""

from inference_kpis.fleet.models import Node, ServedModel, Site, SiteHealth
from inference_kpis.pull.models import PullState, PullTls
from inference_kpis.push.models import KeySite

__all__ = ["KeySite", "Node", "PullState", "PullTls", "ServedModel", "Site", "SiteHealth"]
