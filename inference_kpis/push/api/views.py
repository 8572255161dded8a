"""The ingestion endpoint."""

from datetime import UTC, datetime
from typing import cast

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import MachineKey
from inference_kpis.push.api.ingestion import IngestionView, check_quota
from inference_kpis.push.api.parsers import BoundedJsonParser, NdjsonParser, TooLarge
from inference_kpis.push.api.serializers import ErrorOut, ReadingBatchIn, ReadingBatchOut
from inference_kpis.push.batch import read_batch
from inference_kpis.push.ingestion import ingest_batch

EXAMPLE = {
    "readings": [
        {
            "node": "lyon-03",
            "model": "llama-3.1-8b",
            "start": "2026-11-22T10:00:00Z",
            "end": "2026-11-22T10:00:15Z",
            "increases": {"requests": 120, "failed_requests": 1},
            "levels": {"queue_depth": 3},
            "distributions": {"e2e_latency": {"bounds": [0.1, 0.5], "counts": [80, 39, 1], "sum": 14.2}},
        }
    ]
}


class NotABatch(exceptions.ParseError):
    default_code = "invalid"
    default_detail = _("The body is an object with a list named readings.")


class ReadingBatch(IngestionView):
    parser_classes = (BoundedJsonParser, NdjsonParser)

    @extend_schema(
        operation_id="readings_store",
        request=ReadingBatchIn,
        responses={
            200: ReadingBatchOut,
            **dict.fromkeys((400, 401, 403, 413, 415, 429, 503), ErrorOut),
        },
        examples=[OpenApiExample("One reading", value=EXAMPLE, request_only=True)],
        tags=["readings"],
    )
    def post(self, request: Request) -> Response:
        """Store a batch of readings.

        Success means committed to disk. Odd readings are refused one by one, each with a code, and the others are
        stored; sending the same batch again changes nothing and counts as repeated.
        """
        items = read_batch(request.data)
        if items is None:
            raise NotABatch
        if len(items) > settings.INGEST_MAX_READINGS:
            raise TooLarge
        key, now = cast(MachineKey, request.auth), datetime.now(UTC)
        check_quota(key, len(items), now)
        receipt = ingest_batch(items, key=key, now=now)
        return Response(
            {
                "stored": receipt.stored,
                "repeated": receipt.repeated,
                "refused": [
                    {"index": index, "code": refusal.code, "message": refusal.message}
                    for index, refusal in receipt.refused
                ],
            }
        )
