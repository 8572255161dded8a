"""Page numbers of long lists."""

from collections.abc import Iterator

from django import template
from django.core.paginator import Page

register = template.Library()


@register.filter
def elided(page: Page) -> Iterator[int | str]:
    """The numbers around this page and at both ends, with an ellipsis where some are left out."""
    return page.paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1)
