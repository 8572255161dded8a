"""The models: all that are served, and one compared between the sites and engines that serve it."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.db import connection
from django.http import HttpResponse
from django.urls import reverse
from django.utils.text import slugify
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from accounts.access import SignedInRequest, signed_in
from inference_kpis import access
from inference_kpis.alerts.areas import Place
from inference_kpis.catalogue import DEFAULT_KPIS, KPIS, Kpi
from inference_kpis.dashboards.amounts import amounts
from inference_kpis.dashboards.breakdown import compared, parts, window_before
from inference_kpis.dashboards.charts import LineChart, kpi_chart
from inference_kpis.dashboards.csv_files import lines_csv
from inference_kpis.dashboards.live import live, unchanged
from inference_kpis.dashboards.marks import happenings
from inference_kpis.dashboards.node_list import NodeList, columns
from inference_kpis.dashboards.node_rows import RECENT, node_rows
from inference_kpis.dashboards.series import SPLITS, WINDOWS, Split, engine_label, finding, lines, window_of
from inference_kpis.dashboards.shared_costs import with_shares
from inference_kpis.dashboards.site_views import HEADLINES, headlines
from inference_kpis.fleet.models import ServedModel
from inference_kpis.readings import store
from inference_kpis.readings.queries import GroupReading, Window, groups, readings_of, span_of

MODELS_PER_PAGE = 25
MOST_NODES = 10
PARTS_PER_PAGE = 25
# More lines than these cannot be told apart; the table beside them has all.
MOST_LINES = 6
HEADINGS = {"site": gettext_lazy("Site"), "engine": gettext_lazy("Engine")}
MODEL_SPLITS = {name: SPLITS[name] for name in ("site", "engine")}
# Availability belongs to nodes, not to one of their models.
TILES = tuple(kpi for kpi in DEFAULT_KPIS if kpi.key != "availability")
DRAWN = tuple(KPIS[key] for key in ("e2e_latency_p95", "time_to_first_token_p95", "request_rate"))
PART_KPIS = tuple(
    KPIS[key]
    for key in (
        *("request_rate", "e2e_latency_p95", "time_to_first_token_p95", "output_token_rate"),
        *("cost_per_1m_tokens", "energy_per_1k_tokens"),
    )
)


@signed_in
@require_safe
def model_list(request: SignedInRequest) -> HttpResponse:
    version = store.version()
    if unchanged(request, version):
        return HttpResponse(status=204)
    page = Paginator(ServedModel.objects.exclude(name=""), MODELS_PER_PAGE).get_page(request.GET.get("page"))
    shown = list(page.object_list)
    names = {model.name for model in shown}
    of_page = [group for group in groups().values() if group.model in names]
    by_model: dict[str, list[GroupReading]] = defaultdict(list)
    for each in readings_of(of_page, Window.ending(datetime.now(UTC), RECENT)):
        by_model[each.group.model].append(each)
    nodes = _nodes_serving({model.pk for model in shown})
    context: dict[str, object] = {
        "page": page,
        "rows": [
            (
                model,
                nodes.get(model.pk, 0),
                sorted({engine_label(group.engine) for group in of_page if group.model == model.name}),
                headlines(by_model[model.name]),
            )
            for model in shown
        ],
        "columns": HEADLINES,
        "version": version,
    }
    return live(request, "inference_kpis/dashboards/model_list.html", context)


def _nodes_serving(model_ids: Collection[int]) -> dict[int, int]:
    """How many nodes in service serve each of these models; one query."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT l.model_id, count(*) FROM inference_kpis_latest l JOIN inference_kpis_node n ON n.id = l.node_id"
            " WHERE l.model_id = ANY(%s) AND n.retired_at IS NULL GROUP BY l.model_id",
            [list(model_ids)],
        )
        return dict(cursor.fetchall())


@signed_in
@require_safe
def model_detail(request: SignedInRequest) -> HttpResponse:
    version = store.version()
    if unchanged(request, version):
        return HttpResponse(status=204)
    model = access.get_served_model(request.GET.get("name", ""))
    now = datetime.now(UTC)
    window_key, window = window_of(request.GET.get("window", ""), now)
    split_key, split = _split(request)
    readings = _readings(model.name, window)
    own = [each for each in readings if each.group.model == model.name]
    shared = _of_model(model.name, readings)
    everything = sorted(parts(shared, split, PART_KPIS, span=span_of(shared)), key=lambda part: -(part.share or 0))
    page = Paginator(everything, PARTS_PER_PAGE).get_page(request.GET.get("page"))
    drawn = {part.key for part in everything[:MOST_LINES]}
    wanted = NodeList(model=model.name)
    nodes = list(wanted.nodes().select_related("site")[:MOST_NODES])
    context: dict[str, object] = {
        "model": model,
        "nodes_count": _nodes_serving({model.pk}).get(model.pk, 0),
        "compared": compared(TILES, shared, _of_model(model.name, _readings(model.name, window_before(window)))),
        "amounts": amounts(shared),
        "charts": _charts(model.name, own, window_key, window, split_key, drawn),
        "is_cut": len(everything) > MOST_LINES,
        "most_lines": MOST_LINES,
        "page": page,
        "parts": page.object_list,
        "part_kpis": PART_KPIS,
        "rows": node_rows(nodes, now),
        "columns": columns(wanted, can_sort=False),
        "nodes_url": f"{reverse('kpis:fleet')}?{urlencode({'model': model.name})}",
        "split": split_key,
        "split_heading": HEADINGS[split_key],
        "splits": [(key, each.label) for key, each in MODEL_SPLITS.items()],
        "window": window,
        "window_key": window_key,
        "windows": WINDOWS,
        "version": version,
    }
    return live(request, "inference_kpis/dashboards/model_detail.html", context)


@signed_in
@require_safe
def model_csv(request: SignedInRequest, key: str) -> HttpResponse:
    """The figures of one chart of the model page, all sites or engines."""
    model, kpi = access.get_served_model(request.GET.get("name", "")), access.get_kpi(key)
    window_key, window = window_of(request.GET.get("window", ""), datetime.now(UTC))
    split_key, split = _split(request)
    own = readings_of([group for group in groups().values() if group.model == model.name], window)
    name = f"{slugify(model.name) or 'model'}-{kpi.key}-{window_key}"
    return lines_csv(kpi, split_key, lines(kpi, own, window, split), name)


def _split(request: SignedInRequest) -> tuple[str, Split]:
    chosen = request.GET.get("split", "")
    key = chosen if chosen in MODEL_SPLITS else "site"
    return key, MODEL_SPLITS[key]


def _readings(name: str, window: Window) -> list[GroupReading]:
    """The readings of the sites and engines that serve a model, of all their models and of the nodes themselves."""
    every = groups().values()
    places = {(group.site_id, group.engine) for group in every if group.model == name}
    return readings_of([group for group in every if (group.site_id, group.engine) in places], window)


def _of_model(name: str, readings: list[GroupReading]) -> list[GroupReading]:
    """One reading a site and engine of this model, with its share of cost and energy."""
    return [each for each in with_shares(readings) if each.group.model == name]


@dataclass(frozen=True)
class ModelChart:
    """A chart of the page, with the sentence that says what it shows and where its figures are as a file."""

    kpi: Kpi
    finding: str
    chart: LineChart
    csv_url: str


def _charts(
    name: str, own: list[GroupReading], window_key: str, window: Window, split_key: str, drawn: Collection[str]
) -> list[ModelChart]:
    """A chart of each KPI that has a value at one of the parts drawn."""
    split = MODEL_SPLITS[split_key]
    happened = happenings(Place(model=name), window)
    shown = [each for each in own if split.key(each.group) in drawn]
    query = urlencode({"name": name, "window": window_key, "split": split_key})
    found: list[ModelChart] = []
    for kpi in DRAWN:
        of_kpi = [line for line in lines(kpi, shown, window, split) if line.quantity.reason is None]
        if of_kpi:
            csv_url = f"{reverse('kpis:model_csv', args=[kpi.key])}?{query}"
            chart = kpi_chart(kpi, of_kpi, window, marks=happened.on(kpi))
            found.append(ModelChart(kpi, finding(kpi, of_kpi), chart, csv_url))
    return found
