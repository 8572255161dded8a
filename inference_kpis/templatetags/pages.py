"""Page numbers of long lists, and addresses of pages that have no model object at hand."""

from collections.abc import Iterator

from django import template
from django.core.paginator import Page

from inference_kpis.fleet import models

register = template.Library()


@register.filter
def elided(page: Page) -> Iterator[int | str]:
    """The numbers around this page and at both ends, with an ellipsis where some are left out."""
    return page.paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1)


@register.filter
def model_url(name: str) -> str:
    """Where the page of this AI model is."""
    return models.model_url(name)
