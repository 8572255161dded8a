"""The sites: all of them with their headline figures, and one with everything that is known of it."""

from collections import defaultdict
from datetime import UTC, datetime
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpResponse
from django.views.decorators.http import require_safe

from accounts.access import SignedInRequest, signed_in
from inference_kpis import access
from inference_kpis.alerts.areas import Place
from inference_kpis.alerts.models import Alert, Silence
from inference_kpis.alerts.reading import alert_lines, worst_first
from inference_kpis.catalogue import DEFAULT_KPIS, KPIS, Kpi
from inference_kpis.dashboards.breakdown import CHARTED, charts, compared, parts, window_before
from inference_kpis.dashboards.csv_files import lines_csv
from inference_kpis.dashboards.fleet_health import fleet_health
from inference_kpis.dashboards.live import live, unchanged
from inference_kpis.dashboards.marks import happenings
from inference_kpis.dashboards.node_list import NodeList, columns, page_of
from inference_kpis.dashboards.node_rows import RECENT, node_rows
from inference_kpis.dashboards.pull_health import is_left_alone
from inference_kpis.dashboards.series import SPLITS, WINDOWS, group_line, window_of
from inference_kpis.dashboards.site_cells import SiteCells, state_count
from inference_kpis.fleet.models import Site
from inference_kpis.readings import store
from inference_kpis.readings.queries import GroupReading, Window, by_engine, group_readings, kpi_of, span_of
from inference_kpis.readings.statistics import Quantity

SITES_PER_PAGE = 50
NODES_OF_SITE = 25
MOST_ALERTS = 20
HEADLINES = tuple(
    KPIS[key] for key in ("request_rate", "success_ratio", "e2e_latency_p95", "output_token_rate", "queue_depth")
)
PART_KPIS = tuple(
    KPIS[key]
    for key in ("request_rate", "success_ratio", "e2e_latency_p95", "time_to_first_token_p95", "output_token_rate")
)


@signed_in
@require_safe
def site_list(request: SignedInRequest) -> HttpResponse:
    version = store.version()
    if unchanged(request, version):
        return HttpResponse(status=204)
    now = datetime.now(UTC)
    health = fleet_health(now)
    page = Paginator(health.sites, SITES_PER_PAGE).get_page(request.GET.get("page"))
    by_site: dict[int, list[GroupReading]] = defaultdict(list)
    for each in group_readings(Window.ending(now, RECENT), sites={site.site_id for site in page.object_list}):
        by_site[each.group.site_id].append(each)
    context: dict[str, object] = {
        "health": health,
        "page": page,
        "rows": [
            (each, SiteCells(each.site, _occurring(each.counts)), headlines(by_site[each.site_id]))
            for each in page.object_list
        ],
        "columns": HEADLINES,
        "retired": Site.objects.exclude(retired_at=None),
        "version": version,
        "can_write": access.can_write_fleet(request.user),
    }
    return live(request, "inference_kpis/dashboards/site_list.html", context)


def headlines(readings: list[GroupReading]) -> list[tuple[Kpi, Quantity]]:
    """What a list says of a site or a model."""
    merged = by_engine(readings)
    return [(kpi, kpi_of(kpi, merged)) for kpi in HEADLINES]


def _occurring(counts: dict[str, int]) -> dict[str, int]:
    return {state: count for state, count in counts.items() if count}


@signed_in
@require_safe
def site_detail(request: SignedInRequest, key: str) -> HttpResponse:
    version = store.version()
    if unchanged(request, version):
        return HttpResponse(status=204)
    site = access.get_site(key)
    now = datetime.now(UTC)
    window_key, window = window_of(request.GET.get("window", ""), now)
    readings = group_readings(window, sites={site.pk})
    before = group_readings(window_before(window), sites={site.pk})
    span = span_of(readings)
    of_models = [each for each in readings if each.group.model]
    wanted = NodeList.of(request.GET).at(site)
    health = getattr(site, "health", None)
    counts = _occurring(health.counts) if health else {}
    page, nodes = page_of(wanted, request.GET.get("page"), count=sum(counts.values()), per_page=NODES_OF_SITE)
    context: dict[str, object] = {
        "site": site,
        "cells": SiteCells(site, counts),
        "states": [(state, state_count(state, count)) for state, count in counts.items()],
        "health_at": health.counted_at if health and health.up + health.down else None,
        "is_left_alone": bool(site.worker_region) and is_left_alone(site, now),
        "compared": compared(DEFAULT_KPIS, readings, before),
        "charts": charts(CHARTED, readings, window, site.name, happenings(Place(site.tier, site.pk), window)),
        "by_engine": parts(readings, SPLITS["engine"], PART_KPIS, span=span),
        "by_model": parts(of_models, SPLITS["model"], PART_KPIS, span=span),
        "part_kpis": PART_KPIS,
        "page": page,
        "rows": node_rows(nodes, now),
        "columns": columns(wanted),
        "wanted": wanted,
        **_told(site, now),
        "window": window,
        "window_key": window_key,
        "windows": WINDOWS,
        "version": version,
        "can_write": access.can_write_fleet(request.user),
    }
    return live(request, "inference_kpis/dashboards/site_detail.html", context)


def _told(site: Site, now: datetime) -> dict[str, Any]:
    """The alerts that are awake there, what silences them, and the maintenance that is planned; two queries."""
    at_site = Q(site=site) | Q(node__site=site)
    alerts = worst_first(Alert.objects.awake().filter(at_site | Q(rule__site=site)))[:MOST_ALERTS]
    covering = Q(scope=Silence.Scope.FLEET) | Q(scope=Silence.Scope.TIER, tier=site.tier) | at_site
    silences = list(
        Silence.objects.filter(covering, ends_at__gt=now)
        .select_related("site", "node", "rule", "created_by")
        .order_by("starts_at", "pk")
    )
    current = [silence for silence in silences if silence.starts_at <= now]
    return {
        "alerts": alert_lines(alerts, current, now),
        "silences": current,
        "planned": [silence for silence in silences if silence.starts_at > now],
    }


@signed_in
@require_safe
def site_csv(request: SignedInRequest, key: str, kpi_key: str) -> HttpResponse:
    """The figures of one chart of the site page."""
    site, kpi = access.get_site(key), access.get_kpi(kpi_key)
    window_key, window = window_of(request.GET.get("window", ""), datetime.now(UTC))
    line = group_line(kpi, group_readings(window, sites={site.pk}), window, site.name, site.key)
    return lines_csv(kpi, "site", [line], f"{site.key}-{kpi.key}-{window_key}")
