"""Bodies of machines: bounded before and after decompression, and decoded by parsers that refuse what is odd."""

import zlib
from collections.abc import Mapping
from typing import IO, Any

import orjson
from django.conf import settings
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions, status
from rest_framework.parsers import BaseParser

GZIP = 31


class TooLarge(exceptions.APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "too_large"
    default_detail = _("The body is larger than the limit. Send smaller batches.")


class MalformedJson(exceptions.ParseError):
    default_code = "malformed"
    default_detail = _("The body is not valid JSON.")


class MalformedBody(exceptions.ParseError):
    default_code = "malformed"
    default_detail = _("The body cannot be read as what its headers say it is.")


class BoundedParser(BaseParser):
    """The body as bytes, no more of it than the limit."""

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        body = stream.read(settings.INGEST_MAX_BYTES + 1)
        if len(body) > settings.INGEST_MAX_BYTES:
            raise TooLarge
        return body


class BoundedJsonParser(BoundedParser):
    media_type = "application/json"

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        return parse_json(super().parse(stream, media_type, parser_context))


class NdjsonParser(BoundedParser):
    """One reading a line: the same batch without the object around it. A line that is no JSON is a reading refused."""

    media_type = "application/x-ndjson"

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        lines = super().parse(stream, media_type, parser_context).split(b"\n")
        return {"readings": [_parse_line(line) for line in lines if line.strip()]}


class ProtobufBody(BoundedParser):
    media_type = "application/x-protobuf"


class JsonBody(BoundedParser):
    media_type = "application/json"


def parse_json(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        raise MalformedJson from None


def _parse_line(line: bytes) -> object:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        return None


def gunzip(body: bytes, most_bytes: int) -> bytes:
    """What a gzip body holds; no more of it is unpacked than the limit."""
    unpacker = zlib.decompressobj(GZIP)
    try:
        unpacked = unpacker.decompress(body, most_bytes + 1)
    except zlib.error:
        raise MalformedBody from None
    if len(unpacked) > most_bytes:
        raise TooLarge
    if not unpacker.eof or unpacker.unused_data:
        raise MalformedBody
    return unpacked
