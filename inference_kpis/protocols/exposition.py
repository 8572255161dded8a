"""Reading expositions: Prometheus text 0.0.4 and 1.0.0, and OpenMetrics 1.0.

Only the sample names that are wanted are decoded, which is most of the speed: a line costs a split and a set look-up,
and a series is remembered by its bytes. Whatever a node sends is hostile until it is checked.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from inference_kpis.protocols.escaping import legacy, unescaped
from inference_kpis.protocols.negotiation import Form, form_of

LabelPairs = Mapping[str, str]


class Limits(NamedTuple):
    """What one exposition may hold."""

    samples: int = 50_000
    labels: int = 64
    name_characters: int = 128
    value_characters: int = 1024


DEFAULT_LIMITS = Limits()
# What may stand after a brace at the start of a line: a quoted name. A colon after it would make it JSON.
_QUOTED_NAME = re.compile(rb'\{[ \t]*"(?:[^"\\]|\\.)*"[ \t]*[,}=]')


class MalformedExposition(Exception):
    """The body cannot be read; nothing of it is kept. `code` is stable, `line` counts from 1 (0: the body as a whole)."""

    def __init__(self, code: str, line: int = 0) -> None:
        super().__init__(f"{code} in line {line}" if line else code)
        self.code = code
        self.line = line


class Sample(NamedTuple):
    """One wanted line. `timestamp_ms` is None where the line has none, as is usual."""

    name: str
    labels: LabelPairs
    value: float
    timestamp_ms: int | None = None


def parse(
    body: bytes, wanted: frozenset[bytes], *, content_type: str = "", limits: Limits = DEFAULT_LIMITS
) -> list[Sample]:
    """The wanted samples of a body, in its order. Raises `MalformedExposition`.

    Wanted names are sample names, `_bucket` and `_total` included, and samples come back under them, whichever way the
    body writes them: `gen_ai.server.x` is `gen_ai_server_x`. A malformed line under a wanted name refuses the whole
    body; lines of other names are passed over unread.
    """
    form = form_of(content_type)
    _check_whole(body, is_openmetrics=form.is_openmetrics)
    if form.hides_names:
        aliases = _aliases(body, wanted, form)
        return [_put_back(each, aliases, form) for each in _samples(body, frozenset(aliases), form, limits)]
    return _samples(body, wanted, form, limits)


def _samples(body: bytes, wanted: frozenset[bytes], form: Form, limits: Limits) -> list[Sample]:
    samples: list[Sample] = []
    for number, line in enumerate(body.split(b"\n"), start=1):
        name, opened, _ = line.partition(b"{")
        is_wanted = name in wanted
        if opened and not is_wanted and name.split() == [name]:
            continue
        try:
            sample = _read_usual_line(line, limits) if is_wanted else None
            sample = sample or _read_any_line(line, wanted, is_openmetrics=form.is_openmetrics, limits=limits)
        except (ValueError, OverflowError) as error:
            code = error.args[0] if isinstance(error, _TooLong) else "malformed"
            raise MalformedExposition(code, number) from None
        if sample:
            samples.append(sample)
            if len(samples) > limits.samples:
                raise MalformedExposition("too_many_samples", number)
    return samples


def _aliases(body: bytes, wanted: frozenset[bytes], form: Form) -> dict[bytes, str]:
    """The escaped names of a body that stand for wanted ones, with those."""
    found = {name: legacy(unescaped(name.decode(errors="replace"), form.escaping)) for name in _raw_names(body)}
    return {name: meant for name, meant in found.items() if meant.encode() in wanted}


def _put_back(sample: Sample, aliases: Mapping[bytes, str], form: Form) -> Sample:
    labels = {legacy(unescaped(key, form.escaping)): value for key, value in sample.labels.items()}
    return sample._replace(name=aliases[sample.name.encode()], labels=labels)


def sample_names(body: bytes, *, content_type: str = "") -> set[str]:
    """The legacy names of all samples of a body; nothing else of it is read. Raises `MalformedExposition`."""
    form = form_of(content_type)
    _check_whole(body, is_openmetrics=form.is_openmetrics)
    return {legacy(unescaped(name.decode(errors="replace"), form.escaping)) for name in _raw_names(body)}


def _raw_names(body: bytes) -> set[bytes]:
    """The names as they are written."""
    names: set[bytes] = set()
    for line in body.split(b"\n"):
        quoted = _QUOTED_NAME.match(line)
        words = quoted[0][1:-1].strip().strip(b'"').split(None, 1) if quoted else line.partition(b"{")[0].split(None, 1)
        if words and not words[0].startswith(b"#"):
            names.add(words[0])
    return names


def family_names(body: bytes, *, content_type: str = "") -> set[str]:
    """The legacy names of the families that a body announces; a server shows them before it has anything to count."""
    escaping = form_of(content_type).escaping
    words = (line.split(None, 3) for line in body.split(b"\n") if line.startswith(b"# TYPE"))
    names = (found[2].strip(b'"').decode(errors="replace") for found in words if len(found) == 4)
    return {legacy(unescaped(name, escaping)) for name in names}


def _read_usual_line(line: bytes, limits: Limits) -> Sample | None:
    """The sample of a line `name{labels} value`; None for any other, or a wrong one, which has to be read with care."""
    text, _, value = line.rpartition(b" ")
    series = series_of(text, limits) if text.endswith(b"}") else None
    try:
        return Sample(*series, float(value)) if series else None
    except ValueError:
        return None


@lru_cache(maxsize=20_000)
def series_of(text: bytes, limits: Limits) -> tuple[str, LabelPairs] | None:
    """Name and labels of `name{labels}`, None when it is not quite that; remembered, since pulls repeat it."""
    brace = text.find(b"{")
    try:
        end = _closing_brace(text, brace)
        quoted_name, labels = _labels(text[brace + 1 : end], limits)
        name = text[:brace].decode()
    except ValueError:
        return None
    return None if quoted_name or end != len(text) - 1 else (name, labels)


def _read_any_line(line: bytes, wanted: frozenset[bytes], *, is_openmetrics: bool, limits: Limits) -> Sample | None:
    """The sample of a line, None when there is none in it or not a wanted one."""
    if line[:1] in b"#" or line[:1].isspace():
        line = line.strip()
        if not line or line[:1] == b"#":
            return None
    brace = line.find(b"{")
    name = line[:brace] if brace >= 0 else line.split(None, 1)[0]
    if name not in wanted and brace:
        # Blanks before the braces; or the braces belong to an exemplar.
        words = name.split(None, 1)
        name, brace = words[0], brace if len(words) == 1 else -1
        if name not in wanted:
            return None
    sample = _read_line(line, name.decode(), brace, is_openmetrics=is_openmetrics, limits=limits)
    if sample.name.encode() in wanted:
        return sample
    # A quoted name, and with it its labels, may be one of those that others write with underscores.
    meant = legacy(sample.name)
    if meant.encode() not in wanted:
        return None
    return sample._replace(name=meant, labels={legacy(key): value for key, value in sample.labels.items()})


class _TooLong(ValueError):
    """A name or value beyond the limits."""


def _check_whole(body: bytes, *, is_openmetrics: bool) -> None:
    start = body[:2048].lstrip()
    if not start:
        raise MalformedExposition("no_samples")
    if start[:1] in b"<[" or (start[:1] == b"{" and not _QUOTED_NAME.match(start)):
        raise MalformedExposition("not_an_exposition")
    if is_openmetrics and body.rstrip(b"\n").rsplit(b"\n", 1)[-1] != b"# EOF":
        raise MalformedExposition("malformed")


def _read_line(line: bytes, name: str, brace: int, *, is_openmetrics: bool, limits: Limits) -> Sample:
    labels: LabelPairs = {}
    if brace >= 0:
        end = _closing_brace(line, brace)
        quoted_name, labels = _labels(line[brace + 1 : end], limits)
        name = quoted_name or name
        rest = line[end + 1 :]
    else:
        rest = line[len(name.encode()) :]
    if is_openmetrics:
        rest = rest.partition(b" # ")[0]
    fields = rest.split()
    if not name or not 1 <= len(fields) <= 2:
        raise ValueError("malformed")
    timestamp_ms = None
    if len(fields) == 2:
        timestamp_ms = round(float(fields[1]) * 1000) if is_openmetrics else int(fields[1])
    return Sample(name, labels, _number(fields[0]), timestamp_ms)


def _closing_brace(line: bytes, brace: int) -> int:
    """Where the labels end: the first brace outside quotes."""
    if b'"' not in line:
        end = line.find(b"}", brace)
    else:
        end = line.rfind(b"}")
        # An exemplar has braces of its own, and a label value may hold one.
        if line.count(b"}") > 1:
            end = _scan_to_brace(line, brace)
    if end < 0:
        raise ValueError("malformed")
    return end


def _scan_to_brace(line: bytes, brace: int) -> int:
    in_quotes = False
    at = brace + 1
    while at < len(line):
        byte = line[at]
        if in_quotes and byte == 0x5C:
            at += 1
        elif byte == 0x22:
            in_quotes = not in_quotes
        elif byte == 0x7D and not in_quotes:
            return at
        at += 1
    return -1


def _number(text: bytes) -> float:
    """As Go's ParseFloat reads it: underscores between digits, and hexadecimal."""
    try:
        return float(text)
    except ValueError:
        if b"x" not in text.lower():
            raise
        return float.fromhex(text.replace(b"_", b"").decode())


@lru_cache(maxsize=20_000)
def _labels(text: bytes, limits: Limits) -> tuple[str, LabelPairs]:
    """The quoted metric name, if the braces hold one, and the labels; remembered, since pulls repeat them."""
    pairs: dict[str, str] = {}
    quoted_name = ""
    rest = text.decode().strip()
    while rest:
        if rest[0] == '"':
            key, rest = _quoted(rest)
            if not rest or rest[0] == ",":
                if quoted_name or pairs:
                    raise ValueError("malformed")
                quoted_name, rest = key, rest[1:].lstrip()
                continue
        else:
            key, _, rest = rest.partition("=")
            key, rest = key.strip(), "=" + rest
            if not key.isascii() or not key.replace("_", "a").isalnum() or key[0].isdigit():
                raise ValueError("malformed")
        if not rest.startswith("=") or key in pairs:
            raise ValueError("malformed")
        value, rest = _quoted(rest[1:].lstrip())
        if len(key) > limits.name_characters or len(value) > limits.value_characters:
            raise _TooLong("label_too_long")
        pairs[key] = value
        if len(pairs) > limits.labels:
            raise _TooLong("too_many_labels")
        if rest and rest[0] != ",":
            raise ValueError("malformed")
        rest = rest[1:].lstrip()
    return quoted_name, pairs


_ESCAPES = {"\\": "\\", '"': '"', "n": "\n"}


def _quoted(text: str) -> tuple[str, str]:
    """The string that `text` starts with, unescaped, and what follows it."""
    if text[:1] != '"':
        raise ValueError("malformed")
    end = text.find('"', 1)
    if end > 0 and text.find("\\", 1, end) < 0:
        return text[1:end], text[end + 1 :].lstrip()
    out: list[str] = []
    at = 1
    while at < len(text):
        char = text[at]
        if char == '"':
            return "".join(out), text[at + 1 :].lstrip()
        if char == "\\" and at + 1 < len(text):
            at += 1
            # An unknown escape stands for itself, backslash included.
            char = _ESCAPES.get(text[at], "\\" + text[at])
        out.append(char)
        at += 1
    raise ValueError("malformed")
