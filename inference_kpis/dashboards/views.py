"""The pages of one node, of all KPIs and of one KPI."""

from collections.abc import Iterable
from datetime import UTC, datetime
from uuid import UUID

from django.http import Http404, HttpResponse
from django.utils.text import slugify
from django.views.decorators.http import require_safe

from accounts.access import SignedInRequest, signed_in
from inference_kpis import access
from inference_kpis.alerts.areas import Place
from inference_kpis.catalogue import DEFAULT_KPIS, KPIS, VANTAGE_LABELS, Kpi, Quantile
from inference_kpis.dashboards.charts import kpi_chart
from inference_kpis.dashboards.csv_files import lines_csv
from inference_kpis.dashboards.kpi_choice import ordered_kpis
from inference_kpis.dashboards.live import live, unchanged
from inference_kpis.dashboards.marks import happenings
from inference_kpis.dashboards.pull_health import pull_health
from inference_kpis.dashboards.push_health import pushed_streams
from inference_kpis.dashboards.series import SPLITS, WINDOWS, Line, finding, lines, node_line, trend, window_of
from inference_kpis.dashboards.wording import coverage
from inference_kpis.engines import ENGINES
from inference_kpis.formulas.known import kpis_by_key
from inference_kpis.formulas.models import CustomKpi
from inference_kpis.mappings.models import SeriesMapping
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


@signed_in
@require_safe
def node_detail(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    version = store.version()
    if unchanged(request, version):
        return HttpResponse(status=204)
    node = access.get_node(uuid)
    key, window = window_of(request.GET.get("window", ""), datetime.now(UTC))
    by_model = node_model_readings(node.pk, window)
    everything = [pair for readings in by_model.values() for pair in readings]
    merged = merge_all(reading for _, reading in everything)
    exposed = exposed_by([node.engine], merged.measures)
    models = [
        (name, [(kpi, kpi_quantity(kpi, merge_all(r for _, r in readings), exposed=exposed)) for kpi in DEFAULT_KPIS])
        for name, readings in by_model.items()
        if name
    ]
    happened = happenings(Place(node.site.tier, node.site_id, node.engine or None, None, node.pk), window)
    charts = []
    for kpi in (KPIS[name] for name in CHARTED):
        line = node_line(kpi, node, everything, window)
        if line.quantity.reason is None:
            charts.append((kpi, kpi_chart(kpi, [line], window, marks=happened.on(kpi))))
    return live(
        request,
        "inference_kpis/dashboards/node_detail.html",
        {
            "node": node,
            "mapping": SeriesMapping.objects.filter(nodes__node=node).first(),
            "engine": ENGINES.get(node.engine),
            # A pushed node's samples may come from a server that is asked for them.
            "asked_of": getattr(getattr(node, "queried", None), "source", None) if node.source == "push" else None,
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
    kpis = list(ordered_kpis().values())
    readings = group_readings(window, kpis=kpis, by=lambda _: None)
    rows = [(kpi, kpi_of(kpi, readings), trend(kpi, readings, window)) for kpi in kpis]
    context = {"rows": rows, "window_key": key, "windows": WINDOWS, "window": window, "version": version}
    context["can_write"] = access.can_write_fleet(request.user)
    return live(request, "inference_kpis/dashboards/kpi_list.html", context)


def _kpi_or_404(key: str) -> Kpi:
    kpi = kpis_by_key([key]).get(key)
    if kpi is None:
        raise Http404
    return kpi


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
    split = _split(request)
    siblings = _percentiles_beside(kpi)
    readings = group_readings(window, kpis=[kpi, *siblings], by=SPLITS[split].key)
    split_lines = _lines(kpi, readings, window, split)
    quantity = kpi_of(kpi, readings)
    custom = CustomKpi.objects.behind(key)
    return live(
        request,
        "inference_kpis/dashboards/kpi_detail.html",
        {
            "kpi": kpi,
            "custom": custom,
            "formula_versions": list(custom.versions.select_related("written_by")) if custom else [],
            "can_write": access.can_write_fleet(request.user),
            "quantity": quantity,
            "percentiles": [(sibling, kpi_of(sibling, readings)) for sibling in siblings],
            "lines": split_lines,
            "chart": kpi_chart(kpi, split_lines, window, marks=happenings(Place(), window).on(kpi)),
            "can_annotate": access.can_annotate(request.user),
            "finding": finding(kpi, split_lines),
            "vantage": VANTAGE_LABELS[kpi.vantage],
            "coverage": coverage(quantity, kpi),
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
    if not isinstance(kpi.formula, Quantile):
        return []
    return [KPIS[key] for p in (50, 95, 99) if (key := f"{kpi.formula.measure}_p{p}") in KPIS]


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
    readings = group_readings(window, kpis=[kpi], by=SPLITS[split].key)
    return lines_csv(kpi, split, _lines(kpi, readings, window, split), f"{kpi.key}-{window_key}")


@signed_in
@require_safe
def node_csv(request: SignedInRequest, uuid: UUID, key: str) -> HttpResponse:
    """The figures of one chart of the node page, as `kpi_csv` writes them."""
    node, kpi = access.get_node(uuid), _kpi_or_404(key)
    window_key, window = window_of(request.GET.get("window", ""), datetime.now(UTC))
    readings = [pair for of_model in node_model_readings(node.pk, window).values() for pair in of_model]
    line = node_line(kpi, node, readings, window)
    return lines_csv(kpi, "node", [line], f"{slugify(node.name)}-{kpi.key}-{window_key}")
