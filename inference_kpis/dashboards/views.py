"""The pages of one node, of all KPIs and of one KPI."""

from collections.abc import Iterable
from datetime import UTC, datetime
from uuid import UUID

from django.http import Http404, HttpResponse
from django.utils.text import slugify
from django.views.decorators.http import require_safe

from accounts.access import SignedInRequest, signed_in
from inference_kpis import access
from inference_kpis.catalogue import DEFAULT_KPIS, KPIS, VANTAGE_LABELS, Kpi, Quantile
from inference_kpis.dashboards.charts import kpi_chart
from inference_kpis.dashboards.csv_files import lines_csv
from inference_kpis.dashboards.live import live, unchanged
from inference_kpis.dashboards.pull_health import pull_health
from inference_kpis.dashboards.push_health import pushed_streams
from inference_kpis.dashboards.series import SPLITS, WINDOWS, Line, finding, lines, node_line, trend, window_of
from inference_kpis.engines import ENGINES
from inference_kpis.pull.problems import sentence
from inference_kpis.readings import store
from inference_kpis.readings.algebra import merge_all
from inference_kpis.readings.queries import (
    GroupReading,
    Window,
    exposed_by,
    group_readings,
    kpi_of,
    node_model_readings,
)
from inference_kpis.readings.statistics import kpi_quantity

# What the node page draws; the others are in its table.
CHARTED = ("request_rate", "e2e_latency_p95", "mean_latency", "queue_depth")


ORDERED_KPIS = (*DEFAULT_KPIS, *(kpi for kpi in KPIS.values() if not kpi.is_default))


@signed_in
@require_safe
def node_detail(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    version = store.version()
    if unchanged(request, version):
        return HttpResponse(status=204)
    node = access.get_node(uuid)
    key, window = window_of(request.GET.get("window", ""), datetime.now(UTC))
    by_model = node_model_readings(node.pk, window)
    exposed = exposed_by([node.engine])
    everything = [pair for readings in by_model.values() for pair in readings]
    merged = merge_all(reading for _, reading in everything)
    models = [
        (name, [(kpi, kpi_quantity(kpi, merge_all(r for _, r in readings), exposed=exposed)) for kpi in DEFAULT_KPIS])
        for name, readings in by_model.items()
        if name
    ]
    charts = []
    for kpi in (KPIS[name] for name in CHARTED):
        line = node_line(kpi, node, everything, window)
        if line.quantity.reason is None:
            charts.append((kpi, kpi_chart(kpi, [line], window)))
    return live(
        request,
        "inference_kpis/dashboards/node_detail.html",
        {
            "node": node,
            "engine": ENGINES.get(node.engine),
            "pulls": pull_health(node, datetime.now(UTC)),
            "streams": pushed_streams(node),
            "problem": sentence(node.problem) if node.problem else "",
            "quantities": [(kpi, kpi_quantity(kpi, merged, exposed=exposed)) for kpi in DEFAULT_KPIS],
            "models": models if len(models) > 1 else [],
            "model_names": [name for name in by_model if name],
            "heard_at": max((latest.ended_at for latest in store.latest_of([node.pk])), default=None),
            "charts": charts,
            "window": window,
            "window_key": key,
            "windows": WINDOWS,
            "version": version,
            "can_write": access.can_write_fleet(request.user),
        },
    )


@signed_in
@require_safe
def kpi_list(request: SignedInRequest) -> HttpResponse:
    version = store.version()
    if unchanged(request, version):
        return HttpResponse(status=204)
    key, window = window_of(request.GET.get("window", ""), datetime.now(UTC))
    readings = group_readings(window)
    rows = [(kpi, kpi_of(kpi, readings), trend(kpi, readings, window)) for kpi in ORDERED_KPIS]
    context = {"rows": rows, "window_key": key, "windows": WINDOWS, "window": window, "version": version}
    return live(request, "inference_kpis/dashboards/kpi_list.html", context)


def _kpi_or_404(key: str) -> Kpi:
    if key not in KPIS:
        raise Http404
    return KPIS[key]


def _split(request: SignedInRequest) -> str:
    chosen = request.GET.get("split", "")
    return chosen if chosen in SPLITS else "site"


@signed_in
@require_safe
def kpi_detail(request: SignedInRequest, key: str) -> HttpResponse:
    kpi = _kpi_or_404(key)
    version = store.version()
    if unchanged(request, version):
        return HttpResponse(status=204)
    window_key, window = window_of(request.GET.get("window", ""), datetime.now(UTC))
    readings = group_readings(window)
    split = _split(request)
    split_lines = _lines(kpi, readings, window, split)
    siblings = _percentiles_beside(kpi)
    return live(
        request,
        "inference_kpis/dashboards/kpi_detail.html",
        {
            "kpi": kpi,
            "quantity": kpi_of(kpi, readings),
            "percentiles": [(sibling, kpi_of(sibling, readings)) for sibling in siblings],
            "lines": split_lines,
            "chart": kpi_chart(kpi, split_lines, window),
            "finding": finding(kpi, split_lines),
            "vantage": VANTAGE_LABELS[kpi.vantage],
            "split": split,
            "splits": [(name, each.label) for name, each in SPLITS.items()],
            "split_label": SPLITS[split].label,
            "window": window,
            "window_key": window_key,
            "windows": WINDOWS,
            "version": version,
        },
    )


def _percentiles_beside(kpi: Kpi) -> list[Kpi]:
    """Median, p95 and p99 of the distribution that this KPI is a quantile of; none for any other KPI."""
    return [KPIS[f"{kpi.formula.measure}_p{p}"] for p in (50, 95, 99)] if isinstance(kpi.formula, Quantile) else []


def _lines(kpi: Kpi, readings: Iterable[GroupReading], window: Window, split: str) -> list[Line]:
    """The lines that a page shows: those that have something to show."""
    return [line for line in lines(kpi, readings, window, SPLITS[split]) if line.quantity.reason is None]


@signed_in
@require_safe
def kpi_csv(request: SignedInRequest, key: str) -> HttpResponse:
    """The figures of the KPI page: times in UTC, plain numbers in the KPI's unit, empty where nothing was measured."""
    kpi = _kpi_or_404(key)
    window_key, window = window_of(request.GET.get("window", ""), datetime.now(UTC))
    split = _split(request)
    return lines_csv(kpi, split, _lines(kpi, group_readings(window), window, split), f"{kpi.key}-{window_key}")


@signed_in
@require_safe
def node_csv(request: SignedInRequest, uuid: UUID, key: str) -> HttpResponse:
    """The figures of one chart of the node page, as `kpi_csv` writes them."""
    node, kpi = access.get_node(uuid), _kpi_or_404(key)
    window_key, window = window_of(request.GET.get("window", ""), datetime.now(UTC))
    readings = [pair for of_model in node_model_readings(node.pk, window).values() for pair in of_model]
    line = node_line(kpi, node, readings, window)
    return lines_csv(kpi, "node", [line], f"{slugify(node.name)}-{kpi.key}-{window_key}")
