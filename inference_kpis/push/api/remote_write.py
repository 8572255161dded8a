"""Prometheus remote write 1.0 and 2.0.

Prometheus sends a batch again after a 5xx and never after another status, 429 included: what is refused for good is
answered with 400 after the rest is committed, and overload with 503.
"""

from datetime import UTC, datetime
from typing import cast

from django.conf import settings
from django.utils.http import parse_header_parameters
from django.utils.translation import ngettext
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import MachineKey
from inference_kpis.protocols import remote_write
from inference_kpis.protocols.points import Buckets, Point
from inference_kpis.protocols.remote_write import Version
from inference_kpis.protocols.wire import Malformed, TooMuch
from inference_kpis.push.api.ingestion import IngestionView
from inference_kpis.push.api.negotiation import OneAnswer
from inference_kpis.push.api.parsers import MalformedBody, ProtobufBody, TooLarge
from inference_kpis.push.api.serializers import ErrorOut
from inference_kpis.push.batch import MESSAGES
from inference_kpis.push.series import PointReceipt, ingest_points

WRITTEN = "X-Prometheus-Remote-Write-{}-Written"


class RemoteWrite(IngestionView):
    parser_classes = (ProtobufBody,)
    content_negotiation_class = OneAnswer

    @extend_schema(
        operation_id="remote_write",
        request={ProtobufBody.media_type: OpenApiTypes.BINARY},
        responses={204: None, **dict.fromkeys((400, 401, 403, 413, 415, 503), ErrorOut)},
        tags=["series"],
    )
    def post(self, request: Request) -> Response:
        """Store the series of a Prometheus.

        Remote write 1.0 or 2.0, by content type, as a snappy block. 204 means that everything is committed; 400 that
        some samples were refused for good, and all others committed. Sending a request again changes nothing.
        """
        version = _version_of(request)
        body = request.data if isinstance(request.data, bytes) else b""
        try:
            message = remote_write.decompress(body, settings.INGEST_MAX_UNPACKED_BYTES)
            points = remote_write.decode(message, version)
        except Malformed:
            raise MalformedBody from None
        except TooMuch:
            raise TooLarge from None
        receipt = ingest_points(points, key=cast(MachineKey, request.auth), now=datetime.now(UTC))
        return Response(
            _refusals(points, receipt) if receipt.refused else None,
            status=400 if receipt.refused else 204,
            headers=_written(points, receipt),
        )


def _version_of(request: Request) -> Version:
    """The message in the body. Raises UnsupportedMediaType, upon which a sender falls back to what every one can."""
    content_type = request.content_type or ""
    _, parameters = parse_header_parameters(content_type)
    try:
        version = Version(parameters.get("proto", Version.ONE))
    except ValueError:
        raise exceptions.UnsupportedMediaType(content_type) from None
    encoding = request.headers.get("Content-Encoding", "snappy").lower()
    if encoding != "snappy":
        raise exceptions.UnsupportedMediaType(encoding)
    return version


def _refusals(points: list[Point], receipt: PointReceipt) -> dict[str, object]:
    """What was refused, in one line: Prometheus writes the first of an answer into its log."""
    number = len(receipt.refused)
    message = ngettext(
        "%(number)s sample of %(all)s was refused; the others are stored. Do not send it again.",
        "%(number)s samples of %(all)s were refused; the others are stored. Do not send them again.",
        number,
    ) % {"number": number, "all": len(points)}
    fields = {code: [f"{amount} × {MESSAGES[code] % {'name': ''}}"] for code, amount in receipt.codes.items()}
    return {"code": "partly_refused", "message": message, "fields": fields}


def _written(points: list[Point], receipt: PointReceipt) -> dict[str, str]:
    """How much was dealt with and need not be sent again; exemplars are not kept."""
    histograms = sum(isinstance(point.value, Buckets) for point in points)
    refused = sum(isinstance(point.value, Buckets) for point, _ in receipt.refused)
    numbers = {
        "Samples": len(points) - histograms - (len(receipt.refused) - refused),
        "Histograms": histograms - refused,
        "Exemplars": 0,
    }
    return {WRITTEN.format(kind): str(number) for kind, number in numbers.items()}
