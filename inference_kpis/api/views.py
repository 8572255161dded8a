"""The endpoints that read: KPIs, nodes and sites as JSON, for machines and for people with a session."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, TypeVar
from uuid import UUID

from django.http import Http404, HttpResponse, HttpResponseBase
from django.utils.cache import get_conditional_response, patch_cache_control, patch_vary_headers
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.authentication import SessionAuthentication
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from inference_kpis import access
from inference_kpis.api import examples, openmetrics
from inference_kpis.api.authentication import MayReadKpis
from inference_kpis.api.openmetrics import FleetFigures
from inference_kpis.api.questions import KpiIn, LatestIn, NodesIn, Question, SitesIn
from inference_kpis.api.scopes import WHOLE, scope_of
from inference_kpis.api.serializers import (
    CatalogueOut,
    KpiSeriesOut,
    LatestPageOut,
    NodeDetailOut,
    NodePageOut,
    SitePageOut,
)
from inference_kpis.catalogue import DEFAULT_KPIS, Kpi
from inference_kpis.dashboards.node_rows import RECENT, NodeRow, heard_at, node_rows
from inference_kpis.fleet.models import Node, Site, SiteHealth
from inference_kpis.formulas.known import all_kpis, kpis_by_key
from inference_kpis.push.api.authentication import MachineKeyAuthentication
from inference_kpis.push.api.serializers import ErrorOut
from inference_kpis.readings import store
from inference_kpis.readings.queries import Window, groups, readings_of
from inference_kpis.readings.totals import totals
from inference_kpis.readings.windows import WindowRefused, window_asked

Asked = TypeVar("Asked", bound=Question)
ERRORS = dict.fromkeys((400, 401, 403), ErrorOut)
IF_NONE_MATCH = OpenApiParameter("If-None-Match", str, "header", description="The ETag of an earlier answer.")


class ReadView(APIView):
    """Who may read, what a cache has to know, and parameters that are understood or refused by name."""

    authentication_classes: Sequence[Any] = (MachineKeyAuthentication, SessionAuthentication)
    permission_classes: Sequence[Any] = (MayReadKpis,)
    http_method_names: Sequence[str] = ("get", "head", "options")
    varies_on: tuple[str, ...] = ("Authorization", "Cookie", "Accept-Language")

    def finalize_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().finalize_response(*args, **kwargs)
        patch_vary_headers(response, self.varies_on)
        patch_cache_control(response, private=True, no_cache=True)
        return response

    def asked(self, kind: type[Asked]) -> Asked:
        """The parameters of this request; 400 with the name of each that is not understood."""
        question = kind(data=self.request.query_params)
        question.is_valid(raise_exception=True)
        return question

    def answer(self, data: object) -> HttpResponseBase:
        """This, or 304 to who holds the same."""
        return self.answer_once(lambda: Response(data), data)

    def answer_once(self, respond: Callable[[], HttpResponseBase], *depends_on: object) -> HttpResponseBase:
        """The response, or 304 without making it to who asked the same when it depended on the same."""
        # Weak, because a proxy may compress what the tag stands for.
        parts = (get_language(), self.request.get_full_path(), depends_on)
        tag = f'W/"{sha256(repr(parts).encode()).hexdigest()[:32]}"'
        response = get_conditional_response(self.request, etag=tag) or respond()
        response["ETag"] = tag
        return response

    def address_behind(self, cursor: object) -> str:
        """The address of the same question from behind `cursor` on."""
        parameters = self.request.query_params.copy()
        parameters["cursor"] = str(cursor)
        return f"{self.request.build_absolute_uri(self.request.path)}?{parameters.urlencode()}"


def identity_of(kpis: Iterable[Kpi]) -> list[object]:
    """What the figures of these KPIs depend on besides readings: another formula of a custom one is another answer."""
    return [(kpi.key, kpi.formula, str(kpi.label), str(kpi.description)) for kpi in kpis]


# --- KPIs ------------------------------------------------------------------------------------------------------------


class KpiList(ReadView):
    @extend_schema(
        operation_id="kpis_list",
        parameters=[IF_NONE_MATCH],
        responses={200: CatalogueOut, 304: None, **ERRORS},
        examples=[examples.CATALOGUE],
        tags=["kpis"],
    )
    def get(self, request: Request) -> HttpResponseBase:
        """Every KPI with its unit, direction, vantage point and formula."""
        self.asked(Question)
        return self.answer(CatalogueOut({"kpis": all_kpis().values()}).data)


class KpiDetail(ReadView):
    @extend_schema(
        operation_id="kpis_read",
        parameters=[KpiIn, IF_NONE_MATCH],
        responses={200: KpiSeriesOut, 304: None, 404: ErrorOut, **ERRORS},
        examples=[examples.SERIES],
        tags=["kpis"],
    )
    def get(self, request: Request, key: str) -> HttpResponseBase:
        """A KPI over a window: step by step, and over the whole of it.

        The figures are those of the pages. Without a scope they are the fleet's; `site`, `tier`, `engine` and `model`
        narrow it down together, `node` stands alone.
        """
        kpi = kpis_by_key([key]).get(key)
        if kpi is None:
            raise Http404
        question = self.asked(KpiIn)
        try:
            window = window_asked(question.asked_window(), datetime.now(UTC))
        except WindowRefused as refused:
            raise serializers.ValidationError({refused.field: [str(refused.message)]}) from None
        version = store.version()
        named, scope = scope_of(question.validated_data)
        split = question.validated_data.get("split", WHOLE)

        def respond() -> Response:
            whole, series = scope.measured(kpi, window, split)
            content = {
                "kpi": kpi,
                "start": window.start,
                "end": window.end,
                "step_seconds": int(window.step.total_seconds()),
                "scope": named,
                "split": split,
                "quantity": whole.quantity,
                "series": series,
            }
            return Response(KpiSeriesOut(content).data)

        return self.answer_once(respond, version, window, scope.identity, identity_of([kpi]))


# --- Nodes and sites -------------------------------------------------------------------------------------------------


class NodePages(ReadView):
    """Pages of nodes in the order in which they were registered: a new one is on the last page, and moves no other."""

    def page(self, asked: dict[str, Any]) -> tuple[list[Node], str | None]:
        """The nodes of this page, and the address of the next one; two queries."""
        filters = {name: asked[name] for name in ("site", "state", "engine", "q") if name in asked}
        nodes = Node.objects.in_service().matching(**filters).select_related("site").order_by("pk")
        if "cursor" in asked:
            # The node may be out of service meanwhile; its place is kept.
            last = Node.objects.filter(uuid=asked["cursor"]).values_list("pk", flat=True).first()
            if last is None:
                raise serializers.ValidationError({"cursor": [_("This is no cursor. Follow next, or leave it out.")]})
            nodes = nodes.filter(pk__gt=last)
        found = list(nodes[: asked["limit"] + 1])
        page = found[: asked["limit"]]
        return page, self.address_behind(page[-1].uuid) if len(found) > len(page) else None


class NodeList(NodePages):
    @extend_schema(
        operation_id="nodes_list",
        parameters=[NodesIn, IF_NONE_MATCH],
        responses={200: NodePageOut, 304: None, **ERRORS},
        examples=[examples.NODES],
        tags=["nodes"],
    )
    def get(self, request: Request) -> HttpResponseBase:
        """Nodes in service with their state, page by page; the filters are those of the fleet page."""
        nodes, following = self.page(self.asked(NodesIn).validated_data)
        heard = heard_at([node.pk for node in nodes])
        rows = [NodeRow(node, heard.get(node.pk), ()) for node in nodes]
        return self.answer(NodePageOut({"nodes": rows, "next": following}).data)


class NodeLatest(NodePages):
    @extend_schema(
        operation_id="nodes_latest",
        parameters=[LatestIn, IF_NONE_MATCH],
        responses={200: LatestPageOut, 304: None, **ERRORS},
        examples=[examples.LATEST],
        tags=["nodes"],
    )
    def get(self, request: Request) -> HttpResponseBase:
        """KPIs of up to 1,000 nodes over the last five minutes, as on the fleet page."""
        question = self.asked(LatestIn)
        asked, kpis = question.validated_data, question.kpis
        now = datetime.now(UTC)
        window = Window.ending(now, RECENT)
        version = store.version()
        nodes, following = self.page(asked)

        def respond() -> Response:
            rows = node_rows(nodes, now, kpis)
            content = {"start": window.start, "end": window.end, "nodes": rows, "next": following}
            return Response(LatestPageOut(content).data)

        shown = [(node.uuid, node.name, node.site.key, node.state) for node in nodes]
        return self.answer_once(respond, version, window, shown, following, identity_of(kpis))


class NodeDetail(ReadView):
    @extend_schema(
        operation_id="nodes_read",
        parameters=[IF_NONE_MATCH],
        responses={200: NodeDetailOut, 304: None, 404: ErrorOut, **ERRORS},
        examples=[examples.NODE],
        tags=["nodes"],
    )
    def get(self, request: Request, uuid: UUID) -> HttpResponseBase:
        """One node with all default KPIs over the last five minutes."""
        self.asked(Question)
        now = datetime.now(UTC)
        window = Window.ending(now, RECENT)
        (row,) = node_rows([access.get_node(uuid)], now, DEFAULT_KPIS)
        content = {"node": row, "start": window.start, "end": window.end, "kpis": row.quantities}
        return self.answer(NodeDetailOut(content).data)


class SiteList(ReadView):
    @extend_schema(
        operation_id="sites_list",
        parameters=[SitesIn, IF_NONE_MATCH],
        responses={200: SitePageOut, 304: None, **ERRORS},
        examples=[examples.SITES],
        tags=["nodes"],
    )
    def get(self, request: Request) -> HttpResponseBase:
        """Sites in the order of their keys, with their nodes counted by state."""
        asked = self.asked(SitesIn).validated_data
        sites = (
            Site.objects.in_service().select_related("health").order_by("key").filter(key__gt=asked.get("cursor", ""))
        )
        found = list(sites[: asked["limit"] + 1])
        page = found[: asked["limit"]]
        following = self.address_behind(page[-1].key) if len(found) > len(page) else None
        return self.answer(SitePageOut({"sites": page, "next": following}).data)


# --- For Prometheus --------------------------------------------------------------------------------------------------


class JsonWhateverIsAccepted(DefaultContentNegotiation):
    """For errors only: who asks for metrics accepts no JSON, and gets no other error either."""

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        return renderers[0], renderers[0].media_type


class OpenMetrics(ReadView):
    content_negotiation_class = JsonWhateverIsAccepted
    varies_on = (*ReadView.varies_on, "Accept")

    @extend_schema(
        operation_id="openmetrics",
        parameters=[IF_NONE_MATCH],
        responses={
            (200, openmetrics.OPENMETRICS): str,
            (200, openmetrics.TEXT): str,
            304: None,
            **ERRORS,
        },
        examples=[examples.OPENMETRICS],
        tags=["openmetrics"],
    )
    def get(self, request: Request) -> HttpResponseBase:
        """The fleet for a Prometheus, as OpenMetrics 1.0 or as Prometheus text 0.0.4.

        Counters and histograms by site, tier, engine and model; KPIs over the last five minutes, of the fleet and of each
        site, tier, engine and model; nodes by site and state.
        """
        self.asked(Question)
        window = Window.ending(datetime.now(UTC), RECENT)
        version = store.version()
        known = groups()
        kpis = list(all_kpis().values())
        health = list(SiteHealth.objects.select_related("site").order_by("site__key"))
        media_type = openmetrics.preferred([str(each).partition(";")[0] for each in request.accepted_types])

        def respond() -> HttpResponse:
            figures = FleetFigures(known, totals(), readings_of(known.values(), window), health, kpis)
            body, content_type = openmetrics.written(figures, media_type)
            return HttpResponse(body, content_type=content_type)

        nodes = [
            (each.site.key, each.site.tier, *(getattr(each, state) for state in Node.State.values)) for each in health
        ]
        return self.answer_once(respond, version, window, known, nodes, media_type, identity_of(kpis))
