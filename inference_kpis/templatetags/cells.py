"""The tag that draws the nodes of a site as squares."""

from django import template
from django.utils.safestring import SafeString

from inference_kpis.dashboards import cells as drawing
from inference_kpis.dashboards.site_cells import SiteCells

register = template.Library()


@register.simple_tag
def cells(of: SiteCells) -> SafeString:
    """The squares; the page has to hold `components/cell_patterns.html`. The drawing escapes every word it is given."""
    return SafeString(drawing.cells(of.counts, label=of.label))
