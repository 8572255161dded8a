"""Nodes, as the read API gives them, to be registered and changed with a machine key too."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, cast
from uuid import UUID

from django.db import IntegrityError, transaction
from django.http import Http404
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, status
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import MachineKey
from inference_kpis.api.views import NodeDetail, NodeList
from inference_kpis.discovery.api.permissions import MayWriteFleet
from inference_kpis.discovery.api.serializers import NodeIn, NodeWrittenOut
from inference_kpis.discovery.node_values import node_form, write_node
from inference_kpis.discovery.targets import place
from inference_kpis.fleet.models import Node
from inference_kpis.fleet.registration import retire_node
from inference_kpis.push.api.parsers import BoundedJsonParser
from inference_kpis.push.api.serializers import ErrorOut

REFUSALS = dict.fromkeys((400, 401, 403, 404, 413, 415), ErrorOut)


class NotAnObject(exceptions.ParseError):
    default_code = "invalid"
    default_detail = _("The body is an object with the fields of a node.")


class WritableNodeList(NodeList):
    http_method_names = (*NodeList.http_method_names, "post")
    parser_classes = (BoundedJsonParser,)

    def get_permissions(self) -> Sequence[Any]:
        return super().get_permissions() if self.request.method in SAFE_METHODS else [MayWriteFleet()]

    @extend_schema(
        operation_id="nodes_register", request=NodeIn, responses={201: NodeWrittenOut, **REFUSALS}, tags=["nodes"]
    )
    def post(self, request: Request) -> Response:
        """Register a node on a site that the key may write for."""
        node = _write(Node(), request)
        return Response(NodeWrittenOut(node).data, status=status.HTTP_201_CREATED)


class WritableNodeDetail(NodeDetail):
    http_method_names = (*NodeDetail.http_method_names, "patch", "delete")
    parser_classes = (BoundedJsonParser,)

    def get_permissions(self) -> Sequence[Any]:
        return super().get_permissions() if self.request.method in SAFE_METHODS else [MayWriteFleet()]

    @extend_schema(
        operation_id="nodes_change",
        request=NodeIn(partial=True),
        responses={200: NodeWrittenOut, **REFUSALS},
        tags=["nodes"],
    )
    def patch(self, request: Request, uuid: UUID) -> Response:
        """Change what the body names; everything else stays, credentials included."""
        with transaction.atomic():
            return Response(NodeWrittenOut(_write(_locked(request, uuid), request)).data)

    @extend_schema(operation_id="nodes_retire", responses={204: None, **REFUSALS}, tags=["nodes"])
    def delete(self, request: Request, uuid: UUID) -> Response:
        """Take a node out of service. Its readings stay, and its name becomes free."""
        with transaction.atomic():
            retire_node(_locked(request, uuid), by=None, now=datetime.now(UTC), via=_via(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


def _key(request: Request) -> MachineKey:
    return cast(MachineKey, request.auth)


def _via(request: Request) -> str:
    return f"key: {_key(request)}"


def _locked(request: Request, uuid: UUID) -> Node:
    """The node in service of this UUID on a site of the key; elsewhere it might as well not exist."""
    nodes = Node.objects.in_service().filter(site__in=_key(request).sites.values("site"))
    node = nodes.select_for_update(of=("self",)).select_related("site").filter(uuid=uuid).first()
    if node is None:
        raise Http404
    return node


def _server(url: object) -> tuple[object, ...]:
    """Scheme, host and port; empty for what cannot be pulled."""
    return (place(str(url)) or ())[:3]


def _write(node: Node, request: Request) -> Node:
    values = request.data
    if not isinstance(values, Mapping):
        raise NotAnObject
    known = NodeIn().fields.keys()
    unknown = {str(name): [_("There is no such field.")] for name in values if name not in known}
    odd = {
        name: [_("This is a text, a number or null.")]
        for name, value in values.items()
        if name in known and (isinstance(value, bool) or not isinstance(value, str | int | float | None))
    }
    if unknown or odd:
        raise exceptions.ValidationError({**unknown, **odd})
    server = _server(node.url)
    sites = dict(_key(request).sites.values_list("site__key", "site_id"))
    form = node_form(node, values, sites)
    if node.has_credential and not values.get("credential") and _server(form["url"].value()) != server:
        form.add_error("credential", _("Another server gets no credentials that were entered for this one: send them."))
    if not form.is_valid():
        raise exceptions.ValidationError({name: [str(text) for text in texts] for name, texts in form.errors.items()})
    try:
        with transaction.atomic():
            return write_node(form, by=None, now=datetime.now(UTC), via=_via(request))
    except IntegrityError:
        # Somebody took the name since the form looked.
        raise exceptions.ValidationError({"name": [_("Another node has this name.")]}) from None
