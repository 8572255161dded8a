"""The fleet as a whole: its nodes as a table, as squares by site, and as a file."""

from datetime import UTC, datetime

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from accounts.access import SignedInRequest, signed_in
from inference_kpis import access
from inference_kpis.dashboards.csv_files import csv_file
from inference_kpis.dashboards.fleet_health import fleet_health
from inference_kpis.dashboards.live import live, unchanged
from inference_kpis.dashboards.node_list import NodeList, columns, page_of
from inference_kpis.dashboards.node_rows import COLUMNS, NodeRow, node_rows
from inference_kpis.dashboards.site_cells import site_cells, state_count
from inference_kpis.engines import ENGINES
from inference_kpis.fleet.models import Node, ServedModel, Tier
from inference_kpis.push.models import WaitingNode
from inference_kpis.readings import store

MOST_MODELS_TO_CHOOSE = 200


@signed_in
@require_safe
def fleet(request: SignedInRequest) -> HttpResponse:
    version = store.version()
    if unchanged(request, version):
        return HttpResponse(status=204)
    now = datetime.now(UTC)
    health = fleet_health(now)
    wanted = NodeList.of(request.GET)
    counts = wanted.counts(health.sites)
    is_grid = request.GET.get("view") == "grid"
    context: dict[str, object] = {
        "health": health,
        "wanted": wanted,
        "counts": counts,
        "states": [(state, state_count(state, count)) for state, count in counts.by_state.items() if count],
        "is_grid": is_grid,
        "engines": ENGINES,
        "tiers": Tier,
        "state_choices": Node.State,
        "models": _models_to_choose(wanted.model),
        "version": version,
        "can_write": access.can_write_fleet(request.user),
    }
    if context["can_write"]:
        context["waiting_count"] = WaitingNode.objects.unregistered().filter(is_ignored=False).count()
    if is_grid:
        context["page"] = site_cells(health.sites, counts, request.GET.get("page"))
    else:
        page, nodes = page_of(wanted, request.GET.get("page"), count=counts.shown)
        rows = in_order(node_rows(nodes, now), wanted.sort)
        context |= {"page": page, "rows": rows, "columns": columns(wanted)}
        context["sorts"] = wanted.sorts()
    return live(request, "inference_kpis/dashboards/fleet.html", context)


def in_order(rows: list[NodeRow], sort: str) -> list[NodeRow]:
    """The rows of a page by the figures it shows: those it was sorted by may be a minute older."""
    position = next((at for at, kpi in enumerate(COLUMNS) if kpi.key == sort.removeprefix("-")), None)
    if position is None:
        return rows
    sign = -1 if sort.startswith("-") else 1
    values = {row.node.pk: row.quantities[position][1].value for row in rows}
    return sorted(rows, key=lambda row: (values[row.node.pk] is None, sign * (values[row.node.pk] or 0.0)))


def _models_to_choose(chosen: str) -> list[str]:
    """Names to choose from, the chosen one among them; one query."""
    names = list(ServedModel.objects.exclude(name="").values_list("name", flat=True)[:MOST_MODELS_TO_CHOOSE])
    return names if not chosen or chosen in names else [chosen, *names]


CSV_HEADING = (
    *("node", "uuid", "site", "tier", "engine", "state", "state_since_utc", "last_reading_utc"),
    *(f"{kpi.key} ({kpi.unit})" for kpi in COLUMNS),
    "kpis_at_utc",
)


@signed_in
@require_safe
def fleet_csv(request: SignedInRequest) -> HttpResponse:
    """All nodes of a list with their figures of the last five minutes, as last worked out; one query."""
    nodes = NodeList.of(request.GET).nodes().select_related("site", "figures")
    return csv_file(CSV_HEADING, map(_csv_row, nodes.iterator(chunk_size=2000)), "nodes")


def _csv_row(node: Node) -> list[object]:
    figures = getattr(node, "figures", None)
    described = [node.name, node.uuid, node.site.name, node.site.tier, node.engine, node.state]
    if figures is None:
        return [*described, node.state_since.isoformat(), *[None] * (len(COLUMNS) + 2)]
    return [
        *(*described, node.state_since.isoformat()),
        figures.heard_at and figures.heard_at.isoformat(),
        *(getattr(figures, kpi.key) for kpi in COLUMNS),
        figures.worked_out_at.isoformat(),
    ]
