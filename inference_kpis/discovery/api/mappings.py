"""Mappings of servers that no engine knows: read with any key that reads, written with one that writes the fleet."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, cast
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpResponseBase
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, serializers, status
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import MachineKey
from inference_kpis import access
from inference_kpis.api.questions import Question
from inference_kpis.api.views import IF_NONE_MATCH, ReadView
from inference_kpis.dashboards import mapping_files
from inference_kpis.discovery.api.permissions import MayWriteFleet
from inference_kpis.engines.mapping import Content
from inference_kpis.exceptions import FleetError
from inference_kpis.fleet.models import Node
from inference_kpis.mappings.models import SeriesMapping
from inference_kpis.mappings.reading import content_of
from inference_kpis.mappings.saving import give_mapping, remove_mapping, save_mapping
from inference_kpis.push.api.parsers import BoundedJsonParser
from inference_kpis.push.api.serializers import ErrorOut

READ = {304: None, **dict.fromkeys((400, 401, 403, 404), ErrorOut)}
WRITE = dict.fromkeys((400, 401, 403, 404, 409, 413, 415), ErrorOut)
IN_SERVICE = Q(nodes__node__retired_at=None)


class Refused(exceptions.APIException):
    """What the verbs refuse, with their code and sentence."""

    status_code = status.HTTP_409_CONFLICT

    def __init__(self, error: FleetError) -> None:
        super().__init__(str(error), error.code)


class NotOnSitesOfKey(exceptions.PermissionDenied):
    default_code = "not_on_sites_of_key"
    default_detail = _("Nodes of sites that this key may not write are read with this mapping.")


class MappingIn(serializers.Serializer):
    """What the documentation says of the body: a mapping as its page exports it, and the version that was seen."""

    name = serializers.CharField(max_length=120)
    note = serializers.CharField(max_length=2000, required=False)
    version = serializers.IntegerField(min_value=0, required=False, help_text="The version that is replaced.")
    rows = serializers.ListField(child=serializers.DictField())
    model_labels = serializers.ListField(child=serializers.CharField(), required=False)


class MappingOut(serializers.ModelSerializer):
    nodes = serializers.IntegerField(source="nodes_count", help_text="How many nodes in service are read with it.")

    class Meta:
        model = SeriesMapping
        fields = ("id", "name", "note", "version", "nodes")
        read_only_fields = fields


class MappingListOut(serializers.Serializer):
    mappings = MappingOut(many=True)


class MappingDetailOut(MappingOut):
    rows = serializers.ListField(child=serializers.DictField())
    model_labels = serializers.ListField(child=serializers.CharField())

    class Meta:
        model = SeriesMapping
        fields = (*MappingOut.Meta.fields, "rows", "model_labels")

    def to_representation(self, instance: SeriesMapping) -> dict[str, Any]:
        content = content_of(instance.pk, instance.version) or Content()
        return {**MappingOut(instance).data, **mapping_files.written(instance, content)}


class _MappingView(ReadView):
    parser_classes = (BoundedJsonParser,)

    def get_permissions(self) -> Sequence[Any]:
        return super().get_permissions() if self.request.method in SAFE_METHODS else [MayWriteFleet()]


class MappingList(_MappingView):
    http_method_names = (*ReadView.http_method_names, "post")

    @extend_schema(
        operation_id="mappings_list",
        parameters=[IF_NONE_MATCH],
        responses={200: MappingListOut, **READ},
        tags=["mappings"],
    )
    def get(self, request: Request) -> HttpResponseBase:
        """Every mapping with its version, by name."""
        self.asked(Question)
        return self.answer(MappingListOut({"mappings": _counted()}).data)

    @extend_schema(
        operation_id="mappings_add", request=MappingIn, responses={201: MappingDetailOut, **WRITE}, tags=["mappings"]
    )
    def post(self, request: Request) -> Response:
        """Add a mapping, written as its page exports one."""
        saved = _save(SeriesMapping(), request)
        return Response(MappingDetailOut(_counted().get(pk=saved.pk)).data, status=status.HTTP_201_CREATED)


class MappingDetail(_MappingView):
    http_method_names = (*ReadView.http_method_names, "put", "delete")

    @extend_schema(
        operation_id="mappings_read",
        parameters=[IF_NONE_MATCH],
        responses={200: MappingDetailOut, **READ},
        tags=["mappings"],
    )
    def get(self, request: Request, pk: int) -> HttpResponseBase:
        """One mapping with what it says."""
        self.asked(Question)
        access.get_mapping(pk)
        return self.answer(MappingDetailOut(_counted().get(pk=pk)).data)

    @extend_schema(
        operation_id="mappings_replace",
        request=MappingIn,
        responses={200: MappingDetailOut, **WRITE},
        tags=["mappings"],
    )
    def put(self, request: Request, pk: int) -> Response:
        """Save a new version; `version` is the one that was seen, and another one is refused with 409."""
        mapping = access.get_mapping(pk)
        _check_sites(request, mapping)
        saved = _save(mapping, request)
        return Response(MappingDetailOut(_counted().get(pk=saved.pk)).data)

    @extend_schema(operation_id="mappings_remove", responses={204: None, **WRITE}, tags=["mappings"])
    def delete(self, request: Request, pk: int) -> Response:
        """Remove a mapping that no node is read with."""
        try:
            remove_mapping(access.get_mapping(pk), by=None, via=_via(request))
        except FleetError as error:
            raise Refused(error) from None
        return Response(status=status.HTTP_204_NO_CONTENT)


class MappingNode(_MappingView):
    http_method_names = ("put", "delete", "options")

    @extend_schema(operation_id="mappings_give", request=None, responses={204: None, **WRITE}, tags=["mappings"])
    def put(self, request: Request, pk: int, uuid: UUID) -> Response:
        """Read a node with this mapping from its next reading on."""
        try:
            give_mapping(_node(request, uuid), access.get_mapping(pk), by=None, via=_via(request))
        except FleetError as error:
            raise Refused(error) from None
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(operation_id="mappings_take", responses={204: None, **WRITE}, tags=["mappings"])
    def delete(self, request: Request, pk: int, uuid: UUID) -> Response:
        """Read a node with the usual names again."""
        node = _node(request, uuid)
        if not access.get_mapping(pk).nodes.filter(node=node).exists():
            raise Http404
        give_mapping(node, None, by=None, via=_via(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


def _counted() -> QuerySet[SeriesMapping]:
    return SeriesMapping.objects.annotate(nodes_count=Count("nodes", filter=IN_SERVICE))


def _key(request: Request) -> MachineKey:
    return cast(MachineKey, request.auth)


def _via(request: Request) -> str:
    return f"key: {_key(request)}"


def _node(request: Request, uuid: UUID) -> Node:
    """A node on a site of the key; elsewhere it might as well not exist."""
    node = access.get_node(uuid)
    if not _key(request).sites.filter(site=node.site_id).exists():
        raise Http404
    return node


def _check_sites(request: Request, mapping: SeriesMapping) -> None:
    """A change of a mapping changes every node that is read with it: all of them stand on sites of the key."""
    if mapping.nodes.exclude(node__site__in=_key(request).sites.values("site")).exists():
        raise NotOnSitesOfKey


def _save(mapping: SeriesMapping, request: Request) -> SeriesMapping:
    body = request.data
    seen = body.get("version", 0) if isinstance(body, Mapping) and mapping.pk else 0
    if not isinstance(seen, int) or isinstance(seen, bool):
        raise exceptions.ValidationError({"version": [_("This is a whole number.")]})
    said = {name: value for name, value in body.items() if name != "version"} if isinstance(body, Mapping) else body
    try:
        written = mapping_files.read(said, replaces=mapping if mapping.pk else None)
        mapping.name, mapping.note = written.name, written.note
        with transaction.atomic():
            return save_mapping(
                mapping, written.content, seen_version=seen, by=None, now=datetime.now(UTC), via=_via(request)
            )
    except ValidationError as error:
        raise exceptions.ValidationError({"rows": error.messages}) from None
    except FleetError as error:
        raise Refused(error) from None
    except IntegrityError:
        # Somebody took the name since it was looked for.
        raise exceptions.ValidationError({"name": [_("Another mapping has this name.")]}) from None
