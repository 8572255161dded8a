"""What every page knows."""

from django.conf import settings
from django.http import HttpRequest

from inference_kpis.fleet.models import Site


def company(request: HttpRequest) -> dict[str, object]:
    """The company's name, and whether demo data is on show (one query, asked only where a template shows it)."""
    return {"company_name": settings.COMPANY_NAME, "has_demo_data": Site.objects.filter(is_demo=True).exists}
