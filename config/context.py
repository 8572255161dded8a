"""What every page knows."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from inference_kpis.fleet.models import Site
from readiness.teamwork.waiting import kept_count


def company(request: HttpRequest) -> dict[str, object]:
    """The company's name, and whether demo data is on show (one query, asked only where a template shows it)."""
    return {"company_name": settings.COMPANY_NAME, "has_demo_data": Site.objects.filter(is_demo=True).exists}


@dataclass(frozen=True)
class Entry:
    """One entry of the navigation; it is current on every page whose URL name starts with one of `pages`."""

    label: str | Promise
    url_name: str
    pages: tuple[str, ...]


ENTRIES = (
    Entry(_("Overview"), "readiness:overview", ("readiness:overview", "readiness:rule_")),
    Entry(
        _("My work"),
        "readiness:my_work",
        ("readiness:my_work", "readiness:work_", "readiness:outbox", "readiness:assignment_"),
    ),
    Entry(
        _("Assessments"),
        "readiness:assessment_list",
        (
            "readiness:assessment_",
            "readiness:answer_",
            "readiness:evidence_",
            "readiness:remark_",
            "readiness:comment_",
            "readiness:binding_",
            "readiness:blind_",
            "readiness:contradiction_",
            "readiness:trend_",
            "readiness:comparison",
        ),
    ),
    Entry(_("Plan"), "readiness:action_board", ("readiness:action_", "readiness:calendar_link")),
    Entry(_("Success metrics"), "readiness:success_metric_list", ("readiness:success_metric_",)),
    Entry(
        _("KPIs"), "kpis:kpi_list", ("kpis:kpi_", "kpis:custom_kpi_", "kpis:annotation_", "kpis:wall_", "kpis:screen_")
    ),
    Entry(
        _("Fleet"),
        "kpis:fleet",
        (
            *("kpis:fleet", "kpis:node_", "kpis:site_", "kpis:discovery_", "kpis:mapping_", "kpis:query_source_"),
            *("kpis:probe_", "kpis:egress_", "kpis:model_"),
        ),
    ),
    Entry(_("Alerts"), "kpis:alert_list", ("kpis:alert_", "kpis:silence_", "kpis:maintenance_", "kpis:channel_")),
)


def navigation(request: HttpRequest) -> dict[str, object]:
    """(label, URL, whether the page belongs to it) of each entry this person may use; empty before sign-in."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"navigation": []}
    here = request.resolver_match.view_name if request.resolver_match else ""
    return {"navigation": [(entry.label, reverse(entry.url_name), here.startswith(entry.pages)) for entry in ENTRIES]}


def waiting_work(request: HttpRequest) -> dict[str, Callable[[], dict[str, object]]]:
    """How much waits for this person, beside the entry of that URL."""

    @cache
    def counted() -> dict[str, object]:
        if not isinstance(request.user, User):
            return {}
        count, is_fresh = kept_count(request.session, datetime.now(UTC))
        return {"url": reverse("readiness:my_work"), "count": count, "is_stale": not is_fresh}

    return {"waiting_work": counted}
