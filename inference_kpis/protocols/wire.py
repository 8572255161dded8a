"""The wire format of protocol buffers, one level at a time.

Messages from outside are opened level by level, so that what they hold is counted before it is built: two bytes are
enough to make a parser allocate a message, and a body has room for millions of them.
"""

from collections.abc import Iterator

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5


class Malformed(Exception):
    """The bytes are no message of this kind; nothing of them is kept."""


class TooMuch(Exception):
    """The message holds more than the limits allow."""


def fields(message: bytes) -> Iterator[tuple[int, bytes | int]]:
    """Number and value of each field: a whole number for a varint, the bytes for everything else. Raises `Malformed`."""
    at, end = 0, len(message)
    while at < end:
        tag, at = _varint(message, at)
        number, kind = tag >> 3, tag & 7
        if kind == VARINT:
            value, at = _varint(message, at)
            yield number, value
            continue
        if kind == BYTES:
            length, at = _varint(message, at)
        elif kind in (FIXED64, FIXED32):
            length = 8 if kind == FIXED64 else 4
        else:
            raise Malformed(f"wire type {kind}")
        if not number or length > end - at:
            raise Malformed("cut short")
        yield number, message[at : at + length]
        at += length


def parts(message: bytes, number: int) -> Iterator[bytes]:
    """The length-delimited fields of one number, in order. Raises `Malformed`."""
    for found, value in fields(message):
        if found == number and isinstance(value, bytes):
            yield value


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(message) and shift < 70:
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:
            return value, at
        shift += 7
    raise Malformed("cut short")
