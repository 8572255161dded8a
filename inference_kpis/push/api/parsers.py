"""JSON bodies of machines: bounded, and decoded by a parser that refuses NaN, lone surrogates and deep nesting."""

from collections.abc import Mapping
from typing import IO, Any

import orjson
from django.conf import settings
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions, status
from rest_framework.parsers import BaseParser


class TooLarge(exceptions.APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "too_large"
    default_detail = _("The body is larger than the limit. Send smaller batches.")


class MalformedJson(exceptions.ParseError):
    default_code = "malformed"
    default_detail = _("The body is not valid JSON.")


class BoundedJsonParser(BaseParser):
    media_type = "application/json"

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        body = stream.read(settings.INGEST_MAX_BYTES + 1)
        if len(body) > settings.INGEST_MAX_BYTES:
            raise TooLarge
        try:
            return orjson.loads(body)
        except orjson.JSONDecodeError:
            raise MalformedJson from None
