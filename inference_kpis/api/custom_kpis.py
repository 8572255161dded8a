"""KPIs, as the read API gives them, to be defined, changed and retired with a machine key too."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.forms import model_to_dict
from django.http import Http404
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, serializers, status
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import MachineKey
from inference_kpis.api.views import KpiDetail, KpiList
from inference_kpis.catalogue import Direction
from inference_kpis.formulas.forms import CustomKpiForm
from inference_kpis.formulas.models import CustomKpi
from inference_kpis.formulas.writing import retire_custom_kpi, save_custom_kpi
from inference_kpis.push.api.parsers import BoundedJsonParser
from inference_kpis.push.api.serializers import ErrorOut

REFUSALS = dict.fromkeys((400, 401, 403, 404, 413, 415), ErrorOut)
# What is a number elsewhere, and cannot change.
FIXED = ("key", "shown_in", "direction")


class MayWriteKpis(BasePermission):
    message = _("This needs a machine key that may define KPIs.")

    def has_permission(self, request: Request, view: APIView) -> bool:
        key = request.auth
        return isinstance(key, MachineKey) and MachineKey.Scope.WRITE_KPIS in key.scopes


class NoCustomKpi(exceptions.ParseError):
    default_code = "invalid"
    default_detail = _("The body is an object with the fields of a custom KPI.")


class CustomKpiIn(serializers.ModelSerializer):
    """What the documentation says of the body. It is checked by the form that people fill in."""

    direction = serializers.ChoiceField(list(Direction), required=False)

    class Meta:
        model = CustomKpi
        fields = CustomKpiForm.Meta.fields


class CustomKpiOut(serializers.ModelSerializer):
    direction = serializers.ChoiceField(list(Direction))

    class Meta:
        model = CustomKpi
        fields = (*CustomKpiForm.Meta.fields, "unit", "version")
        read_only_fields = fields


class WritableKpiList(KpiList):
    http_method_names = (*KpiList.http_method_names, "post")
    parser_classes = (BoundedJsonParser,)

    def get_permissions(self) -> Sequence[Any]:
        return super().get_permissions() if self.request.method in SAFE_METHODS else [MayWriteKpis()]

    @extend_schema(
        operation_id="kpis_define", request=CustomKpiIn, responses={201: CustomKpiOut, **REFUSALS}, tags=["kpis"]
    )
    def post(self, request: Request) -> Response:
        """Define a KPI by a formula; its unit follows from it."""
        return Response(CustomKpiOut(_write(CustomKpi(), request)).data, status=status.HTTP_201_CREATED)


class WritableKpiDetail(KpiDetail):
    http_method_names = (*KpiDetail.http_method_names, "patch", "delete")
    parser_classes = (BoundedJsonParser,)

    def get_permissions(self) -> Sequence[Any]:
        return super().get_permissions() if self.request.method in SAFE_METHODS else [MayWriteKpis()]

    @extend_schema(
        operation_id="kpis_change",
        request=CustomKpiIn(partial=True),
        responses={200: CustomKpiOut, **REFUSALS},
        tags=["kpis"],
    )
    def patch(self, request: Request, key: str) -> Response:
        """Change formula or texts of a custom KPI; key, unit and direction stay. Another formula changes all past figures."""
        with transaction.atomic():
            return Response(CustomKpiOut(_write(_locked(key), request)).data)

    @extend_schema(operation_id="kpis_retire", responses={204: None, **REFUSALS}, tags=["kpis"])
    def delete(self, request: Request, key: str) -> Response:
        """Retire a custom KPI: it is offered nowhere any more, its key is not given again, what uses it goes on."""
        with transaction.atomic():
            retire_custom_kpi(_locked(key), by=None, now=datetime.now(UTC), via=_via(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


def _via(request: Request) -> str:
    return f"key: {request.auth}"


def _locked(key: str) -> CustomKpi:
    kpi = CustomKpi.objects.in_use().select_for_update().filter(key=key).first()
    if kpi is None:
        raise Http404
    return kpi


def _write(kpi: CustomKpi, request: Request) -> CustomKpi:
    values = request.data
    if not isinstance(values, Mapping):
        raise NoCustomKpi
    known = CustomKpiForm.Meta.fields
    wrong = {str(name): [_("There is no such field.")] for name in values if name not in known}
    wrong |= {name: [_("This is a text.")] for name in known if not isinstance(values.get(name, ""), str)}
    if kpi.pk:
        now = {name: getattr(kpi, name) for name in FIXED}
        wrong |= {name: [_("This cannot be changed.")] for name in FIXED if values.get(name, now[name]) != now[name]}
    if wrong:
        raise exceptions.ValidationError(wrong)
    before = model_to_dict(kpi, known) if kpi.pk else {"direction": kpi.direction}
    form = CustomKpiForm({**before, **values}, instance=kpi)
    if not form.is_valid():
        raise exceptions.ValidationError({name: [str(text) for text in texts] for name, texts in form.errors.items()})
    try:
        return save_custom_kpi(form.save(commit=False), by=None, now=datetime.now(UTC), via=_via(request))
    except IntegrityError:
        # Somebody took the key since the form looked.
        raise exceptions.ValidationError({"key": [_("There is a KPI of this key, in use or retired.")]}) from None
