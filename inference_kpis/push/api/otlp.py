"""OTLP/HTTP metrics, in protocol buffers or JSON, answered in the same.

A sender tries again after 429, 502, 503 and 504, and after no other status. What is refused for good is named in a
partial success; errors are a `google.rpc.Status`, as the protocol asks.
"""

from datetime import UTC, datetime
from typing import cast

from django.conf import settings
from django.http import HttpResponse, HttpResponseBase, JsonResponse
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsPartialSuccess,
    ExportMetricsServiceResponse,
)
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import MachineKey
from inference_kpis.protocols import otlp
from inference_kpis.protocols.points import Point
from inference_kpis.protocols.wire import Malformed, TooMuch
from inference_kpis.push.api.ingestion import IngestionView, check_quota
from inference_kpis.push.api.negotiation import OneAnswer
from inference_kpis.push.api.parsers import JsonBody, MalformedBody, ProtobufBody, TooLarge, gunzip, parse_json
from inference_kpis.push.api.serializers import OtlpErrorOut, OtlpOut
from inference_kpis.push.batch import MESSAGES
from inference_kpis.push.series import PointReceipt, ingest_points

# The codes of gRPC that a Status carries.
STATUS_CODES = {400: 3, 401: 16, 403: 7, 405: 12, 413: 8, 415: 3, 429: 8, 503: 14}
UNKNOWN = 2


class OtlpMetrics(IngestionView):
    parser_classes = (ProtobufBody, JsonBody)
    content_negotiation_class = OneAnswer

    @extend_schema(
        operation_id="otlp_metrics",
        request={ProtobufBody.media_type: OpenApiTypes.BINARY, JsonBody.media_type: OpenApiTypes.OBJECT},
        responses={200: OtlpOut, **dict.fromkeys((400, 401, 403, 413, 415, 429, 503), OtlpErrorOut)},
        tags=["series"],
    )
    def post(self, request: Request) -> HttpResponse:
        """Store the metrics of an OpenTelemetry SDK or collector.

        An ExportMetricsServiceRequest, plain or gzip. 200 means committed; points that were refused for good are counted
        and named in `partialSuccess`. Sending a request again changes nothing.
        """
        try:
            points = _points_of(request)
        except Malformed:
            raise MalformedBody from None
        except TooMuch:
            raise TooLarge from None
        key, now = cast(MachineKey, request.auth), datetime.now(UTC)
        check_quota(key, len(points), now)
        receipt = ingest_points(points, key=key, now=now)
        number, words = len(receipt.refused), _words(receipt)
        if _is_json(request):
            partial = {"rejectedDataPoints": str(number), "errorMessage": words}
            return JsonResponse({"partialSuccess": partial} if number else {})
        answer = ExportMetricsServiceResponse()
        if number:
            answer.partial_success.CopyFrom(
                ExportMetricsPartialSuccess(rejected_data_points=number, error_message=words)
            )
        return HttpResponse(answer.SerializeToString(), content_type=ProtobufBody.media_type)

    def handle_exception(self, exc: Exception) -> Response:
        """The answer of the API as a Status, under the same HTTP status and headers."""
        return cast(Response, _as_status(super().handle_exception(exc), self.request))


def _points_of(request: Request) -> list[Point]:
    body = request.data if isinstance(request.data, bytes) else b""
    encoding = request.headers.get("Content-Encoding", "identity").lower()
    if encoding == "gzip":
        body = gunzip(body, settings.INGEST_MAX_UNPACKED_BYTES)
    elif encoding != "identity":
        raise exceptions.UnsupportedMediaType(encoding)
    return otlp.decode_json(parse_json(body)) if _is_json(request) else otlp.decode(body)


def _is_json(request: Request) -> bool:
    return (request.content_type or "").partition(";")[0].strip().lower() != ProtobufBody.media_type


def _words(receipt: PointReceipt) -> str:
    return " ".join(
        _("%(code)s (%(number)s): %(sentence)s")
        % {"code": code, "number": number, "sentence": MESSAGES[code] % {"name": ""}}
        for code, number in receipt.codes.items()
    )


def _as_status(response: Response, request: Request) -> HttpResponseBase:
    code = STATUS_CODES.get(response.status_code, UNKNOWN)
    message = f"{response.data['code']}: {response.data['message']}"
    answer: HttpResponse
    if _is_json(request):
        answer = JsonResponse({"code": code, "message": message}, status=response.status_code)
    else:
        answer = HttpResponse(
            otlp.status(code, message), content_type=ProtobufBody.media_type, status=response.status_code
        )
    for name, value in response.headers.items():
        if name.lower() != "content-type":
            answer[name] = value
    return answer
